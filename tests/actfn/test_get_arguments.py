"""Values and constants that `actfn.get` takes beside a name."""

import keras
import numpy as np
import pytest
from keras import ops

import actfn

X = np.linspace(-4, 4, 33)
TWO = actfn.get("beta * x + beta1", beta_initializer=3).get_config()
CASES = (
    ("leaky_relu", {"negative_slope": 0.2}, np.where(X > 0, X, 0.2 * X)),
    ("leaky_relu", {"negative_slope": 2}, np.where(X > 0, X, 2 * X)),
    ("LeakyReLU", {"negative_slope": -0.5}, np.where(X > 0, X, -0.5 * X)),
    ("relu", {"max_value": 2}, np.clip(X, 0, 2)),
    ("elu", {"alpha": 0.5}, np.where(X > 0, X, 0.5 * np.expm1(X))),
    ("celu", {"alpha": 2}, np.where(X > 0, X, 2 * np.expm1(X / 2))),
    ("hard_shrink", {"threshold": 1.1}, np.where(np.abs(X) > 1.1, X, 0)),
    (
        "soft_shrink",
        {"threshold": 1.1},
        np.sign(X) * np.maximum(np.abs(X) - 1.1, 0),
    ),
    ("hard_tanh", {"min_val": -3, "max_val": 2}, np.clip(X, -3, 2)),
    ("thresholded_relu", {"theta": 2.1}, np.where(X > 2.1, X, 0)),
    ("squareplus", {"b": 1}, 0.5 * (X + np.sqrt(X * X + 1))),
    ("swish", {"beta": 1.5}, X / (1 + np.exp(-1.5 * X))),
    ("swish", {"beta_initializer": 0.5}, X / (1 + np.exp(-0.5 * X))),
    ("prelu", {"beta": 0}, np.maximum(X, 0)),
    (actfn.get("swish").get_config(), {"beta": 2}, X / (1 + np.exp(-2 * X))),
    (TWO, {"beta1": 2}, 3 * X + 2),
    ("x * tanh(alpha * x)", {"alpha": -2}, X * np.tanh(-2 * X)),
    ("x * tanh(alpha * x)", {"beta": -2}, X * np.tanh(-2 * X)),
    ("swish(x) + b", {"beta": 2, "b": 3}, X / (1 + np.exp(-2 * X)) + 3),
    ("dyt", {"alpha": 2, "gamma": 3}, 3 * np.tanh(2 * X)),
    (
        "beta * x + beta1",
        {"beta_initializer": 2, "beta1": keras.initializers.Constant(5)},
        2 * X + 5,
    ),
    (
        actfn.parse("beta * x + beta1"),
        {"beta_initializer": {"beta": 2, "beta1": 0.5}},
        2 * X + 0.5,
    ),
)


@pytest.mark.parametrize("name,given,expected", CASES, ids=range(len(CASES)))
def test_values(name, given, expected):
    layer = actfn.get(name, dtype="float64", **given)
    again = actfn.get(layer.get_config())
    for one in (layer, again):
        found = ops.convert_to_numpy(one(np.stack([X, X], axis=-1)))[:, 1]
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-12)


def test_parameters_stay_trainable_one_a_channel():
    layer = actfn.get("swish", beta=1.5)
    layer.build((None, 3))
    (beta,) = layer.trainable_variables
    np.testing.assert_array_equal(ops.convert_to_numpy(beta), [1.5] * 3)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("relu", {"beta": 1}, "which has none. Received: beta=1"),
        ("swish", {"beta1": 1}, "which has beta. Received"),
        # In its text beta is the last, in the layer the first.
        ("acon_c", {"beta": 2}, "alpha of the text is beta of the layer"),
        ("leaky_relu", {"negative_slope": "x"}, "`negative_slope` must be a"),
    ],
)
def test_refused(name, given, message):
    with pytest.raises(ValueError) as caught:
        actfn.get(name, **given)
    assert message in str(caught.value)
    assert "Received: " in str(caught.value)


def test_a_parameter_is_named_as_it_is_written():
    layer = actfn.get("beta_1 * x + 1", beta_1=2.0)
    assert float(layer(np.array([[1.0]]))[0, 0]) == 3


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "1", True])
def test_a_constant_must_be_a_finite_number(value):
    with pytest.raises(ValueError, match="`max_value` must be a finite number"):
        actfn.get("relu", max_value=value)
