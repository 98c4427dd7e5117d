"""Catalog names as strings where Keras takes an activation.

``keras.layers.Dense(8, activation="actfn>mish")``: the prefix is that of
Keras's registry, so that a saved model finds the function again. Functions
with parameters have no place for their weights there and say so.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

import keras
from keras.src import activations

from actfn.expressions import ops
from actfn.expressions.expression import Expression, parameters
from actfn.expressions.parsing import parse
from actfn.layers.kernels import activate

PACKAGE = "actfn"


def register(entries: Iterable) -> None:
    """Makes ``actfn>NAME`` an activation of Keras for each catalog entry."""
    for entry in entries:
        function = _function(entry.name, entry.expression)
        keras.saving.register_keras_serializable(PACKAGE, entry.name)(function)
        # `keras.activations.get` looks up strings here alone.
        activations.ALL_OBJECTS_DICT[f"{PACKAGE}>{entry.name}"] = function


def _function(name: str, text: str) -> Callable:
    def function(x):
        expression = _plain(name, text)
        x = ops.convert_to_tensor(x)
        if not keras.backend.is_float_dtype(
            keras.backend.standardize_dtype(x.dtype)
        ):
            x = ops.cast(x, keras.config.floatx())
        return activate(expression, x, {})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Returns {text}, elementwise."
    return function


@functools.cache
def _plain(name: str, text: str) -> Expression:
    expression = parse(text)
    if found := parameters(expression):
        raise ValueError(
            f"`activation` must be a function without parameters; {name} has "
            f"{len(found)}. Use actfn.get({name!r}) as a layer of its own. "
            f"Received: '{PACKAGE}>{name}'"
        )
    return expression
