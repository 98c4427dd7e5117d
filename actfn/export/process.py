"""Converts and runs LiteRT files; a program, since LiteRT may end a process.

``python process.py convert SAVED_MODEL DATA FILE`` writes a file in integers
of 8 bits; DATA is an .npz file with examples of each input by name.
``python process.py run FILE DATA RESULT`` writes another one: ``inputs/NAME``,
as the file's integers say, and ``outputs/NAME`` in floating-point numbers, with
the size of a step, ``steps/NAME``, 0 where an output is not in 8 bits.
"""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import tensorflow as tf

_BATCH = 32


def _convert(saved_model: str, data: str, file: str) -> None:
    with np.load(data) as given:
        examples = dict(given)
    count = len(next(iter(examples.values())))
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        {name: part[i : i + 1] for name, part in examples.items()}
        for i in range(count)
    )
    # What is left in floats may be in the place of a table.
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
        tf.lite.OpsSet.TFLITE_BUILTINS,
    ]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    pathlib.Path(file).write_bytes(converter.convert())


def _codes(x: np.ndarray, detail: dict) -> np.ndarray:
    scale, zero = detail["quantization"]
    if not scale:
        return x.astype(detail["dtype"])
    limits = np.iinfo(detail["dtype"])
    codes = np.round(x / scale) + zero
    return np.clip(codes, limits.min, limits.max).astype(detail["dtype"])


def _numbers(codes: np.ndarray, detail: dict) -> np.ndarray:
    scale, zero = detail["quantization"]
    if not scale:
        return codes
    return np.float32(scale) * (codes.astype("int32") - zero)


def _run(file: str, data: str, result: str) -> None:
    interpreter = tf.lite.Interpreter(file)
    run = interpreter.get_signature_runner()
    of_inputs, of_outputs = run.get_input_details(), run.get_output_details()
    with np.load(data) as given:
        codes = {k: _codes(given[k], of_inputs[k]) for k in of_inputs}
    found = {f"inputs/{k}": _numbers(v, of_inputs[k]) for k, v in codes.items()}
    parts = []
    for i in range(0, len(next(iter(codes.values()))), _BATCH):
        part = run(**{k: v[i : i + _BATCH] for k, v in codes.items()})
        parts.append({k: _numbers(v, of_outputs[k]) for k, v in part.items()})
    for k, detail in of_outputs.items():
        found[f"outputs/{k}"] = np.concatenate([part[k] for part in parts])
        found[f"steps/{k}"] = detail["quantization"][0]
    np.savez(result, **found)


if __name__ == "__main__":
    {"convert": _convert, "run": _run}[sys.argv[1]](*sys.argv[2:])
