"""Find activation functions by search, and use them as Keras layers."""

import importlib

from actfn import catalog
from actfn.catalog import get
from actfn.expressions.expression import Expression, ExpressionError
from actfn.expressions.operators import register_operator
from actfn.expressions.parsing import parse
from actfn.layers import ActivationFunction
from actfn.spaces.canonical import canonicalize
from actfn.spaces.grammar import SearchSpace
from actfn.surgery import swap_activations

__all__ = [
    "ActivationFunction",
    "Expression",
    "ExpressionError",
    "SearchSpace",
    "canonicalize",
    "catalog",
    "get",
    "parse",
    "register_operator",
    "swap_activations",
]

_ON_FIRST_USE = ("analysis", "bench", "export", "search")


def __getattr__(name: str):
    """Imports a module of the package at its first use."""
    if name in _ON_FIRST_USE:
        try:
            return importlib.import_module(f"actfn.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"actfn.{name}":
                raise
    raise AttributeError(f"module 'actfn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_FIRST_USE})
