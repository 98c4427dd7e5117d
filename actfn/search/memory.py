"""Gives memory back that TensorFlow keeps of models that are gone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras


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
    try:
        yield
    finally:
        for name in set(registry) - before:
            if name.startswith("CustomGradient-"):
                del registry[name]
        keras.backend.clear_session()


def _gradients() -> dict:
    """Returns TensorFlow's registry; other backends have none."""
    if keras.backend.backend() != "tensorflow":
        return {}
    from tensorflow.python.framework import ops

    return ops.gradient_registry._registry
