"""Sine, cosine and arc tangent of float32 by polynomials, for XLA on CPUs.

XLA calls a scalar function of the system for each element where it has no
vector form of its own. These are additions, multiplications and selections
without branches, which it turns into one vector loop. Errors are at most 2
units in the last place: of the arc tangent everywhere, of sine and cosine for
abs(x) <= 1e4; beyond, the reduction of x by multiples of pi / 2 loses digits,
and from some 1e7 on none are left, though values stay within -1 and 1.

Source: the reduction is that of Cody and Waite, "Software Manual for the
Elementary Functions", 1980; the polynomials of sine and cosine are those of
Moshier's Cephes library; that of the arc tangent is a minimax fit.
"""

# ruff: noqa: D103 - the module says what each of them is.
from __future__ import annotations

import functools
import math

import keras

from actfn.expressions import lowering, ops

# pi / 2 in parts of 11 bits, so that multiples up to 2^13 are exact.
_HALF_PI = (
    1.5703125,
    0.0004837512969970703,
    7.549533620476723e-08,
    2.5633440682570896e-12,
)
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_ATAN = (
    -0.001793615985661745, 0.010914580896496773, -0.031177803874015808,
    0.05795755609869957, -0.08403448015451431, 0.10952185094356537,
    -0.14264240860939026, 0.19998548924922943, -0.33333298563957214,
)  # fmt: skip
_HALF_PI_FLOAT = 1.5707963705062866
_HALF_PI_REST = -4.371139006309477e-08


def wanted(x) -> bool:
    """Whether a tensor of float32 is part of a program that XLA compiles."""
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "jax"):
        return False
    if keras.backend.standardize_dtype(x.dtype) != "float32":
        return False
    if backend == "jax":
        import jax

        return isinstance(x, jax.core.Tracer) and _on_cpu()
    return lowering.by_xla() and _on_cpu()


@functools.cache
def _on_cpu() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() == "cpu"
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


def _horner(coefficients, z):
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * z + coefficient
    return value


def _sine(x, quarters: int):
    """Returns sin(x + quarters * pi / 2), for quarters of 0 or 1."""
    first, second, third, fourth = _HALF_PI
    k = ops.round(x * (2 / math.pi))
    near = (x - k * first) - k * second
    rest = near - k * third
    # What the subtraction has rounded away comes back with the last part.
    rest = rest + (((near - rest) - k * third) - k * fourth)
    rest = ops.maximum(ops.minimum(rest, 0.8), -0.8)
    z = rest * rest
    sine = rest + rest * (z * _horner(_SIN, z))
    cosine = (1 - 0.5 * z) + z * z * _horner(_COS, z)
    quadrant = k + quarters
    half = ops.floor(0.5 * quadrant)
    odd = quadrant - 2 * half
    sign = 1 - 2 * (half - 2 * ops.floor(0.5 * half))
    return sign * ops.where(odd > 0.5, cosine, sine)


@ops.custom_gradient
def sin(x):
    def gradient(*arguments, upstream=None):
        return (upstream if upstream is not None else arguments[0]) * cos(x)

    return _sine(x, 0), gradient


@ops.custom_gradient
def cos(x):
    def gradient(*arguments, upstream=None):
        return (upstream if upstream is not None else arguments[0]) * -sin(x)

    return _sine(x, 1), gradient


@ops.custom_gradient
def atan(x):
    def gradient(*arguments, upstream=None):
        given = upstream if upstream is not None else arguments[0]
        return given / (1 + x * x)

    size = ops.abs(x)
    inside = size <= 1
    t = ops.minimum(size, 1) / ops.maximum(size, 1)
    z = t * t
    low = t * (z * _horner(_ATAN, z))
    near = ops.where(
        inside, t + low, _HALF_PI_FLOAT - (t + (low - _HALF_PI_REST))
    )
    return ops.where(x < 0, -near, near), gradient
