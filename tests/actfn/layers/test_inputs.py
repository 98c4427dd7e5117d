"""What a layer may be called with, and what is refused in one line."""

import keras
import numpy as np
import pytest

import actfn

VALUES = [[1, 2], [3, -4]]


def swish(x):
    return x / (1 + np.exp(-x))


@pytest.mark.parametrize("name", ["relu", "swish_1", "swish", "sin(x)"])
@pytest.mark.parametrize(
    "given",
    [
        VALUES,
        tuple(map(tuple, VALUES)),
        np.array(VALUES),
        np.array(VALUES, "int8"),
        np.abs(VALUES).astype("uint8"),
        np.array(VALUES) > 0,
        [[True, False]],
        3,
        -0.5,
    ],
)
def test_numbers_of_every_kind(name, given):
    if name == "swish" and np.ndim(given) == 0:
        pytest.skip("a parameter per channel needs channels")
    expected = {
        "relu": lambda x: np.maximum(x, 0),
        "sin(x)": np.sin,
    }.get(name, swish)
    found = actfn.get(name)(given)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(found),
        expected(np.asarray(given, "float64")),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("name", ["relu", "mish", "swish", "gelu", "softplus"])
def test_a_variable_of_keras(name):
    given = keras.Variable(np.array(VALUES, "float32"))
    found = actfn.get(name)(given)
    expected = actfn.get(name)(np.array(VALUES, "float32"))
    np.testing.assert_array_equal(
        *map(keras.ops.convert_to_numpy, (found, expected))
    )
    text = actfn.parse("x * tanh(x)")
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(text(given)), text(np.array(VALUES)), 1e-6
    )


def test_a_random_first_value_is_another_for_each_parameter():
    layer = actfn.get("alpha * x + b * tanh(x)", beta_initializer="normal")
    layer.build((None, 8))
    first, second = map(keras.ops.convert_to_numpy, layer.weights)
    assert np.all(first != second)


def test_integer_tensors_also_within_a_model():
    inputs = keras.Input((2,), dtype="int32")
    model = keras.Model(inputs, actfn.get("swish")(inputs))
    assert len(model.layers) == 2
    found = model(keras.ops.convert_to_tensor(np.array(VALUES, "int32")))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(found), swish(np.array(VALUES)), rtol=1e-5
    )


@pytest.mark.parametrize(
    "given",
    [
        None,
        "x",
        ["a"],
        [[1.0, 2.0], [3.0]],
        {"x": 1.0},
        np.array([1j]),
        np.array(["a"]),
        [],
        [keras.ops.ones(2), keras.ops.ones(2)],
    ],
)
def test_the_rest_is_refused_in_one_line(given):
    with pytest.raises(ValueError, match=r"`inputs` must be .*Received: ") as e:
        actfn.get("swish_1")(given)
    assert "\n" not in str(e.value)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="sparse tensors are its"
)
def test_sparse_inputs_are_refused_in_one_line():
    import tensorflow as tf

    for x in (tf.sparse.eye(3), keras.Input((3,), sparse=True)):
        with pytest.raises(ValueError, match=r"must be dense.*sparse=False"):
            actfn.get("swish")(x)


@pytest.mark.parametrize(
    "function", ["star_relu", "xielu", "x * sigmoid(scalar(beta) * x)", "mish"]
)
def test_a_number_is_taken_whatever_the_parameters_are(function):
    layer = actfn.get(function)
    found = float(keras.ops.convert_to_numpy(layer(1.5)))
    row = keras.ops.convert_to_numpy(layer(np.array([[1.5, 2.5]])))
    assert found == pytest.approx(float(row[0, 0]), rel=1e-6)
