"""Saved and exported models compute the same in their own interpreters."""

import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

import actfn
from actfn.export import export, forms
from actfn.expressions import words

tf = pytest.importorskip("tensorflow")

X = np.concatenate([np.linspace(-8, 8, 61), [0, 1e-3, -1e-3]])
X = X.astype("float32").reshape(8, 8)
SINGLE = (
    "asinh(x)", "sinh(x)", "cosh(x)", "atan(x)", "expm1(x)", "log_abs(x)",
    "sqrt(x)", "sinc(x)", "gauss(x)", "softplus(x) * x",
    # Where LiteRT's own softplus overflows.
    "softplus(40 * x) * x", "x / (x + beta)",
    "rbf(x, sin(x), beta)", "laplace(x, sin(x), beta)", "mix(x, cos(x), beta)",
    "abs(x) ** 1.5", "gate(sin(x), x)", "x ** 3", "max(x, beta * x)",
)  # fmt: skip


def _model(text):
    return keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(
                8, use_bias=False, kernel_initializer="identity"
            ),
            actfn.get(text),
        ]
    )


def _run_saved_model(path, x):
    loaded = tf.saved_model.load(path)  # Owns the variables.
    return [y.numpy() for y in tf.nest.flatten(loaded.serve(x))]


def _run_litert(path, x):
    interpreter = tf.lite.Interpreter(path)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, x.shape)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()
    found = run(**{next(iter(run.get_input_details())): x})
    return [found[f"output_{i}"] for i in range(len(found))]


def _run_onnx(path, x):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(path)
    return session.run(None, {session.get_inputs()[0].name: x})


_RUN = {
    "tf_saved_model": _run_saved_model,
    "litert": _run_litert,
    "onnx": _run_onnx,
}


def _random_layers(count):
    rng = np.random.default_rng(11)
    spaces = [actfn.SearchSpace(1), actfn.SearchSpace(2)]
    layers = []
    for i in range(count):
        layer = actfn.get(spaces[i % 2].sample(rng))
        layer.build((None, 8))
        for weight in layer.weights:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        layers.append(layer)
    return layers


def _agree(found, layers, x):
    assert len(found) == len(layers)
    for y, layer in zip(found, layers, strict=True):
        expected, low, high = (
            np.asarray(layer(np.nextafter(x, np.float32(to)) if to else x))
            for to in (0, -np.inf, np.inf)
        )
        with np.errstate(invalid="ignore", over="ignore"):
            bound = 1e-4 * np.maximum(np.abs(expected), 0.1)
            moved = np.maximum(abs(low - expected), abs(high - expected))
            kept = np.isfinite(expected) & (moved <= bound)
            error = np.broadcast_to(y, x.shape) - expected
        wrong = kept & ~(abs(error) <= bound)
        assert not wrong.any(), (layer.get_config(), x[wrong], error[wrong])


# The one operator of the paper that a format does not have.
_LACKING = {"litert": "erf"}
# Has a kernel of its own there, which a converter may find in a sum as well.
_GELU = actfn.catalog.entry("gelu").expression


def _check_all(layers, x, path, format):
    """Exports them, many in one model; what is lacking is refused by name."""
    lacking = _LACKING.get(format, "?") + "("
    refused, taken = [], []
    for layer in layers:
        text = str(words.expand(layer.expression))
        lacks = lacking in text and text != _GELU
        (refused if lacks else taken).append(layer)
    for i in range(0, len(taken), 20):
        group = taken[i : i + 20]
        written = export(_together(group), path, format)
        _agree(_RUN[format](str(written), x), group, x)
        shutil.rmtree(written) if written.is_dir() else written.unlink()
    for group in [refused, *([layer] for layer in refused[-3:])] * bool(
        refused
    ):
        with pytest.raises(ValueError, match=f"{format} has no {lacking[:-1]}"):
            export(_together(group), path, format)
        assert not path.exists()


@pytest.mark.slow
@pytest.mark.parametrize("format", _RUN)
def test_the_catalog_agrees_or_names_what_is_lacking(format, tmp_path):
    if format == "onnx":
        pytest.importorskip("tf2onnx")
    layers = [actfn.get(text) for text in [*actfn.catalog.names(), *SINGLE]]
    for layer in layers:
        layer.build((None, 8))
    _check_all(layers, X, tmp_path / "model", format)


@pytest.mark.slow
@pytest.mark.parametrize("format", _RUN)
def test_random_functions_agree_or_name_what_is_lacking(format, tmp_path):
    if format == "onnx":
        pytest.importorskip("tf2onnx")
    x = np.random.default_rng(5).normal(size=(32, 8)).astype("float32")
    _check_all(_random_layers(200), x, tmp_path / "model", format)


def _together(layers):
    inputs = keras.Input((8,))
    return keras.Model(inputs, [layer(inputs) for layer in layers])


