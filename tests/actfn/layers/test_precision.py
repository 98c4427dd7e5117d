"""The catalog in 16, 32 and 64 bits, far from zero and in mixed training."""

import keras
import mpmath
import numpy as np
import pytest

import actfn
from actfn.expressions.evaluate import evaluate

tf = pytest.importorskip("tensorflow")

NAMES = actfn.catalog.names()
LIMITS = {"float16": 6e4, "bfloat16": 1e4, "float32": 1e4, "float64": 1e4}
LARGEST = {"float16": 65504.0, "bfloat16": 3.3e38, "float32": 3.4e38}


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_16_bits_are_computed_in_32(name):
    expression = actfn.get(name).expression
    x = np.array([-20, -3, -0.5, 0, 0.5, 3, 20], "float16")
    found = expression(x)
    assert found.dtype == np.float16
    with np.errstate(over="ignore"):
        expected = expression(x.astype("float32")).astype("float16")
    np.testing.assert_array_equal(found, expected)


def test_the_slope_of_swish_by_beta_is_0_far_out():
    x = tf.constant([[1e20, -1e20, 2e19, 1.0]])
    layer = actfn.get("swish")
    _, _, by_beta = _run(layer, x)
    s = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(by_beta, [0, 0, 0, s * (1 - s)], rtol=1e-6)


def _points(limit):
    positive = np.geomspace(1e-7, limit, 300)
    return np.concatenate([-positive[::-1], [0.0], positive])[:, None]


