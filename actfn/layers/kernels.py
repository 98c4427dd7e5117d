"""Whole expressions that have a kernel, or a derivative tuned by hand.

Everything here could be left out: `actfn.expressions.evaluate` computes any
expression.
A kernel of the library does the same in one pass over memory, and exports as
one operator. Where it keeps a single tensor for the backward pass, its own
derivative is used as well; else the derivative stands here.

At a kink these are the derivatives that TensorFlow gives: 0 for `relu` at 0
and for `relu6` at 0 and 6, the slope of the negative side for the leaky ones,
that of the positive side for `selu`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping

import keras

from actfn.expressions import lowering, ops, words
from actfn.expressions.custom_gradient import lean
from actfn.expressions.evaluate import (
    compile_expression,
    evaluate,
    of_halves,
    parameter_values,
)
from actfn.expressions.expression import Call, Expression, Y
from actfn.expressions.parsing import parse
from actfn.layers import slopes

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One row of the table.

    Attributes:
        text: The expression.
        function: Its value from x by a kernel of the library; None if the
            expression itself is evaluated.
        gradients: ``gradients(x, betas, upstream)`` returns the gradients by
            x and by each parameter; None if those of the expression do.
        native: Whether TensorFlow's derivative of `function` is the same and
            keeps one tensor.
    """

    text: str
    function: Callable | None
    gradients: Callable | None = None
    native: bool = True


_ROWS = (
    Kernel("max(x, 0)", ops.relu, slopes.relu_gradients),
    Kernel(
        "min(max(x, 0), 6)",
        ops.relu6,
        slopes.by_x(lambda x: slopes.step(ops.logical_and(x > 0, x < 6), x)),
    ),
    Kernel(
        "max(x, 0.01 * x)",
        functools.partial(ops.leaky_relu, negative_slope=0.01),
        slopes.by_x(
            lambda x: ops.where(x > 0, 1, ops.convert_to_tensor(0.01, x.dtype))
        ),
    ),
    Kernel(
        "max(x, 0) + beta * min(x, 0)",
        None,
        slopes.prelu_gradients,
        native=False,
    ),
    Kernel("softplus(x)", slopes.softplus, slopes.by_x(ops.sigmoid)),
    Kernel(
        "max(x, 0) + expm1(min(x, 0))",
        ops.elu,
        slopes.by_x(slopes.exponential(1.0, 1.0)),
    ),
    Kernel(
        f"{_SELU_SCALE} * (max(x, 0) + {_SELU_ALPHA} * expm1(min(x, 0)))",
        ops.selu,
        slopes.by_x(slopes.exponential(_SELU_SCALE, _SELU_ALPHA)),
    ),
    Kernel(
        "x * sigmoid(x)", ops.silu, slopes.by_x(slopes.silu_slope), native=False
    ),
    Kernel(
        "0.5 * x * (1 + erf(0.7071067811865476 * x))",
        None,
        slopes.by_x(slopes.gelu_slope),
        native=False,
    ),
    Kernel(
        "atan(x) ** 2 - x", None, slopes.by_x(slopes.atan_slope), native=False
    ),
    Kernel("x", lambda x: x),
    Kernel("tanh(x)", ops.tanh),
    Kernel("sigmoid(x)", ops.sigmoid),
    Kernel(
        # TensorFlow's own has no second derivative.
        "x * reciprocal(1 + abs(x))",
        ops.softsign,
        slopes.softsign_gradients,
        native=False,
    ),
    Kernel(
        # Its parts have no slope at 0.
        "sign(x) * log1p(abs(x))",
        None,
        slopes.by_x(lambda x: ops.reciprocal(1 + ops.abs(x))),
        native=False,
    ),
    Kernel("max(x, 0) ** 2", lambda x: ops.square(ops.relu(x))),
    Kernel(
        "max(x, 0.5 * x) ** 2",
        slopes.square_of_leaky_relu,
        slopes.by_x(slopes.square_of_leaky_relu_slope),
        native=False,
    ),
    Kernel(
        "log1p(max(x, 0))",
        slopes.log1p_relu,
        slopes.by_x(lambda x: slopes.step(x > 0, x) / (1 + ops.maximum(x, 0))),
    ),
    Kernel(
        "max(tanh(x), 0.25 * tanh(x))",
        slopes.penalized_tanh,
        slopes.by_x(slopes.penalized_tanh_slope),
    ),
    Kernel(
        "0.16666666666666666 * min(max(x + 3, 0), 6)",
        slopes.hard_sigmoid,
        slopes.by_x(slopes.hard_sigmoid_slope),
    ),
    Kernel("x * sigmoid(beta * x)", None, slopes.swish_gradients, native=False),
)


