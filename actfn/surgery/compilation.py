"""Compiles copies of models as the models are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

_METHODS = ("compile", "get_compile_config", "compile_from_config")


@contextlib.contextmanager
def not_compiled(model: keras.Model) -> Iterator[None]:
    """Lets Keras clone a model without its compilation."""
    before = model.compiled
    model.compiled = False
    try:
        yield
    finally:
        model.compiled = before


def compile_like(model: keras.Model, copy: keras.Model) -> None:
    """Compiles a copy as its model is, if it is.

    Functions stand in it as they are: Keras's config has names, which nobody
    may know, and of a lambda its code, which it refuses to read. Optimizer,
    losses and metrics have a state and are made anew.
    """
    if not model.compiled:
        return
    given = getattr(model, "_compile_config", None)
    own = any(
        getattr(type(model), name) is not getattr(keras.Model, name)
        for name in _METHODS
    )
    if own or given is None:
        copy.compile_from_config(model.get_compile_config())
        return
    copy.compile(**keras.tree.map_structure(_again, given.config))
    if copy.built:
        copy.optimizer.build(copy.trainable_variables)


def _again(given: Any) -> Any:
    if not hasattr(given, "get_config"):
        return given
    config = keras.saving.serialize_keras_object(given)
    return keras.saving.deserialize_keras_object(config)