def _run(layer, x):
    """Returns the value and the gradients by x and parameters, as float64."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    gradients = tape.gradient(y, [x, *layer.trainable_variables])
    return [np.asarray(tf.cast(value, "float64")) for value in (y, *gradients)]


def _in_double(layer):
    """Returns the same function in float64, with the same parameters."""
    double = actfn.get({**layer.get_config(), "dtype": "float64"})
    double.build((None, 1))
    for wide, weight in zip(double.weights, layer.weights, strict=True):
        wide.assign(np.asarray(weight, "float64"))
    return double


def _relu(x):
    return x if x > 0 else mpmath.mpf(0)


def _sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def _elu(x):
    return x if x > 0 else mpmath.expm1(x)


SCALE, ALPHA = mpmath.mpf(1.0507009873554805), mpmath.mpf(1.6732632423543772)
EXACT = {
    "relu": _relu,
    "relu6": lambda x: min(_relu(x), mpmath.mpf(6)),
    "leaky_relu": lambda x: x if x > 0 else mpmath.mpf(0.01) * x,
    "prelu": lambda x: x if x > 0 else x / 4,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "elu": _elu,
    "selu": lambda x: SCALE * (x if x > 0 else ALPHA * _elu(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "swish": lambda x: x * _sigmoid(x),
    "swish_1": lambda x: x * _sigmoid(x),
    "silu": lambda x: x * _sigmoid(x),
    "max_sigmoid": lambda x: max(x, _sigmoid(x)),
    "cos_minus_x": lambda x: mpmath.cos(x) - x,
    "min_sin": lambda x: min(x, mpmath.sin(x)),
    "atan_squared_minus_x": lambda x: mpmath.atan(x) ** 2 - x,
    "max_tanh": lambda x: max(x, mpmath.tanh(x)),
    "sinc_plus_x": lambda x: mpmath.sinc(x) + x,
    "x_asinh_squared": lambda x: x * mpmath.asinh(x) ** 2,
}


@pytest.mark.parametrize("name", EXACT)
def test_float64_is_exact_far_from_zero(name):
    points = [
        s * p for p in (1e-7, 0.03, 3.7, 29, 710, 1e4, 6e4) for s in (1, -1)
    ]
    y, slope = _run(
        actfn.get(name, dtype="float64"),
        tf.constant(points, "float64")[:, None],
    )[:2]
    with mpmath.workdps(60):
        for order, found in enumerate((y, slope)):
            expected = [
                float(mpmath.diff(EXACT[name], mpmath.mpf(p), order, h=1e-20))
                for p in points
            ]
            np.testing.assert_allclose(
                found[:, 0], expected, rtol=1e-9, atol=1e-10
            )


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_exact_to_rounding(name):
    unit, x = 2**-24, tf.cast(_points(1e4), "float32")
    wide = np.asarray(tf.cast(x, "float64"))
    layer = actfn.get(name, dtype="float32")
    found = _run(layer, x)[:2]
    exact, above, below = (
        _run(_in_double(layer), tf.constant(wide * (1 + step * unit)))[:2]
        for step in (0, 1, -1)
    )
    for order in (0, 1):
        expected = exact[order]
        moved = np.maximum(
            abs(above[order] - expected), abs(below[order] - expected)
        )
        size = np.maximum(abs(expected), abs(wide) if order == 0 else 0)
        # A slope such as x * (1 - tanh(x) ** 2) loses some digits.
        limit = unit * np.maximum(size, 1) * (16, 100)[order] + 16 * moved
        kept = np.abs(expected) < LARGEST["float32"]
        assert (np.abs(found[order] - expected) <= limit)[kept].all()


def test_a_number_keeps_its_digits_as_a_parameter():
    x = tf.ones((1, 1), "float64")
    assert (
        float(evaluate(actfn.parse("beta * x"), x, {"beta": 0.7})[0, 0]) == 0.7
    )


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("name", NAMES)
def test_finite_wherever_it_can_be_represented(name, dtype):
    x = tf.cast(_points(LIMITS[dtype]), dtype)
    layer = actfn.get(name, dtype=dtype)
    found = _run(layer, x)
    exact = _run(_in_double(layer), tf.cast(x, "float64"))
    for values, expected in zip(found, exact, strict=True):
        assert np.isfinite(expected).all() or name == "exponential"
        assert not np.isnan(expected).any()
        representable = np.abs(expected) < LARGEST.get(dtype, np.inf)
        assert np.isfinite(values[representable]).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("dtype", "unit"), [("float16", 2**-11), ("bfloat16", 2**-8)]
)
def test_16_bits_are_rounded_once(name, dtype, unit):
    x = tf.cast(_points(100.0), dtype)
    layer = actfn.get(name, dtype=dtype)
    found = _run(layer, x)
    exact = _run(_in_double(layer), tf.cast(x, "float64"))
    for values, expected in zip(found[:2], exact[:2], strict=True):
        # Beside the rounding at the end, that of float32 on the way.
        limit = 1.01 * unit * np.abs(expected) + 2e-6
        kept = np.abs(expected) < LARGEST[dtype]
        assert (np.abs(values - expected) <= limit)[kept].all()
        assert not np.isnan(values).any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_parameters_never_have_16_bits(dtype):
    layer = actfn.get("smu", dtype=dtype)  # Begins at 1e6.
    layer.build((None, 1))
    assert float(layer.trainable_weights[0]) == 1e6
    assert layer(tf.zeros((1, 1), dtype)).dtype == dtype


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_parameter_gradients_are_summed_in_float32(dtype):
    layer = actfn.get("swish", dtype=dtype)
    x = tf.cast(np.full((4096, 2), 1.5), layer.compute_dtype)
    y, _, by_beta = _run(layer, x)
    assert layer(x).dtype == layer.compute_dtype
    assert layer.beta.dtype == "float32"
    s = 1 / (1 + np.exp(-1.5))
    np.testing.assert_allclose(
        by_beta, np.full(2, 4096 * 1.5**2 * s * (1 - s)), rtol=1e-4
    )
    layer.beta.assign([1 + 1e-4, 1.0])  # Less than a step of 16 bits.
    assert np.ptp(np.asarray(layer.beta)) > 0
    assert np.isfinite(y).all()


@pytest.mark.parametrize(
    "policy", ["mixed_float16", "mixed_bfloat16", "float64"]
)
def test_training_under_a_policy(policy):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, dtype=policy),
            actfn.get("swish", dtype=policy),
            keras.layers.Dense(1, dtype=policy),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "mse")
    x = np.random.default_rng(0).normal(size=(64, 6))
    history = model.fit(x, x[:, :1] * x[:, 1:2], epochs=8, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert np.abs(np.asarray(model.layers[1].beta) - 1).max() > 0