@functools.cache
def _table() -> dict[Expression, Kernel]:
    return {parse(kernel.text): kernel for kernel in _ROWS}


def find(expression: Expression) -> Kernel | None:
    """Returns the row of an expression, in whatever words, if it has one."""
    return _table().get(words.expand(expression))


def activate(
    expression: Expression,
    x,
    values: Mapping[str, object],
    recompute: bool = True,
    inputs: int = 1,
):
    """Returns what `evaluate` does, by a kernel if there is one."""

    def compute(x):
        take = _gate if inputs == 2 else _activate
        return take(expression, x, values, recompute)

    around = lowering.around()
    if around is None:
        return compute(x)
    return around(compute, expression, x, values, inputs)


def _activate(
    expression: Expression, x, values: Mapping[str, object], recompute: bool
):
    kernel = find(expression)
    if kernel is None or not lowering.with_kernels():
        return evaluate(expression, x, values, recompute)
    x = ops.convert_to_tensor(x)
    # In float64 some kernels keep float32 constants, and 16 bits lose digits.
    single = keras.backend.standardize_dtype(x.dtype) == "float32"
    function = kernel.function if single else None
    if kernel.native and single and keras.backend.backend() == "tensorflow":
        return function(x)
    if kernel.gradients is None:
        return evaluate(expression, x, values, recompute)
    value = _value(expression, function)
    betas = parameter_values(expression, x, values)
    return lean(value, kernel.gradients, recompute, not betas)(x, *betas)


def _value(expression: Expression, function: Callable | None) -> Callable:
    program = compile_expression(expression, kernels=lowering.with_kernels())

    def value(x, betas):
        return function(x) if function else program.value(x, betas)

    return value


def _gate(
    expression: Expression,
    whole,
    values: Mapping[str, object],
    recompute: bool,
):
    """Evaluates a function of two inputs; ``u(x) * y`` by u's kernel."""
    part, kernel = _factor(words.expand(expression))
    if kernel is None or not lowering.with_kernels():
        return evaluate(expression, whole, values, recompute, inputs=2)
    whole = ops.convert_to_tensor(whole)
    double = keras.backend.standardize_dtype(whole.dtype) == "float64"
    u = _value(part, None if double else kernel.function)

    def value(x, rest):
        y, *betas = rest
        return u(x, betas) * y

    def gradients(x, rest, upstream):
        y, *betas = rest
        if not betas:  # Slopes, for `lean`.
            (slope,) = kernel.gradients(x, betas, y)
            return upstream * slope, upstream * u(x, betas)
        by_x, *others = kernel.gradients(x, betas, upstream * y)
        return by_x, upstream * u(x, betas), *others

    betas = parameter_values(expression, whole, values)
    gate = lean(*of_halves(value, gradients), recompute, not betas)
    return gate(whole, *betas)


def _factor(expression: Expression) -> tuple:
    """Returns u and its kernel if the expression is ``u(x) * y``."""
    if isinstance(expression, Call) and expression.operator == "mul":
        first, second = expression.arguments
        for part, other in ((first, second), (second, first)):
            if other == Y and part in _table():
                kernel = _table()[part]
                return part, kernel if kernel.gradients else None
    return expression, None
