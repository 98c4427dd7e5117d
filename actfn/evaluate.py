"""Values and derivatives of expressions on tensors, in `keras.ops`.

An expression is compiled once into a list of steps in which each distinct
sub-expression occurs once. Its gradient is taken backwards over these steps
with the derivatives of the operator table, and recomputes them: between the
forward and the backward pass nothing is kept but the input and the parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from keras import ops

from actfn import operators
from actfn.expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
    parameters,
)


def evaluate(expression: Expression, x, values: Mapping[str, object] = {}):
    """Returns the function's value at x, differentiable any number of times.

    Args:
        expression: What to evaluate.
        x: A floating-point tensor of any shape.
        values: The value of each parameter by name, each a tensor of shape
            (channels,), the size of x's last axis, or a scalar.

    Returns:
        A tensor of the shape and dtype of x.

    Raises:
        ValueError: A parameter has no value.

    Example:
        >>> import numpy as np
        >>> from actfn import parse
        >>> float(evaluate(parse("max(x, 0)"), np.float32(3)))
        3.0
    """
    names = [parameter.name for parameter in parameters(expression)]
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(
            f"`values` must hold a value for each of {names}. "
            f"Received: {sorted(values)}"
        )
    x = ops.convert_to_tensor(x)
    # Copies, since a custom gradient takes tensors and no variables.
    betas = [
        ops.copy(ops.convert_to_tensor(values[name], x.dtype))
        for name in names
    ]
    program = compile_expression(expression)
    if not program.has_partials:
        return program.value(x, betas)
    return _differentiable(program)(x, *betas)


@functools.lru_cache(maxsize=4096)
def compile_expression(expression: Expression) -> Program:
    """Returns the steps of an expression; the same object for equal ones."""
    return Program(expression)


def _differentiable(program: Program):
    """Returns the program's function with a gradient that recomputes."""

    @ops.custom_gradient
    def function(x, *betas):
        def gradient(*arguments, upstream=None):
            if upstream is None:
                (upstream,) = arguments
            return program.gradients(x, betas, upstream)

        return program.value(x, betas), gradient

    return function


class Program:
    """The steps of an expression, in the order of evaluation.

    Attributes:
        nodes: The distinct sub-expressions, arguments before their users; the
            last is the expression itself.
        has_partials: Whether each operator knows its derivatives.
    """

    def __init__(self, expression: Expression):
        index: dict[Expression, int] = {}
        _collect(expression, index)
        self.nodes = tuple(index)
        self._rows = [
            operators.get(node.operator) if isinstance(node, Call) else None
            for node in self.nodes
        ]
        self._arguments = [
            [index[argument] for argument in node.arguments]
            for node in self.nodes
        ]
        self._varies = self._varying()
        leaves = [Variable("x"), *parameters(expression)]
        self._leaves = [index.get(leaf) for leaf in leaves]
        self.has_partials = all(
            row is None or row.partials for row in self._rows
        )

    def _varying(self) -> list[str]:
        """With what the value of each step varies: "x", "beta" or ""."""
        varies = []
        for node, arguments in zip(self.nodes, self._arguments, strict=True):
            own = {Variable: "x", Parameter: "beta"}.get(type(node), "")
            varies.append(max([own, *(varies[i] for i in arguments)]))
        return varies

    def value(self, x, betas):
        """Returns the function's value, of the shape of x."""
        value = self._run(x, betas)[-1]
        if self._varies[-1] == "x":
            return value
        value = ops.convert_to_tensor(value, x.dtype)
        return ops.broadcast_to(value, ops.shape(x))

    def _run(self, x, betas) -> list:
        """Returns the value of each step."""
        given = dict(zip(self._leaves, [x, *betas], strict=True))
        values = []
        for step, node in enumerate(self.nodes):
            if isinstance(node, Constant):
                values.append(node.value)
            elif step in given:
                values.append(given[step])
            else:
                operands = [values[i] for i in self._arguments[step]]
                values.append(_apply(self._rows[step], operands, x))
        return values

    def gradients(self, x, betas, upstream) -> tuple:
        """Returns the gradients by x and by each parameter.

        Args:
            x: The input, of shape (..., channels).
            betas: The values of the parameters, of shape (channels,) or ().
            upstream: The gradient by the value, of the shape of x.
        """
        values = self._run(x, betas)
        found: dict[int, object] = {}

        def add(step, term):
            if self._varies[step] == "beta":
                term = _sum_to_rank(term, len(values[step].shape))
            found[step] = found[step] + term if step in found else term

        add(len(values) - 1, upstream)
        for step in range(len(values) - 1, -1, -1):
            row, arguments = self._rows[step], self._arguments[step]
            if row is None or step not in found or not self._varies[step]:
                continue
            operands = [values[i] for i in arguments]
            partials = row.partials(values[step], *_operands(row, operands, x))
            for i, partial in zip(arguments, partials, strict=True):
                if self._varies[i]:
                    add(i, _times(found[step], partial))
        return tuple(
            found[step] if step in found else ops.zeros_like(leaf)
            for step, leaf in zip(self._leaves, [x, *betas], strict=True)
        )


def _collect(node: Expression, index: dict[Expression, int]) -> None:
    """Numbers the distinct sub-expressions, arguments first."""
    if node in index:
        return
    for argument in node.arguments:
        _collect(argument, index)
    index[node] = len(index)


def _operands(row: operators.Operator, operands: list, x) -> list:
    """Makes tensors of numbers, but where Python's operators take them."""
    if row.infix and not all(isinstance(a, float) for a in operands):
        return operands
    return [
        ops.convert_to_tensor(a, x.dtype) if isinstance(a, float) else a
        for a in operands
    ]


def _apply(row: operators.Operator, operands: list, x):
    return row.function(*_operands(row, operands, x))


def _times(adjoint, partial):
    if isinstance(partial, float):
        return adjoint if partial == 1 else adjoint * partial
    return adjoint * partial


def _sum_to_rank(term, rank: int):
    """Sums over the leading axes, which the value was broadcast over."""
    axes = tuple(range(len(term.shape) - rank))
    return ops.sum(term, axis=axes) if axes else term