@pytest.mark.slow
def test_onnx_of_images_of_any_size(tmp_path):
    pytest.importorskip("tf2onnx")
    runtime = pytest.importorskip("onnxruntime")
    layers = {name: actfn.get(name) for name in actfn.catalog.names()}
    images = keras.Input((None, None, 8))
    model = keras.Model(images, [layer(images) for layer in layers.values()])
    path = export(model, tmp_path / "model.onnx", "onnx")
    session = runtime.InferenceSession(str(path))
    name = session.get_inputs()[0].name
    for shape in ((1, 3, 5, 8), (2, 8, 1, 8)):
        x = np.resize(X, shape)
        for function, found in zip(
            layers, session.run(None, {name: x}), strict=True
        ):
            expected = ops.convert_to_numpy(layers[function](x))
            scale = np.maximum(np.abs(expected), 0.1)
            error = np.max(np.abs(found - expected) / scale)
            assert error < 1e-4, function


def test_onnx_of_a_model_of_images_of_any_size(tmp_path):
    pytest.importorskip("tf2onnx")
    runtime = pytest.importorskip("onnxruntime")
    images = keras.Input((None, None, 3), name="images")
    y = keras.layers.Conv2D(4, 5, strides=2)(images)
    model = keras.Model({"images": images}, {"y": actfn.get("swish")(y)})
    path = export(model, tmp_path / "model.onnx", "onnx")
    session = runtime.InferenceSession(str(path))
    x = np.resize(X, (2, 9, 7, 3))
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    expected = model({"images": x})["y"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("format", _RUN)
def test_gated_functions(format, tmp_path):
    if format == "onnx":
        pytest.importorskip("tf2onnx")
    names = [*actfn.catalog.gated_names(), "x * sigmoid(beta * y)"]
    layers = [actfn.get(name) for name in names]
    path = str(export(_together(layers), tmp_path / "model", format))
    for y, layer in zip(_RUN[format](path, X), layers, strict=True):
        np.testing.assert_allclose(y, layer(X), rtol=1e-4, atol=1e-5)


def test_log1p_for_onnx():
    near = np.geomspace(1e-12, 0.99, 200)
    x = np.concatenate([-near, [0, np.inf], near, np.geomspace(1, 1e30, 50)])
    x = x.astype("float32")
    found = ops.convert_to_numpy(tf.function(forms.log1p)(x))
    np.testing.assert_allclose(found, np.log1p(x.astype("float64")), rtol=1e-6)


def test_an_operator_that_a_format_lacks_is_named(tmp_path):
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match="litert has no erf"):
        export(_model("erf(x) * tanh(x)"), path, "litert")
    assert not path.exists()


def test_a_layer_called_flex_is_no_operator(tmp_path):
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(3, name="FlexNet")]
    )
    export(model, tmp_path / "model.tflite", "litert")


class _Undecided(keras.layers.Layer):
    def call(self, x):
        return x if keras.ops.sum(x) > 0 else -x

    def compute_output_shape(self, input_shape):
        return input_shape


@pytest.mark.parametrize("format", ["tf_saved_model", "litert"])
def test_an_error_of_the_model_is_told_as_it_is(format, tmp_path):
    model = keras.Sequential([_Undecided()])
    model(np.ones((1, 8), "float32"))
    with pytest.raises(Exception, match="symbolic"):
        export(model, tmp_path / "model", format)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="`path` must be a file"):
        export(_model("relu"), tmp_path, "litert")
    assert not [*tmp_path.iterdir()]


def test_an_invalid_onnx_file_is_an_error(tmp_path):
    pytest.importorskip("tf2onnx")
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Activation(tf.math.log1p)]
    )
    path = tmp_path / "model.onnx"
    with pytest.raises(ValueError, match="onnx has no log1p"):
        export(model, path, "onnx")
    assert not path.exists()


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`format`.*Received: 'pickle'"):
        export(_model("relu"), tmp_path / "model", "pickle")


_RELOAD = """
import json, sys
import keras, numpy as np, actfn
folder, count = sys.argv[1], int(sys.argv[2])
x = np.load(f"{folder}/x.npy")
for i in range(count):
    model = keras.saving.load_model(f"{folder}/{i}.keras")
    np.save(f"{folder}/{i}.npy", np.stack(model(x)))
"""


def test_keras_files_reload_in_a_new_process(tmp_path):
    rng = np.random.default_rng(7)
    spaces = [actfn.SearchSpace(1), actfn.SearchSpace(2)]
    functions = [*actfn.catalog.names()]
    functions += [spaces[i % 2].sample(rng) for i in range(200)]
    np.save(tmp_path / "x.npy", X)
    models = []
    for i in range(0, len(functions), 50):
        model = _together(map(actfn.get, functions[i : i + 50]))
        for weight in model.weights:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        model.save(tmp_path / f"{len(models)}.keras")
        models.append(model)
    subprocess.run(
        [sys.executable, "-c", _RELOAD, str(tmp_path), str(len(models))],
        check=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    for i, model in enumerate(models):
        np.testing.assert_array_equal(
            np.load(tmp_path / f"{i}.npy"), np.stack(model(X))
        )


def test_the_config_is_json():
    layer = actfn.get("prelu", recompute=False)
    config = json.loads(json.dumps(layer.get_config()))
    assert actfn.get(config).get_config() == layer.get_config()
