"""Values and derivatives of expressions on tensors, values also on arrays.

An expression is compiled once into a list of steps in which each distinct
sub-expression occurs once. Its derivatives are carried backward along these
steps by the rules of the operator table, and recomputed for the backward pass:
until then nothing is kept but the input and the parameters, or the slope.

Tensors of 16 bits are computed in float32 and rounded once at the end, so
that neither values nor sums over a batch overflow or lose digits on the way.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping

import keras
import numpy as np

from actfn.expressions import lowering, operators, ops, parts, words
from actfn.expressions.backward import contract, derivatives
from actfn.expressions.custom_gradient import lean, working_dtype
from actfn.expressions.expression import (
    Call,
    Constant,
    Expression,
    X,
    Y,
    parameters,
    walk,
)


def evaluate(
    expression: Expression,
    x,
    values: Mapping[str, object] = {},
    recompute: bool = True,
    inputs: int = 1,
):
    """Returns the function's value at x, differentiable any number of times.

    Args:
        expression: What to evaluate.
        x: A floating-point tensor of any shape.
        values: The value of each parameter by name, each a tensor of shape
            (channels,), the size of x's last axis, or a scalar; or of shape
            (channels, 1, ...), a 1 for each axis of x behind the channels.
        recompute: As for `lean`.
        inputs: 2 if `x` holds both inputs, x in the first half of the channels
            and y in the second.

    Returns:
        A tensor of the shape and dtype of x, or of half of it.

    Raises:
        ValueError: A parameter has no value.

    Example:
        >>> import numpy as np
        >>> from actfn import parse
        >>> float(evaluate(parse("max(x, 0)"), np.float32(3)))
        3.0
    """
    x = ops.convert_to_tensor(x)
    betas = parameter_values(expression, x, values)
    program = compile_expression(expression, inputs, lowering.with_kernels())
    value, gradients = program.value, program.gradients
    if inputs == 2:
        value, gradients = of_halves(value, gradients)
    if not program.has_derivative:
        result = value(ops.cast(x, working_dtype(x)), betas)
        return ops.cast(result, x.dtype)
    return lean(value, gradients, recompute, not betas)(x, *betas)


def of_halves(value: Callable, gradients: Callable) -> tuple:
    """Returns value and gradients of a tensor that holds x and y.

    Args:
        value: ``value(x, [y, *betas])``.
        gradients: ``gradients(x, [y, *betas], upstream)`` returns the
            gradients by x, y and each parameter.
    """

    def of_whole(whole, betas):
        x, y = ops.split(whole, 2, axis=-1)
        return value(x, [y, *betas])

    def by_whole(whole, betas, upstream):
        x, y = ops.split(whole, 2, axis=-1)
        by_x, by_y, *rest = gradients(x, [y, *betas], upstream)
        return (ops.concatenate([by_x, by_y], axis=-1), *rest)

    return of_whole, by_whole


def parameter_values(
    expression: Expression, x, values: Mapping[str, object]
) -> list:
    """Returns the values in the order of the expression's parameters.

    Raises:
        ValueError: A parameter has no value.
    """
    names = [parameter.name for parameter in parameters(expression)]
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(
            f"`values` must hold a value for each of {names}. "
            f"Received: {sorted(values)}"
        )
    # Copies, since a custom gradient takes tensors and no variables.
    return [
        ops.copy(ops.convert_to_tensor(values[name], working_dtype(x)))
        for name in names
    ]


@functools.lru_cache(maxsize=4096)
def compile_expression(
    expression: Expression, inputs: int = 0, kernels: bool = False
) -> Program:
    """Returns the steps of an expression; the same object for equal ones.

    Args:
        expression: What to compile.
        inputs: 1 or 2; by default as many as it has.
        kernels: Whether parts that have a kernel are one step.
    """
    return Program(expression, inputs, kernels)


words.when_forgotten(compile_expression.cache_clear)


class Program:
    """The steps of an expression, in the order of evaluation.

    If it has two inputs, y is the first of its `betas` everywhere.

    Attributes:
        nodes: The distinct sub-expressions, arguments before their users; the
            last is the expression itself, with its words written out.
        rows: For each step its operator, None for a leaf or a number.
        places: For each step those steps that it takes.
        of_input: For each step, whether it depends on an input.
        grows: For each step, whether it or one below it may be infinite where
            the input is finite.
        has_derivative: Whether the table has the derivatives of all operators.
    """

    def __init__(
        self, expression: Expression, inputs: int = 0, kernels: bool = False
    ):
        index: dict[Expression, int] = {}
        expanded = words.expand(expression)
        _collect(parts.joined(expanded) if kernels else expanded, index)
        self.nodes = tuple(index)
        self.rows = [
            parts.get(node.operator) if isinstance(node, Call) else None
            for node in self.nodes
        ]
        self.places = [
            [index[argument] for argument in node.arguments]
            for node in self.nodes
        ]
        self._constants = self._folded()
        has_y = Y in walk(expression)
        if has_y and inputs == 1:
            raise ValueError(
                f"`expression` must be over x alone. Received: {expression}"
            )
        variables = [X, Y] if has_y or inputs == 2 else [X]
        leaves = [*variables, *parameters(expression)]
        self._leaves = [index.get(leaf) for leaf in leaves]
        self._slopes = len(leaves) == len(variables)
        self.of_input = self._reaches(lambda node, row: node in variables)
        self.grows = self._reaches(lambda node, row: row and row.grows)
        self.has_derivative = all(
            row is None or row.has_derivative for row in self.rows
        )

    def _folded(self) -> list[float | None]:
        """Returns the value of each step without variables, None for others.

        They are computed once, in float64, so that ``x / sqrt(2)`` divides by
        a number.
        """
        found: list[float | None] = []
        for node, row, arguments in zip(
            self.nodes, self.rows, self.places, strict=True
        ):
            value = node.value if isinstance(node, Constant) else None
            given = [found[i] for i in arguments]
            if row and row.name in operators.BUILT_IN and None not in given:
                value = _number(row, given)
            found.append(value)
        return found

    def _reaches(self, wanted: Callable) -> list[bool]:
        """For each step, whether it or one below it is wanted."""
        found: list[bool] = []
        for node, row, arguments in zip(
            self.nodes, self.rows, self.places, strict=True
        ):
            below = any(found[i] for i in arguments)
            found.append(below or bool(wanted(node, row)))
        return found

    def value(self, x, betas):
        """Returns the function's value, of the shape of x."""
        value = self.steps(x, betas)[-1]
        if self.of_input[-1]:
            return value
        return ops.broadcast_like(value, x)

    def value_and_slope(self, x, betas) -> tuple:
        """Returns the value and its derivative by x, each of x's shape."""
        values = self.steps(x, betas)
        (slope,) = derivatives(self, values, x, self._leaves[:1])
        return ops.broadcast_like(values[-1], x), ops.broadcast_like(slope, x)

    def steps(self, x, betas, apply: Callable | None = None) -> list:
        """Returns the value of each step, by `function` of its operator."""
        if apply is None:
            apply = _apply
        given = dict(zip(self._leaves, [x, *betas], strict=True))
        values = []
        for step in range(len(self.nodes)):
            if self._constants[step] is not None:
                values.append(self._constants[step])
            elif step in given:
                values.append(given[step])
            else:
                operands = self.operands(step, values, x)
                values.append(apply(self.rows[step], operands))
        return values

    def operands(self, step: int, values: list, x) -> list:
        """Returns what a step's operator takes."""
        operands = [values[i] for i in self.places[step]]
        return _operands(self.rows[step], operands, x)

    def gradients(self, x, betas, upstream) -> tuple:
        """Returns the gradients by x and by each parameter.

        Args:
            x: The input, of shape (..., channels).
            betas: The values of the parameters, of shape (channels,) or ();
                before them y, of the shape of x, if there are two inputs.
            upstream: The gradient by the value, of the shape of x.
        """
        given = [x, *betas]
        values = self.steps(x, betas, _apply_by_table)
        if self._slopes or keras.backend.backend() != "tensorflow":
            # By a compiler's fusion, or to keep the slopes (`lean`).
            found = derivatives(self, values, x, self._leaves)
            return tuple(
                contract(upstream, slope, leaf)
                for slope, leaf in zip(found, given, strict=True)
            )
        found = derivatives(self, values, x, self._leaves, upstream)
        return tuple(
            ops.zeros_like(leaf) if type(term) is float else term
            for term, leaf in zip(found, given, strict=True)
        )


