"""Named functions and the layer, against formulas written again here."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special

import actfn
from tests.differentiating import slope_of

X = np.linspace(-6, 6, 49)
FORMULAS = {
    "relu": np.maximum(X, 0),
    "relu6": np.clip(X, 0, 6),
    "leaky_relu": np.where(X > 0, X, 0.01 * X),
    "prelu": np.where(X > 0, X, 0.25 * X),
    "softplus": np.log1p(np.exp(X)),
    "elu": np.where(X > 0, X, np.expm1(X)),
    "selu": 1.05070098 * np.where(X > 0, X, 1.67326324 * np.expm1(X)),
    "gelu": X * special.ndtr(X),
    "swish": X * special.expit(X),
    "swish_1": X * special.expit(X),
    "silu": X * special.expit(X),
    "max_sigmoid": np.maximum(X, special.expit(X)),
    "cos_minus_x": np.cos(X) - X,
    "min_sin": np.minimum(X, np.sin(X)),
    "atan_squared_minus_x": np.arctan(X) ** 2 - X,
    "max_tanh": np.maximum(X, np.tanh(X)),
    "sinc_plus_x": np.sinc(X / np.pi) + X,
    "x_asinh_squared": X * np.arcsinh(X) ** 2,
}


def test_the_papers_functions_have_a_formula_here():
    assert set(actfn.catalog.BASELINES) < set(FORMULAS)
    assert set(actfn.catalog.PUBLISHED) < set(FORMULAS)
    assert len(actfn.catalog.PUBLISHED) == 8


@pytest.mark.parametrize("name", FORMULAS)
def test_values(name):
    layer = actfn.get(name, dtype="float64")
    found = ops.convert_to_numpy(layer(X[None, :]))[0]
    np.testing.assert_allclose(found, FORMULAS[name], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ["prelu", "swish"])
def test_parameters_are_one_a_channel(name):
    layer = actfn.get(name)
    layer.build((None, 7, 7, 5))
    (beta,) = layer.trainable_variables
    assert beta.shape == (5,)
    assert set(ops.convert_to_numpy(beta)) == {0.25 if name == "prelu" else 1.0}


@pytest.mark.parametrize("text", ["beta", "3", "beta1 * beta2 + 1"])
def test_a_function_without_x_fills_the_shape(text):
    layer = actfn.get(text)
    assert layer(np.zeros((2, 3, 4))).shape == (2, 3, 4)


def test_get_takes_text_expression_and_config():
    layer = actfn.get("max(x, sigmoid(x))", name="gate")
    assert layer.name == "gate"
    same = actfn.get(layer.expression)
    again = actfn.get(layer.get_config())
    assert same.expression == again.expression == layer.expression
    assert again.name == "gate"
    assert again is not layer


@pytest.mark.parametrize("bad", [None, 3, object(), ["swish"]])
def test_get_refuses_other_kinds(bad):
    with pytest.raises(ValueError, match=r"identifier.*Received"):
        actfn.get(bad)


def test_get_suggests_catalog_names():
    with pytest.raises(actfn.ExpressionError, match="swish"):
        actfn.get("swich")
    with pytest.raises(ValueError, match=r"must be one of relu.*'swich'"):
        actfn.catalog.entry("swich")


def test_the_channel_axis_must_be_known():
    with pytest.raises(ValueError, match="known last axis"):
        actfn.get("swish").build((None, None))


RELOAD = """
import pathlib, sys
import keras, numpy
import actfn
folder = pathlib.Path(sys.argv[1])
whole = keras.models.load_model(folder / "model.keras")
weights = keras.models.model_from_json((folder / "model.json").read_text())
weights.load_weights(folder / "model.weights.h5")
x = numpy.load(folder / "data.npy")
numpy.save(folder / "whole.npy", keras.ops.convert_to_numpy(whole(x)))
numpy.save(folder / "weights.npy", keras.ops.convert_to_numpy(weights(x)))
"""


def test_saves_and_loads_in_a_fresh_process(tmp_path):
    rng = np.random.default_rng(0)
    inputs = keras.Input((6,))
    x = inputs
    for text in ("swish", "prelu", "mix(x, sin(x), beta) * beta1", "gelu"):
        x = actfn.get(text)(keras.layers.Dense(6)(x))
    model = keras.Model(inputs, x)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    data = rng.normal(size=(8, 6)).astype("float32")
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    (tmp_path / "model.json").write_text(model.to_json())
    np.save(tmp_path / "data.npy", data)
    subprocess.run([sys.executable, "-c", RELOAD, str(tmp_path)], check=True)
    expected = ops.convert_to_numpy(model(data))
    for name in ("whole", "weights"):
        found = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_array_equal(found, expected)


def test_trains_in_a_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Dense(8), actfn.get("swish"), keras.layers.Dense(1)]
    )
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 4))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    y = np.sin(x.sum(axis=1))
    history = model.fit(x, y, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    betas = ops.convert_to_numpy(model.layers[1].beta)
    assert len(set(betas)) == 8


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        *((name, {}) for name in actfn.catalog.names()),
        ("relu", {"max_value": 3}),
        ("leaky_relu", {"negative_slope": 0.2}),
        ("elu", {"alpha": 1.0}),
        ("elu", {"alpha": 0.3}),
        ("celu", {"alpha": 0.5}),
    ],
)
def test_slopes_lie_between_those_of_both_sides(name, constants):
    layer = actfn.get(name, **constants)
    points = np.array([-6, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 6], "float32")

    def on_channels(x):
        return ops.convert_to_tensor(np.repeat(x[:, None], 4, axis=1))

    def value(x):
        found = layer(on_channels(np.asarray(x, "float32")))
        return ops.convert_to_numpy(found)[:, 0].astype("float64")

    found = slope_of(layer)(on_channels(points))
    slopes = ops.convert_to_numpy(found)[:, 0]
    step = 2.0**-10
    left = (value(points) - value(points - step)) / step
    right = (value(points + step) - value(points)) / step
    low, high = np.minimum(left, right), np.maximum(left, right)
    slack = 0.02 * (1 + np.maximum(abs(low), abs(high)))
    assert (slopes >= low - slack).all() and (slopes <= high + slack).all()


@pytest.mark.parametrize("make", [np.float32, np.float64, np.int64])
def test_numbers_of_numpy_are_numbers(make):
    two = make(2)
    layers = [
        actfn.get("relu", max_value=two),
        actfn.get("elu", alpha=two),
        actfn.get("swish", beta=two),
    ]
    if make is np.int64:
        layers.append(actfn.get("swish", axis=make(1)))
    x = ops.convert_to_tensor(np.linspace(-3, 3, 12, dtype="float32")[None])
    for layer in layers:
        again = actfn.get(layer.get_config())
        np.testing.assert_array_equal(
            *map(ops.convert_to_numpy, (layer(x), again(x)))
        )


def test_a_layer_as_keras_writes_it_is_read():
    layer = actfn.get("swish", beta=[1, 2, 3.5], name="mine")
    layer.build((None, 3))
    assert layer.get_weights()[0].tolist() == [1, 2, 3.5]
    read = actfn.get(keras.layers.serialize(layer))
    assert read.get_config() == layer.get_config()


@pytest.mark.parametrize("as_tensor", [False, True])
def test_first_values_of_channels_are_saved(as_tensor, tmp_path):
    values = np.array([0.5, 1.0, 2.0], "float32")
    given = ops.convert_to_tensor(values) if as_tensor else values
    model = keras.Sequential(
        [keras.Input((3,)), actfn.get("swish", beta=given)]
    )
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], values)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.layers[0].get_weights()[0], values)
    clone = keras.models.clone_model(model)
    np.testing.assert_array_equal(clone.layers[0].get_weights()[0], values)
    with pytest.raises(ValueError, match=r"of its shape, \(4,\).*\(3,\)"):
        actfn.get("swish", beta=given)(np.ones((1, 4), "float32"))
