"""Slopes and gradients by hand, and values by kernels of the library.

They belong to the rows of `actfn.layers.kernels`.
"""

# ruff: noqa: D103 - the module says what each of them is.
from __future__ import annotations

import math
from collections.abc import Callable

from actfn.expressions import functions as fn
from actfn.expressions import lowering, ops, polynomials
from actfn.expressions.backward import contract


def by_x(slope: Callable) -> Callable:
    def gradients(x, betas, upstream):
        return (upstream * slope(x),)

    return gradients


def step(mask, y) -> object:
    return ops.cast(mask, y.dtype)


def relu_gradients(x, betas, upstream):
    return (fn.leaky_relu_slope(x, 0.0, upstream),)


def softsign_gradients(x, betas, upstream):
    return (fn.softsign_slope(x, upstream),)


def exponential(scale: float, alpha: float) -> Callable:
    def slope(x):
        return scale * ops.where(x < 0, alpha * ops.exp(ops.minimum(x, 0)), 1)

    return slope


def silu_slope(x):
    s = ops.sigmoid(x)
    return fn.sigmoid_slope(s, x) + s


def gelu_slope(x):
    erf = fn.erf if polynomials.wanted(x) else ops.erf
    scaled = math.sqrt(0.5) * x
    density = ops.exp(-scaled * scaled) * (2 / math.sqrt(math.pi))
    return 0.5 * (1 + erf(scaled) + scaled * density)


def atan_slope(x):
    return 2 * fn.atan(x) / (1 + x * x) - 1


def hard_sigmoid(x):
    return ops.relu6(x + 3) * (1 / 6)


def hard_sigmoid_slope(x):
    return step(ops.logical_and(x > -3, x < 3), x) * (1 / 6)


def penalized_tanh(x):
    return ops.leaky_relu(ops.tanh(x), 0.25)


def penalized_tanh_slope(x):
    y = ops.tanh(x)
    return (1 - y * y) * ops.where(x > 0, ops.ones_like(x), 0.25)


def softplus(x):
    return (fn.softplus if polynomials.wanted(x) else ops.softplus)(x)


def log1p_relu(x):
    return lowering.form("log1p", fn.log1p)(ops.relu(x))


def square_of_leaky_relu(x):
    return ops.square(ops.leaky_relu(x, 0.5))


def square_of_leaky_relu_slope(x):
    return fn.leaky_relu_slope(x, 0.5, 2 * ops.leaky_relu(x, 0.5))


def swish_gradients(x, betas, upstream):
    (beta,) = betas
    scaled = beta * x
    s = ops.sigmoid(scaled)
    by_x = upstream * (fn.sigmoid_slope(s, scaled) + s)
    return by_x, contract(upstream, x * fn.sigmoid_slope(s, x), beta)


def prelu_gradients(x, betas, upstream):
    (beta,) = betas
    positive = x > 0
    by_x = upstream * ops.where(positive, 1, beta)
    return by_x, contract(upstream, ops.minimum(x, 0), beta)