def _collect(node: Expression, index: dict[Expression, int]) -> None:
    """Numbers the distinct sub-expressions, arguments first."""
    if node in index:
        return
    for argument in node.arguments:
        _collect(argument, index)
    index[node] = len(index)


def _operands(row: operators.Operator, operands: list, x) -> list:
    """Makes tensors of numbers, but where Python's operators take them.

    Numbers are Python's own; those of NumPy, which are floats as well, are
    values of x.
    """
    if row.infix and not all(type(a) is float for a in operands):
        return operands
    return [ops.number(a, x) if type(a) is float else a for a in operands]


def _number(row: operators.Operator, given: list[float]) -> float | None:
    """Returns an operator's value at numbers, None if it is not finite."""
    if row.name != "div":  # Only there a number is not like an array.
        given = [np.asarray(value, "float64") for value in given]
    with np.errstate(all="ignore"):
        value = float(row.function(*given))
    return value if math.isfinite(value) else None


def apply_operator(name: str, operands: list, x):
    """Returns an operator's value, as a step of a `Program` computes it.

    Args:
        name: Of the operator, no word.
        operands: The values of its arguments, floats where they are constant.
        x: A tensor or array of the dtype that numbers are to have.
    """
    row = operators.get(name)
    return _apply(row, _operands(row, operands, x))


def _apply(row: operators.Operator, operands: list):
    return lowering.form(row.name, row.function)(*operands)


def _apply_by_table(row: operators.Operator, operands: list):
    """Applies an operator so that the table gives its derivative too."""
    if not row.piecewise:
        return row.function(*operands)

    def value(first, rest):
        return row.function(first, *rest)

    def gradients(first, rest, upstream):
        operands = [first, *rest]
        if row.chooses:
            chosen = ops.cast(row.chooses(*operands), upstream.dtype)
            undecided = [0.0] * (len(operands) - 2)
            partials = (*undecided, chosen, 1 - chosen)
        else:
            result = _apply_by_table(row, operands)
            partials = row.partials(result, *operands)
        return tuple(
            contract(upstream, partial, operand)
            for partial, operand in zip(partials, operands, strict=True)
        )

    return lean(value, gradients, recompute=False)(*operands)
