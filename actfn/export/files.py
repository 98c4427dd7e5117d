"""Models for other runtimes: SavedModel, LiteRT and ONNX, checked."""

from __future__ import annotations

import pathlib
import re
import shutil
import tempfile

import keras

from actfn.export import forms
from actfn.expressions.lowering import lowered

FORMATS = ("tf_saved_model", "litert", "onnx")


def export(
    model: keras.Model, path: str | pathlib.Path, format: str
) -> pathlib.Path:
    """Exports a model and checks that the format has its operators.

    `model.export` may write a LiteRT file that needs TensorFlow's operators
    beside LiteRT's own, or an ONNX file with operators that ONNX does not
    have. Here that is an error, and nothing is written. Needs TensorFlow, and
    `tf2onnx` and `onnx` for ONNX.

    Args:
        model: A built model.
        path: A folder for a SavedModel, else a file.
        format: "tf_saved_model", "litert" or "onnx".

    Returns:
        The path.

    Raises:
        ValueError: The format is unknown or lacks an operator, which is named.
    """
    if format not in FORMATS:
        raise ValueError(
            f"`format` must be one of {', '.join(FORMATS)}. "
            f"Received: {format!r}"
        )
    path = pathlib.Path(path)
    suffix = {"litert": ".tflite", "onnx": ".onnx"}.get(format, "")
    with tempfile.TemporaryDirectory() as folder:
        written = pathlib.Path(folder, "model" + suffix)
        missing = _write(model, written, format)
        if missing:
            raise ValueError(
                f"`format` must have all operators of the model. {format} has "
                f"no {', '.join(missing)}. Received: {format!r}"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        if written.is_dir():
            shutil.copytree(written, path, dirs_exist_ok=True)
        else:
            shutil.copy(written, path)
    return path


def _write(model: keras.Model, path: pathlib.Path, format: str) -> list[str]:
    """Writes the file and returns the names of operators that it lacks."""
    if format == "onnx" and getattr(model, "inputs", None):
        _call(model)
    try:
        with lowered({} if format == "tf_saved_model" else forms.FLOAT):
            model.export(str(path), format=format, verbose=False)
    except Exception as error:  # Converters raise classes of their own.
        missing = _names(r"\btf\.([A-Z]\w*)", str(error))
        if not missing:
            raise
        return missing
    if format == "litert":
        # TensorFlow's operators are called "Flex..." in the file.
        return _names(r"Flex([A-Z]\w*)", path.read_bytes().decode("latin-1"))
    if format == "onnx":
        import onnx

        try:
            onnx.checker.check_model(str(path), full_check=True)
        except onnx.checker.ValidationError as error:
            return _names(r"No Op registered for (\w+)", str(error)) or [
                f"valid form of it ({error})"
            ]
    return []


def _call(model: keras.Model) -> None:
    """Calls a model without data: Keras exports no model never called."""
    sequential = isinstance(model, keras.Sequential)
    inputs = model.inputs[0] if sequential else model.input
    model(
        keras.tree.map_structure(
            # Sizes may be unknown.
            lambda t: keras.KerasTensor(t.shape, t.dtype),
            inputs,
        )
    )


def _names(pattern: str, text: str) -> list[str]:
    names = (name.lower() for name in re.findall(pattern, text))
    return sorted(set(names) - {"delegate"})
