"""Functions of two inputs: values, gradients, memory, files, precision.

On each backend; `.ci/backends` runs it.
"""

import os
import subprocess
import sys

import keras
import mpmath
import numpy as np
import pytest
from keras import ops
from scipy import special

import actfn
from actfn.expressions.evaluate import evaluate
from actfn.layers.kernels import activate

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(5)
X = np.concatenate([RNG.normal(0, 2, (6, 8)), [[0, 1, -9, 9, 30, -30, 1e-4, 2]
                                               ]])  # fmt: skip
LEFT, RIGHT = X[:, :4], X[:, 4:]
VALUES = {
    "glu": lambda x, y: x * special.expit(y),
    "reglu": lambda x, y: np.maximum(x, 0) * y,
    "geglu": lambda x, y: x * special.ndtr(x) * y,
    "swiglu": lambda x, y: x * special.expit(x) * y,
    "bilinear": lambda x, y: x * y,
    "maxout": np.maximum,
}


def _gradients(function, *given):
    """Returns the sum's gradients by all that is given, as arrays."""
    given = [ops.convert_to_tensor(part) for part in given]
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(given)
            y = ops.sum(function(*given))
        found = tape.gradient(y, given)
    elif BACKEND == "jax":
        import jax

        places = tuple(range(len(given)))
        found = jax.grad(lambda *g: ops.sum(function(*g)), places)(*given)
    else:
        for part in given:
            part.requires_grad_()
        function(*given).sum().backward()
        found = [part.grad for part in given]
    return [ops.convert_to_numpy(part) for part in found]


@pytest.mark.parametrize("name", actfn.catalog.gated_names())
def test_values(name):
    layer = actfn.get(name, dtype="float64")
    assert isinstance(layer, actfn.GatedFunction)
    found = ops.convert_to_numpy(layer(ops.convert_to_tensor(X)))
    expected = VALUES[name](LEFT, RIGHT)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        layer.expression(LEFT, RIGHT), expected, rtol=1e-9, atol=1e-12
    )
    alone = actfn.parse(f"{name}(x, y)")(LEFT, RIGHT)
    np.testing.assert_allclose(alone, expected, rtol=1e-9, atol=1e-12)


def test_glu_is_that_of_keras():
    expected = ops.convert_to_numpy(ops.glu(ops.convert_to_tensor(X)))
    found = ops.convert_to_numpy(actfn.get("glu", dtype="float64")(X))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


TEXTS = (
    *actfn.catalog.gated_names(), "swish(x) * y", "mix(x, sin(y), beta)",
    "beta * x + beta1 * y", "tanh(y)", "x / (1 + abs(y))", "beta",
)  # fmt: skip


@pytest.mark.parametrize("recompute", [True, False])
@pytest.mark.parametrize("apply", [activate, evaluate])
@pytest.mark.parametrize("text", TEXTS)
def test_gradients_are_those_of_finite_differences(text, apply, recompute):
    known = actfn.catalog.find(text)
    expression = actfn.parse(known.expression if known else text, inputs=2)
    names = [
        p.name for p in actfn.expressions.expression.parameters(expression)
    ]
    weights = RNG.normal(size=LEFT.shape)
    given = [X, *(RNG.uniform(0.5, 1.5, 4) for _ in names)]

    def function(whole, *betas):
        values = dict(zip(names, betas, strict=True))
        y = apply(expression, whole, values, recompute, inputs=2)
        return y * ops.convert_to_tensor(weights)

    def total(parts):
        values = dict(zip(names, parts[1:], strict=True))
        whole = parts[0]
        y = expression(whole[:, :4], whole[:, 4:], **values) if (
            expression != actfn.parse("beta")
        ) else np.broadcast_to(parts[1], LEFT.shape)  # fmt: skip
        return float(np.sum(weights * y))

    for place, found in enumerate(_gradients(function, *given)):
        for index in np.ndindex(found.shape):
            step = 1e-6 * max(1, abs(given[place][index]))
            moved = []
            for sign in (1, -1):
                parts = [part.copy() for part in given]
                parts[place][index] += sign * step
                moved.append(total(parts))
            expected = (moved[0] - moved[1]) / (2 * step)
            if abs(X[-1][index[-1] % 8]) < 1e-9 and place == 0:
                continue  # the kink of relu
            assert found[index] == pytest.approx(expected, rel=2e-5, abs=2e-5)


