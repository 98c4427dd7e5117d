"""What is measured of functions under XLA, on small tensors."""

import csv

import keras
import pytest
import tensorflow as tf

import actfn
from actfn.layers.kernels import activate
from experiments.benchmark import __main__ as benchmark
from experiments.benchmark import xla
from experiments.benchmark.parts import xla_tables
from experiments.benchmark.parts.compiled import (
    compiled,
    peak_bytes,
    tensors_kept,
)

TEXT = """HloModule a

%inner (p: f32[4]) -> f32[4] {
  ROOT %p = f32[400]{0} parameter(0)
}

ENTRY %main (x: f32[4]) -> (f32[4]) {
  %x = f32[4]{0} parameter(0)
  %first = f32[4]{0} sine(%x)
  %second = bf16[4,2]{1,0} fusion(%first, %x), kind=kLoop, calls=%inner
  %both = (f32[4]{0}, f32[4]{0}) fusion(%second), kind=kLoop, calls=%inner
  %one = f32[4]{0} get-tuple-element(%both), index=0
  %third = f32[4]{0} cosine(%one)
  ROOT %all = (f32[4]{0}) tuple(%third)
}
"""


def function(text):
    expression = actfn.parse(text)
    return lambda x: activate(expression, x, {})


def test_the_most_that_is_alive_at_once():
    # first and second; second and both; both and third, each 16 bytes.
    assert peak_bytes(TEXT) == 16 + 32
    assert peak_bytes(TEXT.replace("cosine(%one)", "add(%one, %first)")) == 64


def test_the_passes_of_a_function():
    x, upstream = tf.constant([[0.3, -2.0]]), tf.constant([[1.0, 2.0]])
    swish = function("x ** 3")
    for part, expected in {
        "forward": [x**3],
        "backward": [3 * x**2 * upstream],
        "both": [x**3, 3 * x**2 * upstream],
    }.items():
        found = compiled(swish, part)(x, upstream)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            tf.debugging.assert_near(one, other)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    "text",
    ["x * sigmoid(x)", "atan(x) ** 2 - x", "x * tanh(softplus(x))", "erf(x)"],
)
def test_one_tensor_of_16_bits_is_kept_under_xla(text, dtype):
    assert tensors_kept(function(text), keras.ops.relu, dtype, 16) <= 0.1


def test_a_plain_function_keeps_float32_beside_it():
    def plain(x):
        wide = tf.cast(x, "float32")
        return tf.cast(wide * tf.sigmoid(wide), x.dtype)

    assert tensors_kept(plain, keras.ops.relu, "bfloat16", 16) >= 0.9


def test_gradients_of_16_bits_are_the_same_under_xla():
    x = tf.cast(tf.random.normal((5, 3)), "bfloat16")
    for text in ("min(x, sin(x))", "x * sigmoid(x)"):
        for part in ("backward", "both"):
            found = compiled(function(text), part)(x, tf.ones_like(x))[-1]
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(text)(x)
            tf.debugging.assert_near(
                tf.cast(found, "float32"),
                tf.cast(tape.gradient(y, x), "float32"),
                1e-2,
            )


def test_an_empty_batch_of_16_bits():
    swish = function("x * sigmoid(x)")

    @tf.function(jit_compile=True, autograph=False)
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = swish(x)
        return tape.gradient(y, x)

    assert gradient(tf.zeros((0, 3), "bfloat16")).shape == (0, 3)


def test_all_operators_of_one_input_are_measured():
    texts = xla.functions()
    assert {"sin(x)", "erf(x)", "log_abs(x)"} <= {*texts}
    assert not {"add(x)", "where(x)"} & {*texts}


def test_the_command_writes_a_row_each(tmp_path, capsys):
    benchmark.main(
        ["xla", "--functions", "sin(x)", "x ** 2", "--shape", "8", "8",
         "--rounds", "2", "--directory", str(tmp_path)]
    )  # fmt: skip
    with (tmp_path / "xla_tensorflow.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["function"] for row in rows] == ["sin(x)", "x ** 2"]
    assert all(float(row["both"]) > 0 for row in rows)
    text = xla_tables.ratios(rows)
    assert f"| `sin(x)` | {float(rows[0]['forward']):.2f} |" in text
    assert "sin(x)" in capsys.readouterr().out


def test_what_is_above_the_bound_is_named():
    row = {
        "function": "sin(x)", "forward": "1", "backward": "2.5", "both": "2",
        "kept_float32": "0", "kept_bfloat16": "0", "kept_float16": "0",
        "shape": "8x8", "rounds": "3", "machine": "an abacus",
    }  # fmt: skip
    text = xla_tables.ratios([row])
    assert "More than 2 times: `sin(x)` (backward 2.50)." in text
    assert "times: none" in xla_tables.ratios([{**row, "backward": "2"}])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--functions", "tan("], "--functions"),
        (["--rounds", "0"], "--rounds"),
        (["--shape", "0", "4"], "--shape"),
    ],
)
def test_bad_options(arguments, word, tmp_path, capsys):
    with pytest.raises(SystemExit):
        xla.main([*arguments, "--directory", str(tmp_path)])
    assert word in capsys.readouterr().err
