"""How a function with the data inside it gets to other processes."""

import os
import pathlib
import pickle
import sys
from collections.abc import Callable
from typing import Any

import cloudpickle
import numpy as np

_BIG = 2**20


def dump(function: Any, folder: str) -> None:
    """Writes a function to a folder; its big arrays lie there to be mapped."""
    files: list[memoryview] = []

    def stays_inside(buffer: pickle.PickleBuffer) -> bool:
        if is_big := buffer.raw().nbytes >= _BIG:
            files.append(buffer.raw())
        return not is_big

    files.insert(0, to_bytes(function, stays_inside))
    for number, data in enumerate(files):
        pathlib.Path(folder, str(number)).write_bytes(data)


def load(folder: str) -> Any:
    """Returns what `dump` has written; memory is shared until written to."""
    paths = [f"{folder}/{n}" for n in range(len(os.listdir(folder)))]
    text, *buffers = (np.memmap(path, mode="c") for path in paths)
    return pickle.loads(text, buffers=buffers)


def to_bytes(function: Any, stays_inside: Callable = lambda buffer: 0) -> bytes:
    """Pickles a function, a closure or a notebook's too.

    Raises:
        ValueError: It cannot be pickled.
    """
    try:
        return cloudpickle.dumps(function, 5, stays_inside)
    except Exception as error:
        raise ValueError(
            "What runs in other processes must be picklable, with all that it "
            "uses; make data sets and the like (tf.data) inside of it. "
            f"Received: {type(error).__name__}: {error}"
        ) from error


def environment(threads: int = 1) -> dict[str, str]:
    """Returns the variables of a worker: its threads and Keras's backend."""
    names = "TF_NUM_INTRAOP TF_NUM_INTEROP OMP_NUM OPENBLAS_NUM MKL_NUM"
    variables = {f"{name}_THREADS": str(threads) for name in names.split()}
    level = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
    variables["TF_CPP_MIN_LOG_LEVEL"] = level
    if keras := sys.modules.get("keras"):
        variables["KERAS_BACKEND"] = keras.config.backend()
    if threads == 1 and variables.get("KERAS_BACKEND") == "jax":
        flags = os.environ.get("XLA_FLAGS", "")
        flags += " --xla_cpu_multi_thread_eigen=false"
        variables["XLA_FLAGS"] = flags.strip()
    return variables
