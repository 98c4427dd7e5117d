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
import math
from collections.abc import Callable, Mapping

import keras

from actfn.expressions import functions as fn
from actfn.expressions import lowering, ops, words
from actfn.expressions.custom_gradient import lean
from actfn.expressions.evaluate import (
    compile_expression,
    contract,
    evaluate,
    of_halves,
    parameter_values,
)
from actfn.expressions.expression import Call, Expression, Y
from actfn.expressions.parsing import parse

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One row of the table.

    Attributes:
        text: The expression.
        function: Its value from x by a kernel of the library; None if the
            expression itself is evaluated.
        gradients: ``gradients(x, betas, upstream)`` returns the gradients by
            x and by each parameter.
        native: Whether TensorFlow's derivative of `function` is the same and
            keeps one tensor.
    """

    text: str
    function: Callable | None
    gradients: Callable
    native: bool = True


def _slope(slope: Callable) -> Callable:
    def gradients(x, betas, upstream):
        return (upstream * slope(x),)

    return gradients


def _step(mask, y) -> object:
    return ops.cast(mask, y.dtype)


def _exponential(scale: float, alpha: float) -> Callable:
    def slope(x):
        return scale * ops.where(x < 0, alpha * ops.exp(ops.minimum(x, 0)), 1)

    return slope


def _silu_slope(x):
    s = ops.sigmoid(x)
    return fn.sigmoid_slope(s, x) + s


def _gelu_slope(x):
    scaled = math.sqrt(0.5) * x
    density = ops.exp(-scaled * scaled) * (2 / math.sqrt(math.pi))
    return 0.5 * (1 + ops.erf(scaled) + scaled * density)


def _atan_slope(x):
    return 2 * fn.arctan(x) / (1 + x * x) - 1


def _swish_gradients(x, betas, upstream):
    (beta,) = betas
    scaled = beta * x
    s = ops.sigmoid(scaled)
    by_x = upstream * (fn.sigmoid_slope(s, scaled) + s)
    return by_x, contract(upstream, fn.sigmoid_slope(s, x * x), beta)


def _prelu_gradients(x, betas, upstream):
    (beta,) = betas
    positive = x > 0
    by_x = upstream * ops.where(positive, 1, beta)
    return by_x, contract(upstream, ops.minimum(x, 0), beta)


_ROWS = (
    Kernel("max(x, 0)", ops.relu, _slope(lambda x: _step(x > 0, x))),
    Kernel(
        "min(max(x, 0), 6)",
        ops.relu6,
        _slope(lambda x: _step(ops.logical_and(x > 0, x < 6), x)),
    ),
    Kernel(
        "max(x, 0.01 * x)",
        functools.partial(ops.leaky_relu, negative_slope=0.01),
        _slope(
            lambda x: ops.where(x > 0, 1, ops.convert_to_tensor(0.01, x.dtype))
        ),
    ),
    Kernel(
        "max(x, 0) + beta * min(x, 0)", None, _prelu_gradients, native=False
    ),
    Kernel("softplus(x)", ops.softplus, _slope(ops.sigmoid)),
    Kernel(
        "max(x, 0) + expm1(min(x, 0))", ops.elu, _slope(_exponential(1.0, 1.0))
    ),
    Kernel(
        f"{_SELU_SCALE} * (max(x, 0) + {_SELU_ALPHA} * expm1(min(x, 0)))",
        ops.selu,
        _slope(_exponential(_SELU_SCALE, _SELU_ALPHA)),
    ),
    Kernel("x * sigmoid(x)", ops.silu, _slope(_silu_slope), native=False),
    Kernel(
        "0.5 * x * (1 + erf(0.7071067811865476 * x))",
        None,
        _slope(_gelu_slope),
        native=False,
    ),
    Kernel("atan(x) ** 2 - x", None, _slope(_atan_slope), native=False),
    Kernel("x * sigmoid(beta * x)", None, _swish_gradients, native=False),
)


@functools.cache
def _table() -> dict[Expression, Kernel]:
    return {parse(kernel.text): kernel for kernel in _ROWS}


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
    kernel = _table().get(words.expand(expression))
    if kernel is None or not lowering.with_kernels():
        return evaluate(expression, x, values, recompute)
    x = ops.convert_to_tensor(x)
    # In float64 some kernels keep float32 constants, and 16 bits lose digits.
    single = keras.backend.standardize_dtype(x.dtype) == "float32"
    function = kernel.function if single else None
    if kernel.native and single and keras.backend.backend() == "tensorflow":
        return function(x)
    value = _value(expression, function)
    betas = parameter_values(expression, x, values)
    return lean(value, kernel.gradients, recompute)(x, *betas)


def _value(expression: Expression, function: Callable | None) -> Callable:
    program = compile_expression(expression)

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
        by_x, *others = kernel.gradients(x, betas, upstream * y)
        return by_x, upstream * u(x, betas), *others

    betas = parameter_values(expression, whole, values)
    return lean(*of_halves(value, gradients), recompute)(whole, *betas)


def _factor(expression: Expression) -> tuple:
    """Returns u and its kernel if the expression is ``u(x) * y``."""
    if isinstance(expression, Call) and expression.operator == "mul":
        first, second = expression.arguments
        for part, other in ((first, second), (second, first)):
            if other == Y and part in _table():
                return part, _table()[part]
    return expression, None
