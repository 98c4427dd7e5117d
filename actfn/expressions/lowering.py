"""Operators in other forms, for file formats that lack the usual ones."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Mapping

_forms: contextvars.ContextVar = contextvars.ContextVar("forms")
_kernels: contextvars.ContextVar = contextvars.ContextVar("kernels")
_around: contextvars.ContextVar = contextvars.ContextVar("around")


@contextlib.contextmanager
def lowered(
    forms: Mapping[str, Callable],
    kernels: bool = True,
    around: Callable | None = None,
):
    """Evaluates operators by other functions, while the context is open.

    Args:
        forms: Functions of tensors by the name of the operator.
        kernels: Whether layers may compute whole expressions by kernels of
            the library.
        around: ``around(compute, expression, x, values, inputs)`` returns what
            a layer does, where ``compute(x)`` would have been it. Parameters
            are read outside of graphs then. On TensorFlow only.
    """
    tokens = _forms.set(forms), _kernels.set(kernels), _around.set(around)
    try:
        yield
    finally:
        _forms.reset(tokens[0])
        _kernels.reset(tokens[1])
        _around.reset(tokens[2])


def form(name: str, function: Callable) -> Callable:
    """Returns the form of an operator, `function` if it has no other."""
    return _forms.get({}).get(name, function)


def active() -> bool:
    """Whether operators are evaluated for a format that lacks some."""
    return bool(_forms.get({}))


def with_kernels() -> bool:
    """Whether layers may compute whole expressions by kernels."""
    return _kernels.get(True)


def around() -> Callable | None:
    """Returns what computes whole functions for layers, None if no other."""
    return _around.get(None)


def reading():
    """Returns a context to read parameters in: outside of graphs if wanted."""
    if around() is None:
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.init_scope()


def by_xla() -> bool:
    """Whether TensorFlow builds a graph that XLA will compile."""
    from tensorflow.python.framework import ops as graphs
    from tensorflow.python.ops import control_flow_util

    # Where TensorFlow itself asks; there is no public name.
    graph = graphs.get_default_graph()
    return control_flow_util.GraphOrParentsInXlaContext(graph)
