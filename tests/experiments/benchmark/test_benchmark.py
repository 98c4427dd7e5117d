"""The benchmark of activations, on small tensors."""

import csv

import pytest
import tensorflow as tf

import actfn
from experiments.benchmark import __main__ as benchmark
from experiments.benchmark import activations
from experiments.benchmark.parts.kept_tensors import bytes_kept
from experiments.benchmark.parts.rivals import (
    PLAIN,
    PLAIN_GATES,
    contestants,
    first_values,
)

SHAPE = (4, 6, 8)
ONE_TENSOR = 4 * 4 * 6 * 8
PARAMETER = 4 * 8


def test_every_catalog_function_has_a_plain_rival():
    names = {actfn.catalog.entry(n).expression for n in actfn.catalog.names()}
    assert {actfn.catalog.entry(n).expression for n in PLAIN} == names
    assert {*PLAIN_GATES} == {*actfn.catalog.gated_names()}


@pytest.mark.parametrize("name", [*PLAIN, *PLAIN_GATES])
def test_rivals_compute_the_same(name):
    rivals = contestants(name)
    x = tf.random.normal((5, 8))
    values = [
        value * (1.3 + 0.2 * i) + 0.1
        for i, value in enumerate(first_values(name, x.shape))
    ]
    for ours in ("actfn", "actfn, recompute=False"):
        tf.debugging.assert_near(
            rivals[ours](x, *values), rivals["plain"](x, *values), 1e-4, 1e-5
        )


@pytest.mark.parametrize("name", PLAIN)
def test_one_input_tensor_is_kept(name):
    rivals, values = contestants(name), first_values(name, SHAPE)
    kept = bytes_kept(rivals["actfn"], SHAPE, values)
    assert kept <= ONE_TENSOR + len(values) * PARAMETER
    assert kept <= bytes_kept(rivals["tf.nn.swish"], SHAPE) + sum(
        4 * int(tf.size(value)) for value in values
    )


@pytest.mark.parametrize("name", PLAIN_GATES)
def test_a_gate_keeps_as_much_as_its_input(name):
    assert bytes_kept(contestants(name)["actfn"], SHAPE) <= ONE_TENSOR


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", [*PLAIN, *PLAIN_GATES])
def test_one_tensor_of_16_bits_is_kept(name, dtype):
    rivals, values = contestants(name), first_values(name, SHAPE)
    kept = bytes_kept(rivals["actfn"], SHAPE, values, dtype)
    assert kept <= ONE_TENSOR / 2 + len(values) * PARAMETER


def test_a_plain_composition_keeps_more():
    rivals, values = contestants("swish"), first_values("swish", SHAPE)
    assert bytes_kept(rivals["plain"], SHAPE, values) >= 2 * ONE_TENSOR


def test_known_numbers_of_kept_bytes():
    def keeps_three(x):
        return tf.sin(x) * tf.exp(x) * tf.tanh(x)

    # The outer product's two factors, and those of the inner one.
    assert bytes_kept(keeps_three, SHAPE) >= 3 * ONE_TENSOR
    assert bytes_kept(lambda x: x + 1.0, SHAPE) == 0


def test_table_and_chart(tmp_path):
    arguments = [
        "--functions", "relu", "swish", "swiglu", "--modes", "eager", "graph",
        "--shape", "4", "8", "--rounds", "2", "--directory", str(tmp_path),
    ]  # fmt: skip
    activations.main(arguments)
    path = tmp_path / "activations.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (5 + 5 + 3)  # No tf.nn beside the gate.
    assert tuple(rows[0]) == activations.COLUMNS
    assert all(float(row["milliseconds"]) > 0 for row in rows)
    plain = [row for row in rows if row["contestant"] == "plain"]
    assert {row["relative_to_plain"] for row in plain} == {"1"}
    assert {row["input_bytes"] for row in rows} == {str(4 * 4 * 8)}
    assert (tmp_path / "activations.png").read_bytes()[1:4] == b"PNG"
    # Killed within the second function: the first is not measured again.
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: 1 + 10 + 4]))
    activations.main([*arguments, "--resume"])
    again = path.read_text().splitlines(keepends=True)
    assert again[: 1 + 10] == lines[: 1 + 10] and len(again) == len(lines)


def test_names_of_the_benchmarks():
    assert {"activations", "models", "pages"} <= set(benchmark.names())


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], [], ["activations", "--rounds", "0"],
     ["activations", "--functions", "nonsense"],
     ["activations", "--functions", "glu", "--shape", "4", "7"]],
)  # fmt: skip
def test_a_bad_argument_is_one_line_and_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        benchmark.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.strip().count("\n") == 0


def test_what_the_measuring_raises_is_not_blamed_on_the_file(
    tmp_path, monkeypatch
):
    def fails(*_):
        raise ValueError("measured nothing")

    monkeypatch.setattr(activations, "run", fails)
    with pytest.raises(ValueError, match="measured nothing"):
        activations.main(["--directory", str(tmp_path)])


def test_a_file_of_other_columns_is_one_line(tmp_path, capsys):
    (tmp_path / "activations.csv").write_text("mine\n1\n")
    with pytest.raises(SystemExit) as stop:
        activations.main(["--directory", str(tmp_path)])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "must have the columns" in line and "mine" in line
    assert (tmp_path / "activations.csv").read_text() == "mine\n1\n"
