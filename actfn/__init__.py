"""Find activation functions by search, and use them as Keras layers."""

import contextlib
import importlib
import sys

from actfn.cli import quiet_start

# Python says so while it prepares ``python -m actfn``.
_IS_PROGRAM = sys.argv[:1] == ["-m"] and "actfn" in sys.orig_argv

with quiet_start() if _IS_PROGRAM else contextlib.nullcontext():
    from actfn import catalog
    from actfn.catalog import get
    from actfn.expressions.expression import Expression, ExpressionError
    from actfn.expressions.operators import register_operator
    from actfn.expressions.parsing import parse
    from actfn.layers import ActivationFunction, GatedFunction
    from actfn.spaces.canonical import canonicalize
    from actfn.spaces.grammar import SearchSpace
    from actfn.surgery import swap_activations

__all__ = [
    "ActivationFunction",
    "Expression",
    "ExpressionError",
    "GatedFunction",
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
