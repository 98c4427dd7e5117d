"""Saved and exported models compute the same in their own interpreters."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import actfn
from actfn.export import export

tf = pytest.importorskip("tensorflow")

X = np.concatenate([np.linspace(-8, 8, 61), [0, 1e-3, -1e-3]])
X = X.astype("float32").reshape(8, 8)
SINGLE = (
    "asinh(x)", "sinh(x)", "cosh(x)", "atan(x)", "expm1(x)", "log_abs(x)",
    "sqrt(x)", "sinc(x)", "gauss(x)", "softplus(x) * x", "x / (x + beta)",
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


def _close(found, model):
    expected = model.predict(X, verbose=0)
    scale = np.maximum(np.abs(expected), 0.1)
    assert np.max(np.abs(found - expected) / scale) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("text", [*actfn.catalog.names(), *SINGLE])
def test_saved_model(text, tmp_path):
    model = _model(text)
    loaded = tf.saved_model.load(
        str(export(model, tmp_path / "model", "tf_saved_model"))
    )
    _close(loaded.serve(X).numpy(), model)


@pytest.mark.slow
@pytest.mark.parametrize("text", [*actfn.catalog.names(), *SINGLE])
def test_litert(text, tmp_path):
    model = _model(text)
    path = export(model, tmp_path / "model.tflite", "litert")
    interpreter = tf.lite.Interpreter(str(path))
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, X.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, X)
    interpreter.invoke()
    output = interpreter.get_output_details()[0]["index"]
    _close(interpreter.get_tensor(output), model)


@pytest.mark.slow
@pytest.mark.parametrize("text", [*actfn.catalog.names(), *SINGLE, "erf(x)"])
def test_onnx(text, tmp_path):
    pytest.importorskip("tf2onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = _model(text)
    path = export(model, tmp_path / "model.onnx", "onnx")
    session = runtime.InferenceSession(str(path))
    _close(session.run(None, {session.get_inputs()[0].name: X})[0], model)


def test_an_operator_that_a_format_lacks_is_named(tmp_path):
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match="litert has no erf"):
        export(_model("erf(x) * tanh(x)"), path, "litert")
    assert not path.exists()


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
    np.save(f"{folder}/{i}.npy", model(x))
"""


def test_keras_files_reload_in_a_new_process(tmp_path):
    rng = np.random.default_rng(7)
    spaces = [actfn.SearchSpace(1), actfn.SearchSpace(2)]
    functions = [*actfn.catalog.names()]
    functions += [spaces[i % 2].sample(rng) for i in range(200)]
    np.save(tmp_path / "x.npy", X)
    models = []
    for i, function in enumerate(functions):
        model = keras.Sequential([keras.Input((8,)), actfn.get(function)])
        for weight in model.weights:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        model.save(tmp_path / f"{i}.keras")
        models.append(model)
    subprocess.run(
        [sys.executable, "-c", _RELOAD, str(tmp_path), str(len(models))],
        check=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    for i, model in enumerate(models):
        np.testing.assert_array_equal(
            np.load(tmp_path / f"{i}.npy"), np.asarray(model(X))
        )


def test_the_config_is_json():
    layer = actfn.get("prelu", recompute=False)
    config = json.loads(json.dumps(layer.get_config()))
    assert actfn.get(config).get_config() == layer.get_config()
