"""How a function with the data inside it gets to other processes."""

from __future__ import annotations

import mmap
import os
import pathlib
import pickle
import sys
from typing import Any

import cloudpickle

_ALIGNMENT = 64


def dump(function: Any, folder: pathlib.Path) -> None:
    """Writes a function to a folder; its arrays lie there to be mapped.

    Raises:
        ValueError: It cannot be pickled.
    """
    buffers: list[pickle.PickleBuffer] = []
    places = []
    text = to_bytes(function, buffers)
    with (folder / "data").open("wb") as file:
        for buffer in buffers:
            file.write(bytes(-file.tell() % _ALIGNMENT))
            raw = buffer.raw()
            places.append((file.tell(), raw.nbytes))
            file.write(raw)
    (folder / "function").write_bytes(pickle.dumps((text, places)))


def load(folder: pathlib.Path) -> Any:
    """Returns what `dump` has written; memory is shared until written to."""
    text, places = pickle.loads((folder / "function").read_bytes())
    if not places:
        return pickle.loads(text)
    with (folder / "data").open("rb") as file:
        mapped = memoryview(
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            if any(size for _, size in places)
            else bytearray()
        )
    views = [mapped[start : start + size] for start, size in places]
    return pickle.loads(text, buffers=views)


def to_bytes(function: Any, buffers: list | None = None) -> bytes:
    """Pickles a function, a closure or a notebook's one too.

    Args:
        function: What.
        buffers: Takes the data of its arrays, which are left out then.

    Raises:
        ValueError: It cannot be pickled.
    """
    take = None if buffers is None else buffers.append
    try:
        return cloudpickle.dumps(function, protocol=5, buffer_callback=take)
    except Exception as error:
        raise ValueError(
            "What runs in other processes must be picklable, with all that it "
            "uses; make data sets and the like (tf.data) inside of it. "
            f"Received: {type(error).__name__}: {error}"
        ) from error


def environment(threads: int = 1) -> dict[str, str]:
    """Returns the variables of a worker: its threads and Keras's backend."""
    number = str(threads)
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    names += ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    variables = dict.fromkeys(names, number)
    variables["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get(
        "TF_CPP_MIN_LOG_LEVEL", "3"
    )
    if keras := sys.modules.get("keras"):
        variables["KERAS_BACKEND"] = keras.config.backend()
    if threads == 1 and variables.get("KERAS_BACKEND") == "jax":
        flag = "--xla_cpu_multi_thread_eigen=false"
        flags = os.environ.get("XLA_FLAGS", "")
        variables["XLA_FLAGS"] = f"{flags} {flag}".strip()
    return variables
