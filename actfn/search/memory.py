"""Gives memory back that TensorFlow keeps of models that are gone."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

import keras
from keras.src.backend.common import global_state

_SETTINGS = (
    "custom_objects_scope_dict",
    "distribution",
    "dtype_policy",
    "flash_attention",
    "interactive_logging",
    "nnx_enabled",
    "safe_mode_saving",
    "torch_device",
    "traceback_filtering",
)


@contextlib.contextmanager
def released() -> Iterator[None]:
    """Frees, at the end, all that was built and traced within.

    TensorFlow registers each gradient that `tf.custom_gradient` has put into a
    graph under a name of its own and never takes it back; with it stay the
    graph and every tensor that it captured, some 10 MB a small network. There
    is no public way to undo that.
    """
    registry = _gradients()
    before = set(registry)
    with _looked_at_alone():
        try:
            yield
        finally:
            for name in set(registry) - before:
                if name.startswith("CustomGradient-"):
                    del registry[name]
            _clear_session()


@contextlib.contextmanager
def _looked_at_alone() -> Iterator[None]:
    """Has the garbage collector look at what is made within, and no more.

    Keras has it look at everything, which takes a third of a second where
    TensorFlow is loaded: as long as many a small child trains.
    """
    if gc.get_freeze_count():  # somebody else's, or a child within a child
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _clear_session() -> None:
    """Clears Keras's session, but for what the program has set.

    Keras forgets that with the rest, and has no way to ask for all of it.
    """
    kept = {name: global_state.get_global_attribute(name) for name in _SETTINGS}
    keras.backend.clear_session()
    for name, value in kept.items():
        if value is not None:
            global_state.set_global_attribute(name, value)


def _gradients() -> dict:
    """Returns TensorFlow's registry; other backends have none."""
    if keras.backend.backend() != "tensorflow":
        return {}
    from tensorflow.python.framework import ops

    return ops.gradient_registry._registry
