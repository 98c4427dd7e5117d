"""TensorFlow, JAX and PyTorch agree; run on each by `.ci/backends`.

On TensorFlow the results are written to the file that ACTFN_REFERENCE names;
the other backends are compared with that file.
"""

import os

import keras
import numpy as np
import pytest
from keras import ops

import actfn
from actfn.expressions.evaluate import evaluate
from actfn.expressions.expression import parameters
from actfn.layers.kernels import activate
from tests.differentiating import slope_of

BACKEND = keras.backend.backend()
REFERENCE = os.environ.get("ACTFN_REFERENCE")
X = np.concatenate(
    [np.linspace(-3.05, 3.1, 39), [-1e-4, 0.0, 1e-4, 1.0, -8.5, 7.7]]
)


def _functions():
    rng = np.random.default_rng(2017)
    spaces = [actfn.SearchSpace(1), actfn.SearchSpace(2)]
    random = [spaces[i % 2].sample(rng) for i in range(500)]
    entries = [actfn.catalog.entry(name) for name in actfn.catalog.names()]
    return [*(actfn.parse(entry.expression) for entry in entries), *random]


def _value_and_gradient(expression, dtype):
    """Returns the value and the gradient by x, in the given dtype."""
    names = [parameter.name for parameter in parameters(expression)]
    betas = {
        name: ops.convert_to_tensor(np.array(0.7 + 0.1 * i), dtype)
        for i, name in enumerate(names)
    }

    def function(x):
        apply = activate if expression in CATALOG else evaluate
        return apply(expression, x, betas)

    x = ops.convert_to_tensor(X, dtype)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x)
    if BACKEND == "jax":
        import jax

        y, pullback = jax.vjp(function, x)
        return y, pullback(ops.ones_like(y))[0]
    x.requires_grad_()
    y = function(x)
    y.sum().backward()
    return y, x.grad


FUNCTIONS = _functions()
CATALOG = set(FUNCTIONS[: len(actfn.catalog.names())])


def _all(dtype):
    found = [
        [ops.convert_to_numpy(part) for part in _value_and_gradient(f, dtype)]
        for f in FUNCTIONS
    ]
    return np.array(found, "float64")


def _noise(dtype):
    """How far results move if the input moves by a rounding error."""
    original = X.copy()
    base = _all("float64")
    try:
        X[:] = original * (1 + 8 * np.finfo(dtype).eps)
        return np.abs(_all("float64") - base)
    finally:
        X[:] = original


@pytest.mark.skipif(not REFERENCE, reason="needs ACTFN_REFERENCE")
def test_backends_agree():
    with np.errstate(all="ignore"):
        double, single = _all("float64"), _all("float32")
        if BACKEND == "tensorflow":
            np.savez(
                REFERENCE, double=double, single=single, noise=_noise("float64")
            )
            return
        with np.load(REFERENCE) as reference:
            _compare(double, single, reference)


def _compare(double, single, reference):
    expected = reference["double"]
    finite = np.isfinite(expected) & (np.abs(expected) < 1e100)
    # Where a function is so steep that a rounding error of its input shows,
    # as in sin(exp(exp(x))), no two libraries agree.
    limit = 1e-9 * np.maximum(np.abs(expected), 1)
    steep = finite & ~(reference["noise"] < limit)
    compared = finite & ~steep
    wrong = compared & ~(np.abs(double - expected) <= limit)
    assert steep.sum() < 0.01 * finite.sum()
    assert not wrong.any(), _report(wrong, double, expected)

    own = np.abs(reference["single"] - expected)
    limit = 10 * own + 1e-5 * np.maximum(np.abs(expected), 1)
    known = compared & np.isfinite(reference["single"])
    known &= np.abs(expected) < 1e30
    values = np.array([True, False])[:, None] & known
    wrong = values & ~(np.abs(single - expected) <= limit)
    assert not wrong.any(), _report(wrong, single, expected)


def _report(wrong, found, expected):
    lines = [
        f"{FUNCTIONS[f]} at {X[i]:.4f}, {('value', 'slope')[part]}: "
        f"{found[f, part, i]!r}, not {expected[f, part, i]!r}"
        for f, part, i in np.argwhere(wrong)[:12]
    ]
    return f"{wrong.sum()} differ\n" + "\n".join(lines)


@pytest.mark.parametrize("recompute", [True, False])
@pytest.mark.parametrize("apply", [activate, evaluate])
@pytest.mark.parametrize(
    "text", ["x * sigmoid(beta * x)", "x * sigmoid(x)", "x * asinh(x) ** 2"]
)
def test_second_derivatives(text, apply, recompute):
    betas = {"beta": ops.convert_to_tensor(np.array(0.7))}
    expression = actfn.parse(text)
    slope = slope_of(lambda x: apply(expression, x, betas, recompute))
    step = 1e-5
    first = [
        ops.convert_to_numpy(ops.stop_gradient(slope(ops.convert_to_tensor(x))))
        for x in (X + step, X - step)
    ]
    second = slope_of(slope)(ops.convert_to_tensor(X))
    np.testing.assert_allclose(
        ops.convert_to_numpy(second),
        (first[0] - first[1]) / (2 * step),
        rtol=1e-6,
        atol=1e-8,
    )


def test_an_operator_of_the_users(tmp_path):
    actfn.register_operator("clipped_ramp", 1, lambda a: ops.clip(a, -1, 1))
    test_trains_and_reloads("x * clipped_ramp(beta * x)", tmp_path)


@pytest.mark.parametrize("text", ["swish", "min(x, sin(x))", "rbf(x, 0, beta)"])
def test_trains_and_reloads(text, tmp_path):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), actfn.get(text)]
    )
    model.compile(keras.optimizers.SGD(0.01), "mse")
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    before = model.evaluate(x, np.zeros((32, 4)), verbose=0)
    model.fit(x, np.zeros((32, 4)), epochs=3, verbose=0)
    assert model.evaluate(x, np.zeros((32, 4)), verbose=0) < before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        model.predict(x, verbose=0), loaded.predict(x, verbose=0)
    )
