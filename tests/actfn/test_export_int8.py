"""LiteRT files in 8 bits compute what the model does, or are refused."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special

import actfn
from actfn.export import export, forms

tf = pytest.importorskip("tensorflow")

RNG = np.random.default_rng(3)
# Each channel has all of the range, so that tables have no code to spare.
X = np.stack([RNG.permutation(np.linspace(-8, 8, 64)) for _ in range(8)], -1)
X = X.astype("float32")


def _together(layers, shape=(8,)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, [layer(inputs) for layer in layers])


def _with_values(layer):
    layer.build((None, 8))
    for weight in layer.weights:
        value = ops.convert_to_numpy(weight.value)
        weight.assign(value + RNG.uniform(0, 0.5, weight.shape))
    return layer


def _run(path, x):
    """Returns the inputs as the codes say, and outputs with their steps."""
    interpreter = tf.lite.Interpreter(str(path))
    run = interpreter.get_signature_runner()
    ((name, detail),) = run.get_input_details().items()
    assert detail["dtype"] == np.int8
    scale, zero = detail["quantization"]
    codes = np.clip(np.round(x / scale) + zero, -128, 127).astype("int8")
    found = run(**{name: codes})
    outputs = []
    for i in range(len(found)):
        of_output = run.get_output_details()[f"output_{i}"]
        assert of_output["dtype"] == np.int8
        step, of_zero = of_output["quantization"]
        numbers = step * (found[f"output_{i}"].astype("float32") - of_zero)
        outputs.append((numbers, step))
    kinds = {d["dtype"] for d in interpreter.get_tensor_details()}
    assert not kinds & {np.float32, np.float16}
    return np.float32(scale) * (codes.astype("float32") - zero), outputs


def _check(model, x, path, steps):
    """Exports a model; its outputs are so many steps away at the most."""
    export(model, path, "litert_int8", x, steps=max(steps, 2))
    seen, outputs = _run(path, x)
    expected = keras.tree.flatten(model(seen))
    for (found, step), part, output in zip(
        outputs, expected, model.outputs, strict=True
    ):
        error = np.max(np.abs(found - ops.convert_to_numpy(part))) / step
        function = output._keras_history.operation
        assert error <= steps, (getattr(function, "expression", ""), error)


@pytest.mark.slow
def test_the_catalog_in_8_bits(tmp_path):
    names = list(actfn.catalog.names())
    for i in range(0, len(names), 32):
        group = [_with_values(actfn.get(n)) for n in names[i : i + 32]]
        # Half a step, and what is beyond the outermost codes.
        _check(_together(group), X, tmp_path / "model.tflite", 1)


@pytest.mark.slow
def test_gated_functions_in_8_bits(tmp_path):
    names = [*actfn.catalog.gated_names(), "mish(beta * x) * y", "telu(y) + x"]
    layers = [_with_values(actfn.get(name)) for name in names]
    _check(_together(layers), X, tmp_path / "model.tflite", 2)


@pytest.mark.slow
def test_a_network_with_a_residual_in_8_bits(tmp_path):
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(8, 3, padding="same")(images)
    x = shortcut = actfn.get("mish")(keras.layers.BatchNormalization()(x))
    x = keras.layers.Conv2D(8, 3, padding="same", activation="actfn>golu")(x)
    x = keras.layers.Flatten()(keras.layers.Add()([x, shortcut]))
    model = keras.Model(images, keras.layers.Dense(10)(x))
    x = np.random.default_rng(0).normal(size=(32, 8, 8, 3)).astype("float32")
    # The last layer adds up the roundings of 512 numbers.
    _check(model, x, tmp_path / "model.tflite", 6)


@pytest.mark.slow
def test_inputs_by_name_and_integers(tmp_path):
    inputs = {
        "zeta": keras.Input((3,), name="zeta"),
        "alpha": keras.Input((4,), name="alpha"),
        "token": keras.Input((), dtype="int32", name="token"),
    }
    embedded = keras.layers.Embedding(10, 4)(inputs["token"])
    x = keras.layers.Concatenate()([inputs["alpha"], inputs["zeta"], embedded])
    model = keras.Model(inputs, {"u": x, "k": actfn.get("telu")(x)})
    rng = np.random.default_rng(0)
    data = {
        "alpha": rng.normal(size=(20, 4)),
        "token": rng.integers(0, 10, 20),
        "zeta": 9 * rng.normal(size=(20, 3)),
    }
    path = export(model, tmp_path / "model.tflite", "litert_int8", data)
    run = tf.lite.Interpreter(str(path)).get_signature_runner()
    details = run.get_input_details()
    assert details["zeta"]["dtype"] == details["alpha"]["dtype"] == np.int8
    assert details["token"]["dtype"] == np.int32
    assert {*run.get_output_details()} == {"u", "k"}


def test_erf_without_an_operator_for_it():
    x = np.linspace(-6, 6, 1001).astype("float32")
    found = ops.convert_to_numpy(forms.erf(ops.convert_to_tensor(x)))
    np.testing.assert_allclose(found, special.erf(x), atol=1e-6)


def test_tables_with_values_of_each_channel(tmp_path):
    layers = [_with_values(actfn.get(n)) for n in ("prelu", "telu", "siren")]
    model = _together([*layers, actfn.get("sinc(x) * erf(x)")])
    _check(model, X, tmp_path / "model.tflite", 1)


@pytest.mark.slow
def test_channels_first_and_a_layer_in_two_places(tmp_path):
    inputs = keras.Input((4, 2, 6))
    layer = actfn.get("prelu", axis=1)
    y = layer(inputs)
    layer.beta.assign([-1, 0.1, 0.5, 2])
    model = keras.Model(inputs, [y, layer(y)])
    x = np.linspace(-6, 6, 16 * 48).reshape(16, 4, 2, 6).astype("float32")
    # The second rounds what the first has rounded, with a slope of 2.
    _check(model, x, tmp_path / "model.tflite", 2)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        # As Keras writes it: eight roundings.
        ("mish", r"`steps`, 2, .*'activation\w*': '\S+ steps of"),
        (keras.ops.erf, "litert_int8 has no erf"),
        (keras.ops.sin, "litert_int8 has no sin"),
        # LiteRT's converter ends its process.
        (actfn.get("exp(exp(x))"), "that LiteRT converts to 8 bits.*scale"),
        (actfn.get("log(x)"), r"numbers over all.*log\(x\) is none at -7\.97"),
    ],
)
@pytest.mark.slow
def test_what_8_bits_cannot_do_is_refused(function, expected, tmp_path):
    activation = keras.layers.Activation(function)
    model = keras.Sequential([keras.Input((8,)), activation])
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match=expected):
        export(model, path, "litert_int8", X)
    assert not path.exists()


@pytest.mark.slow
def test_a_file_that_does_not_run_is_refused(tmp_path):
    inputs = keras.Input((8,))
    # LiteRT takes the code 0 of a divisor, half of its range, for 0.
    model = keras.Model(inputs, inputs / (ops.abs(inputs) + 0.01))
    x = np.linspace(-8, 8, 256 * 8).reshape(256, 8)
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match=r"LiteRT runs in 8 bits.*\(DIV\)"):
        export(model, path, "litert_int8", x)
    assert not path.exists()


def test_the_distance_allowed_is_the_caller_s(tmp_path):
    model = _together([actfn.get("mish")])
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match=r"`steps`, 0.1, .*softplus"):
        export(model, path, "litert_int8", X, steps=0.1)
    assert not path.exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, r"`representative_data`.* Received: None"),
        ({"representative_data": X[:, :3]}, r"\(examples, 8\).*\(64, 3\)"),
        ({"representative_data": X[:0]}, r"\(examples, 8\).*\(0, 8\)"),
        ({"representative_data": [X, X]}, "structure of the model's inputs"),
        ({"representative_data": np.full_like(X, np.nan)}, "must be finite"),
        ({"representative_data": X.astype(str)}, "must be numbers"),
        ({"representative_data": X, "steps": -1}, "`steps`.*Received: -1"),
        ({"representative_data": X, "steps": "2"}, "`steps`.*Received: '2'"),
    ],
)
def test_data_that_does_not_fit_is_refused(given, expected, tmp_path):
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match=expected):
        export(_together([actfn.get("mish")]), path, "litert_int8", **given)
    assert not path.exists()


def test_inputs_have_as_many_examples(tmp_path):
    inputs = [keras.Input((8,)), keras.Input((8,))]
    model = keras.Model(inputs, keras.layers.Add()(inputs))
    with pytest.raises(ValueError, match=r"as many examples.*\[64, 60\]"):
        export(model, tmp_path / "m.tflite", "litert_int8", [X, X[:60]])


def test_models_without_inputs_are_refused(tmp_path):
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="`model` must have `inputs`"):
        export(Own(), tmp_path / "model.tflite", "litert_int8", X)


def test_other_formats_take_no_data(tmp_path):
    with pytest.raises(ValueError, match="None but for litert_int8"):
        export(
            _together([actfn.get("mish")]),
            tmp_path / "m.tflite",
            "litert",
            representative_data=X,
        )
