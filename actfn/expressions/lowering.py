"""Operators in other forms, for file formats that lack the usual ones."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Mapping

_forms: contextvars.ContextVar = contextvars.ContextVar("forms")
_kernels: contextvars.ContextVar = contextvars.ContextVar("kernels")


@contextlib.contextmanager
def lowered(forms: Mapping[str, Callable], kernels: bool = True):
    """Evaluates operators by other functions, while the context is open.

    Args:
        forms: Functions of tensors by the name of the operator.
        kernels: Whether layers may compute whole expressions by kernels of
            the library.
    """
    tokens = _forms.set(forms), _kernels.set(kernels)
    try:
        yield
    finally:
        _forms.reset(tokens[0])
        _kernels.reset(tokens[1])


def form(name: str, function: Callable) -> Callable:
    """Returns the form of an operator, `function` if it has no other."""
    return _forms.get({}).get(name, function)


def with_kernels() -> bool:
    """Whether layers may compute whole expressions by kernels."""
    return _kernels.get(True)
