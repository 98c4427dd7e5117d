"""Models for other runtimes: SavedModel, LiteRT and ONNX, checked."""

from __future__ import annotations

import pathlib
import shutil
import tempfile

import keras

from actfn.export import forms, integers, representative
from actfn.export.lacking import names, operators_in
from actfn.expressions.lowering import lowered

FORMATS = ("tf_saved_model", "litert", "litert_int8", "onnx")
_SUFFIXES = {"litert": ".tflite", "litert_int8": ".tflite", "onnx": ".onnx"}


def export(
    model: keras.Model,
    path: str | pathlib.Path,
    format: str,
    representative_data=None,
    steps: float = 2.0,
) -> pathlib.Path:
    """Exports a model and checks that the format has its operators.

    `model.export` may write a LiteRT file that needs TensorFlow's operators
    beside LiteRT's own, or an ONNX file with operators that ONNX does not
    have. Here that is an error, and nothing is written. Needs TensorFlow, and
    `tf2onnx` and `onnx` for ONNX.

    "litert_int8" computes in integers of 8 bits alone, and takes and gives
    them. Functions of this package are tables there, as near as 8 bits can
    be. The file is run in a process of its own and compared with the model,
    both at what 8 bits leave of the representative data.

    Args:
        model: A built model.
        path: A folder for a SavedModel, else a file.
        format: "tf_saved_model", "litert", "litert_int8" or "onnx".
        representative_data: For "litert_int8", some hundred inputs as the
            model is called with them, an array or arrays: they decide the
            range of each tensor. None for others.
        steps: For "litert_int8", how far outputs may be from the model's, in
            steps of 8 bits. Outputs that are integers in the model are not
            compared.

    Returns:
        The path.

    Raises:
        ValueError: The format is unknown or lacks an operator, which is
            named; or the data does not fit; or outputs are too far away, each
            of which is named with the distance.
    """
    if format not in FORMATS:
        raise ValueError(
            f"`format` must be one of {', '.join(FORMATS)}. "
            f"Received: {format!r}"
        )
    if format == "litert_int8":
        integers.check_steps(steps)
        data = representative.by_name(model, representative_data)
    elif representative_data is not None:
        raise ValueError(
            "`representative_data` must be None but for litert_int8. "
            f"Received: data for {format!r}"
        )
    path = pathlib.Path(path)
    suffix = _SUFFIXES.get(format, "")
    if suffix and path.is_dir():
        raise ValueError(
            f"`path` must be a file for {format!r}. Received: {path}, a folder"
        )
    with tempfile.TemporaryDirectory() as folder:
        written = pathlib.Path(folder, "model" + suffix)
        if format == "litert_int8":
            missing = integers.write(model, written, data)
        else:
            missing = _write(model, written, format)
        if missing:
            raise ValueError(
                f"`format` must have all operators of the model. {format} has "
                f"no {', '.join(missing)}. Received: {format!r}"
            )
        if format == "litert_int8":
            integers.check(model, written, data, steps)
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
        missing = operators_in(str(error))
        # A SavedModel has all operators: the model itself is at fault.
        if not missing or format == "tf_saved_model":
            raise
        return missing
    if format == "litert":
        from actfn.export import graphs

        return graphs.of_tensorflow(path)
    if format == "onnx":
        import onnx

        try:
            onnx.checker.check_model(str(path), full_check=True)
        except onnx.checker.ValidationError as error:
            return names(r"No Op registered for (\w+)", str(error)) or [
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
