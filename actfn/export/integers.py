"""LiteRT files in integers of 8 bits, checked against the float model."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping

import keras
import numpy as np

from actfn.export import forms
from actfn.export.lacking import operators_in
from actfn.export.representative import called_with
from actfn.export.sites import Sites
from actfn.export.tables import put_tables
from actfn.expressions.lowering import lowered

_PROGRAM = pathlib.Path(__file__).with_name("process.py")
_BATCH = 32


def check_steps(steps: float) -> None:
    """Raises ValueError if it is not a number of steps."""
    if isinstance(steps, bool) or not isinstance(steps, int | float):
        good = False
    else:
        good = steps >= 0
    if not good:
        raise ValueError(
            f"`steps` must be a number, 0 or more. Received: {steps!r}"
        )


def write(
    model: keras.Model, path: pathlib.Path, data: Mapping[str, np.ndarray]
) -> list[str]:
    """Writes the file and returns the names of operators that it lacks.

    Args:
        model: A model.
        path: The file.
        data: Examples of each input by name.

    Raises:
        ValueError: The converter fails, or a function is not a number
            somewhere in its range, or the backend is not TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "`format` must be another one where Keras's backend is not "
            "TensorFlow. Received: 'litert_int8' on "
            f"{keras.backend.backend()}"
        )
    from tensorflow.lite.tools import flatbuffer_utils

    from actfn.export import graphs

    sites = Sites()
    with tempfile.TemporaryDirectory() as folder:
        with lowered(forms.CALIBRATION, around=sites.around):
            model.export(folder, format="tf_saved_model", verbose=False)
        try:
            _process("convert", folder, data, path)
        except _StoppedError as error:
            missing = operators_in(error.args[0])
            if not missing:
                raise ValueError(
                    "`model` must be one that LiteRT converts to 8 bits. "
                    f"Received: {_last(error)}"
                ) from None
            return missing
    file = flatbuffer_utils.read_model(str(path))
    put_tables(file, sites.found)
    graphs.read_shapes_of_integers(file)
    graphs.forget_unused(file)
    path.write_bytes(flatbuffer_utils.convert_object_to_bytearray(file))
    return graphs.left_in_floats(file)


def check(
    model: keras.Model,
    path: pathlib.Path,
    data: Mapping[str, np.ndarray],
    steps: float,
) -> None:
    """Compares the file with the model, at what its codes say of the data.

    Raises:
        ValueError: An output is more than so many steps away, or the file
            does not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder, "result.npz")
        try:
            _process("run", path, data, result)
        except _StoppedError as error:
            raise ValueError(
                "`model` must be one that LiteRT runs in 8 bits. Received: "
                f"{_last(error)}"
            ) from None
        with np.load(result) as archive:
            found = dict(archive)
    expected = _outputs(model, [found[f"inputs/{name}"] for name in data])
    flat = keras.tree.flatten(expected)
    # As Keras calls them in the file; its dictionaries are sorted.
    called = [f"output_{i}" for i in range(len(flat))]
    called = sorted(expected) if isinstance(expected, dict) else called
    away = {}
    for name, output, part in zip(called, model.outputs, flat, strict=True):
        step = found[f"steps/{name}"]
        if step:  # Else it is of integers in the model as well.
            error = np.max(np.abs(found[f"outputs/{name}"] - part)) / step
            if not error <= steps:
                away[_maker(output)] = f"{error:.3g} steps of {step:.3g}"
    if away:
        raise ValueError(
            f"`model` must keep within `steps`, {steps:g}, of its outputs in "
            "floating-point numbers. Where roundings add up, give a larger "
            "number; where the range is wide, other `representative_data`. "
            f"Received: {away}"
        )


def _maker(output: keras.KerasTensor) -> str:
    """Returns the name of a layer, and of its function if it has one."""
    layer = output._keras_history.operation
    function = getattr(layer, "expression", None)
    return f"{layer.name}: {function}" if function else layer.name


def _outputs(model: keras.Model, inputs: list[np.ndarray]):
    """Returns the outputs in arrays, a batch at a time."""
    parts = []
    for i in range(0, len(inputs[0]), _BATCH):
        batch = [part[i : i + _BATCH] for part in inputs]
        of_model = keras.tree.pack_sequence_as(called_with(model), batch)
        outputs = model(of_model, training=False)
        parts.append(
            keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)
        )
    return keras.tree.map_structure(lambda *a: np.concatenate(a), *parts)


class _StoppedError(Exception):
    """LiteRT ended its process; the argument is what it said."""


def _last(error: _StoppedError) -> str:
    """Returns the last line that tells of an error, else the last."""
    lines = [line for line in error.args[0].splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()]
    return (telling or lines or ["nothing"])[-1].strip()


def _process(
    command: str, given, data: Mapping[str, np.ndarray], result
) -> None:
    """Runs `process.py`.

    Raises:
        _StoppedError: It does not come to its end.
    """
    with tempfile.TemporaryDirectory() as folder:
        examples = pathlib.Path(folder, "data.npz")
        np.savez(examples, **data)
        done = subprocess.run(
            [sys.executable, "-P", _PROGRAM, command, given, examples, result],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise _StoppedError(done.stderr)