@pytest.mark.parametrize("apply", [activate, evaluate])
def test_second_derivatives(apply):
    if BACKEND == "torch":
        pytest.skip("the same code as of one input, which is tested")
    expression = actfn.parse("swish(x) * y")
    betas = {"beta": np.full(4, 0.7)}

    def slope(whole):
        if BACKEND == "jax":
            import jax

            return jax.grad(
                lambda z: ops.sum(apply(expression, z, betas, inputs=2))
            )(whole)
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(whole)
            y = apply(expression, whole, betas, inputs=2)
        return tape.gradient(y, whole)

    inner = X[:-1]
    (found,) = _gradients(slope, inner)
    step = 1e-5
    for channel in range(8):
        moved = np.zeros(8)
        moved[channel] = step
        up, down = (
            ops.convert_to_numpy(slope(ops.convert_to_tensor(inner + way)))
            for way in (moved, -moved)
        )
        expected = (up - down).sum(axis=-1) / (2 * step)
        np.testing.assert_allclose(
            found[:, channel], expected, rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("text", ["swiglu", "swish(x) * y", "x * sin(y)"])
def test_only_the_input_is_kept(text):
    pytest.importorskip("tensorflow")
    if BACKEND != "tensorflow":
        pytest.skip("counts tensors in TensorFlow's graph")
    from experiments.benchmark.parts.kept_tensors import bytes_kept

    expression = actfn.get(text).expression
    names = [
        p.name for p in actfn.expressions.expression.parameters(expression)
    ]

    def function(x, *betas):
        values = dict(zip(names, betas, strict=True))
        return activate(expression, x, values, inputs=2)

    kept = bytes_kept(function, (64, 32), [np.ones(16)] * len(names))
    assert kept <= 64 * 32 * 4 + 32 * 4  # the input and the parameter


@pytest.mark.parametrize("name", ["swiglu", "geglu", "glu", "maxout"])
def test_16_bits_are_rounded_once(name):
    layer = actfn.get(name, dtype="bfloat16")
    x = ops.cast(ops.convert_to_tensor(X), "bfloat16")
    found = layer(x)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    exact = ops.convert_to_numpy(ops.cast(x, "float64"))
    expected = VALUES[name](exact[:, :4], exact[:, 4:])
    error = np.abs(ops.convert_to_numpy(ops.cast(found, "float64")) - expected)
    assert (error <= 1.01 * 2**-8 * np.abs(expected) + 2e-6).all()


def test_far_from_zero():
    layer = actfn.get("swiglu", dtype="float64")
    points = [-710.0, -29.0, 29.0, 1e4]
    x = np.array([[p, 3.0] for p in points])
    found = ops.convert_to_numpy(layer(ops.convert_to_tensor(x)))[:, 0]
    (slopes,) = _gradients(layer, x)
    for point, value, slope in zip(points, found, slopes, strict=True):
        with mpmath.workdps(40):
            swish = lambda x: x / (1 + mpmath.exp(-x))  # noqa: E731
            expected = float(3 * swish(mpmath.mpf(point)))
            by_x = float(3 * mpmath.diff(swish, mpmath.mpf(point)))
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert slope[0] == pytest.approx(by_x, rel=1e-9, abs=1e-30)


def test_parameters_are_one_a_channel_of_the_output():
    layer = actfn.GatedFunction("swish(x) * y + beta1")
    layer.build((None, 3, 12))
    assert [tuple(weight.shape) for weight in layer.weights] == [(6,), (6,)]
    assert layer.compute_output_shape((None, 3, 12)) == (None, 3, 6)


@pytest.mark.parametrize("shape", [(None, 7), (2, 5, 1)])
def test_an_odd_number_of_channels_is_refused(shape):
    with pytest.raises(ValueError, match=r"even last axis.*Received: \("):
        actfn.GatedFunction("x * y").build(shape)


def test_one_input_and_two_are_told_apart():
    with pytest.raises(actfn.ExpressionError, match="second input"):
        actfn.ActivationFunction("x * y")
    with pytest.raises(actfn.ExpressionError, match="'y'"):
        actfn.parse("sin(y)")
    with pytest.raises(
        ValueError, match=r"`y` must be given.*Received: y=None"
    ):
        actfn.parse("x * y")(1.0)
    assert str(actfn.parse("sin(y)", inputs=2)) == "sin(y)"
    assert type(actfn.get("sin(x)")) is actfn.ActivationFunction
    layer = actfn.GatedFunction("sin(x)")
    found = ops.convert_to_numpy(layer(X.astype("float32")))
    np.testing.assert_allclose(found, np.sin(LEFT), atol=1e-5)
    again = actfn.get(actfn.get("SwiGLU").get_config())
    assert type(again) is actfn.GatedFunction


def test_trains_under_mixed_precision_and_reloads(tmp_path):
    keras.utils.set_random_seed(1)
    mixed = "mixed_bfloat16"
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(8, dtype=mixed),
            actfn.get("swish(x) * y", dtype=mixed),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "mse")
    x = RNG.normal(size=(64, 3)).astype("float32")
    history = model.fit(x, x[:, :1] * x[:, 1:2], epochs=4, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert np.ptp(ops.convert_to_numpy(model.layers[1].beta)) > 0
    path = tmp_path / "model.keras"
    model.save(path)
    program = (
        "import sys, keras, numpy as np, actfn; "
        "model = keras.saving.load_model(sys.argv[1]); "
        "np.save(sys.argv[2], model.predict(np.load(sys.argv[3]), verbose=0))"
    )
    np.save(tmp_path / "x.npy", x)
    files = [str(path), str(tmp_path / "y.npy"), str(tmp_path / "x.npy")]
    subprocess.run(
        [sys.executable, "-c", program, *files],
        check=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    np.testing.assert_array_equal(
        np.load(files[1]), model.predict(x, verbose=0)
    )


@pytest.mark.parametrize("text", ["max(x, 0)", "x * y", "swish(x) * y"])
def test_a_config_makes_a_gate_again(text):
    """Also one that makes nothing of its second half."""
    layer = actfn.GatedFunction(text)
    again = actfn.get(layer.get_config())
    x = np.array([[1.0, -2.0, 3.0, 4.0]], "float32")
    assert type(again) is actfn.GatedFunction
    np.testing.assert_array_equal(
        *(keras.ops.convert_to_numpy(each(x)) for each in (layer, again))
    )
