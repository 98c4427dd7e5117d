"""Where the channels are: last, elsewhere, or nowhere."""

import json

import keras
import numpy as np
import pytest
from keras import ops

import actfn

RNG = np.random.default_rng(17)
# A kernel, the table's rules, a piecewise rule, and one without x.
TEXTS = ("swish", "x * asinh(beta * x)", "max(x, beta * sin(x))", "beta")


def _gradients(layer, x, weights):
    """Returns the value and the gradients by x and by the parameters."""
    if not layer.built:
        layer.build(x.shape)
    x = ops.convert_to_tensor(x)
    variables = layer.trainable_variables
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            total = ops.sum(y * weights)
        found = tape.gradient(total, [x, *(v.value for v in variables)])
    elif keras.backend.backend() == "jax":
        import jax

        def total(x, values):
            y, _ = layer.stateless_call(values, [], x)
            return ops.sum(y * weights)

        y = layer(x)
        values = [v.value for v in variables]
        by_x, by_values = jax.grad(total, (0, 1))(x, values)
        found = [by_x, *by_values]
    else:
        x.requires_grad_()
        y = layer(x)
        ops.sum(y * ops.convert_to_tensor(weights)).backward()
        found = [x.grad, *(v.value.grad for v in variables)]
    found = [np.zeros(x.shape) if g is None else g for g in found]
    return [ops.convert_to_numpy(ops.stop_gradient(a)) for a in (y, *found)]


@pytest.mark.parametrize("axis", [1, 2, -2, -3])
@pytest.mark.parametrize("text", TEXTS)
def test_another_axis_is_the_last_one_moved(text, axis):
    x, weights = RNG.normal(size=(2, 2, 3, 4, 5)).astype("float32")
    layer, last = actfn.get(text, axis=axis), actfn.get(text)
    moved, moved_weights = (np.moveaxis(a, axis, -1) for a in (x, weights))
    values = RNG.uniform(0.5, 1.5, x.shape[axis])
    for one in (layer, last):
        one.build(x.shape if one is layer else moved.shape)
        one.beta.assign(values)
    *found, by_beta = _gradients(layer, x, weights)
    *expected, expected_by_beta = _gradients(last, moved, moved_weights)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.moveaxis(a, axis, -1), b, rtol=1e-5)
    np.testing.assert_allclose(by_beta, expected_by_beta, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_one_value_for_all(text):
    x, weights = RNG.normal(size=(2, 2, 3, 4)).astype("float32")
    one, each = actfn.get(text, axis=None), actfn.get(text)
    y, by_x, by_beta = _gradients(one, x, weights)
    expected, expected_by_x, by_channel = _gradients(each, x, weights)
    assert one.beta.shape == ()
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    np.testing.assert_allclose(by_x, expected_by_x, rtol=1e-6)
    np.testing.assert_allclose(by_beta, by_channel.sum(), rtol=1e-5)
    assert one(np.zeros((2, 9))).shape == (2, 9)  # Any width will do.


@pytest.mark.parametrize(
    ("axis", "built", "later"),
    [
        (-1, (2, 1), (2, 8)),
        (-1, (2, 5, 3), (2, 3, 5)),
        (1, (2, 5, 3), (2, 3, 5)),
        (2, (2, 5, 3), (2, 3)),
    ],
)
def test_another_width_is_refused_later(axis, built, later):
    layer = actfn.get("swish", axis=axis)
    layer(np.zeros(built))
    with pytest.raises(ValueError, match="incompatible with the layer"):
        layer(np.zeros(later))


def test_without_parameters_any_width_will_do():
    layer = actfn.get("gelu", axis=1)
    layer(np.zeros((2, 1)))
    assert layer(np.zeros((2, 8))).shape == (2, 8)


@pytest.mark.parametrize("axis", [1, None, -1])
def test_the_config_keeps_it(axis, tmp_path):
    model = keras.Sequential(
        [keras.Input((3, 4)), actfn.get("swish", axis=axis)]
    )
    layer = model.layers[0]
    assert json.loads(json.dumps(layer.get_config()))["axis"] == axis
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    assert (loaded.axis, loaded.beta.shape) == (axis, layer.beta.shape)


def test_a_config_of_an_earlier_version_has_the_last_axis():
    config = actfn.get("swish").get_config()
    del config["axis"]
    assert actfn.get(config).axis == -1


@pytest.mark.parametrize("axis", [0, 1.0, True, "last"])
def test_no_such_axis(axis):
    with pytest.raises(ValueError, match=r"`axis` must be.*Received"):
        actfn.get("swish", axis=axis)


@pytest.mark.parametrize("axis", [3, -3, -4])
def test_the_input_must_have_it(axis):
    with pytest.raises(ValueError, match=r"`input_shape`.*Received"):
        actfn.get("swish", axis=axis).build((2, 3, 4))
