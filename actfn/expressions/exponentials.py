"""Functions akin to exponential and logarithm, of float32, for XLA on CPUs.

Errors are at most 2 units in the last place everywhere, of values and slopes.
XLA takes numbers below 1.2e-38 for 0, also on the way: results below 2e-38 may
be 0.

Source: the polynomials are minimax fits of the functions.
"""

# ruff: noqa: D103 - the module says what each of them is.
from __future__ import annotations

import math

from actfn.expressions import ops
from actfn.expressions.polynomials import horner, odd, with_slope

_LARGEST = 3.4028234e38
# Of (asinh(x) / x - 1) / x^2 up to _ASINH_NEAR, in powers of x^2.
_ASINH = (
    0.00029993837233632803, -0.0022296675015240908, 0.007618484552949667,
    -0.016627425327897072, 0.02817925252020359, -0.044146578758955,
    0.07494402676820755, -0.1666644662618637,
)  # fmt: skip
_ASINH_NEAR = 1.18
_FAR = 1e18
# Of ((log(1 + x) - x) / x^2 + 1/2) / x between the roots of 1/2 and 2.
_LOG = (
    0.08672221004962921, -0.14379006624221802, 0.1497797667980194,
    -0.16564425826072693, 0.19954878091812134, -0.250016987323761,
    0.33334165811538696,
)  # fmt: skip
_MANTISSA, _ROOT_OF_HALF = 0x7FFFFF, 0x3F3504F3  # Bits of float32.
# Of erf(x) / x - 1 up to 1 in powers of x^2, of erf(x) up to _ERF_END, from
# where it is 1, in powers of x - _ERF_CENTRE.
_ERF_NEAR = (
    7.806903886375949e-05, -0.0007997853099368513, 0.005187162198126316,
    -0.026853347197175026, 0.11283578723669052, -0.3761262595653534,
    0.12837916612625122,
)  # fmt: skip
_ERF_FAR = (
    -9.310833775089122e-06, 2.080129888781812e-05, 6.297588697634637e-05,
    -0.00027754437178373337, 0.00028413027757778764, 0.000567517476156354,
    -0.002815812826156616, 0.006105970591306686, -0.008616329170763493,
    0.008352096192538738, -0.005446535535156727, 0.002178237773478031,
    0.9995930790901184,
)  # fmt: skip
_ERF_CENTRE, _ERF_END = 2.5, 3.92
_SLOPE_END = 10.5  # The slope of erf is 0 there.
# Of (1 - exp(-x)) / x for x near 0.
_EXPONENTIAL = (-1 / 720, 1 / 120, -1 / 24, 1 / 6, -1 / 2, 1)
# Of (log1p(x) / x - 1) / x for x from 0 to 1.
_LOG1P = (
    -0.0033009962644428015, 0.020126942545175552, -0.05752115696668625,
    0.10666358470916748, -0.15347252786159515, 0.19692686200141907,
    -0.24958088994026184, 0.33330467343330383, -0.4999993145465851,
)  # fmt: skip
_LOG1P_FAR = 1e8
# Of (sinh(x) / x - 1) / x^2 up to _SINH_NEAR, in powers of x^2.
_SINH = (
    2.8818126338592265e-06, 0.00019820070883724838, 0.008333468809723854,
    0.166666641831398,
)  # fmt: skip
_SINH_NEAR = 1.45  # sinh is 2 there.
_ROOT_GUESS = 1419967116.0  # The bits of x^(-1/3), plus a third of x's.


def _half_hypotenuse(half):
    """Returns sqrt(1 + x^2) / 2 for half of abs(x)."""
    return ops.where(half > _FAR, half, ops.sqrt(0.25 + half * half))


def _bits(x, dtype: str):
    """Returns the bits of a tensor as another type of 32 bits."""
    # Keras must know the size of the last axis, which may be open.
    return ops.squeeze(ops.view(ops.expand_dims(x, -1), dtype), -1)


def _log_of_twice(x):
    """Returns log(2 x) within 1e-7, for normal numbers above 0."""
    bits = _bits(x, "int32") - _ROOT_OF_HALF
    exponent = ops.cast(ops.right_shift(bits, 23), "float32")
    mantissa = ops.bitwise_and(bits, _MANTISSA) + _ROOT_OF_HALF
    f = _bits(mantissa, "float32") - 1
    z = f * f
    return math.log(2) * (exponent + 1) + (
        f + (f * (z * horner(_LOG, f)) - 0.5 * z)
    )


def _asinh_curvature(x):
    slope = asinh_slope(x)
    return -(x * slope) * (slope * slope)


@with_slope(_asinh_curvature)
def asinh_slope(x):
    return 0.5 / _half_hypotenuse(0.5 * ops.abs(x))


@with_slope(asinh_slope)
def asinh(x):
    size = ops.abs(x)
    half = 0.5 * size  # Since twice the size may be infinite.
    far = _log_of_twice(half + _half_hypotenuse(half))
    far = ops.where(size <= _LARGEST, far, size)
    z = x * x
    near = x + x * (z * horner(_ASINH, z))
    return ops.where(size < _ASINH_NEAR, near, odd(x, far))


@with_slope(lambda x: -2 * x * erf_slope(x))
def erf_slope(x):
    # A square of 12 bits is exact. What is left of that of x, and the factor,
    # make a second exponential of a small number.
    size = ops.minimum(ops.abs(x), _SLOPE_END)
    high = ops.round(size * 256) * (1 / 256)
    low = (size - high) * (size + high) - math.log(2 / math.sqrt(math.pi))
    value = ops.exp(-high * high)
    return value - value * (low * horner(_EXPONENTIAL, low))


@with_slope(erf_slope)
def erf(x):
    size = ops.minimum(ops.abs(x), _ERF_END)
    near = x + x * horner(_ERF_NEAR, size * size)
    far = horner(_ERF_FAR, size - _ERF_CENTRE)
    far = ops.where(size >= _ERF_END, 1, far)
    return ops.where(size < 1, near, odd(x, far))


@with_slope(lambda x: 1 / (1 + x))
def log1p(x):
    # What 1 + x has rounded away; far out that is nothing. The maximum keeps
    # compilers from adding up the constants.
    near = ops.minimum(x, _LOG1P_FAR)
    total = ops.maximum(1 + near, 1e-30)
    rest = (near - (total - 1)) / total
    return ops.log(1 + x) + rest


@with_slope(ops.sigmoid)
def softplus(x):
    e = ops.exp(-ops.abs(x))
    return ops.maximum(x, 0) + (e + e * (e * horner(_LOG1P, e)))


def _half_exponential(size):
    """Returns exp(size) / 2, which is finite where sinh and cosh are."""
    # The factor is within 2e-9 of a number of 24 bits, so that nothing is lost.
    return (0.5 * math.exp(0.71875)) * ops.exp(size - 0.71875)


@with_slope(lambda x: sinh(x))
def cosh(x):
    half = _half_exponential(ops.abs(x))
    return half + 0.25 / half


@with_slope(cosh)
def sinh(x):
    size = ops.abs(x)
    half = _half_exponential(size)
    z = x * x
    near = x + x * (z * horner(_SINH, z))
    return ops.where(size < _SINH_NEAR, near, odd(x, half - 0.25 / half))


@with_slope(lambda x: cbrt_slope(cbrt(x)))
def cbrt(x):
    # Newton's method: twice for 1 / root, without a division, then for it.
    size = ops.abs(x)
    third = ops.cast(_bits(size, "int32"), "float32") * (1 / 3)
    inverse = _bits(ops.cast(_ROOT_GUESS - third, "int32"), "float32")
    for _ in range(2):
        cube = (size * inverse) * (inverse * inverse)
        inverse = inverse * (4 / 3 - (1 / 3) * cube)
    root = size * (inverse * inverse)
    # All of the size of the square, since the cube may be infinite or nothing.
    rest = (root * root) * (root * inverse) - size * inverse
    root = root - rest * (inverse * (1 / 3))
    return odd(x, ops.where(size <= _LARGEST, root, size))


def cbrt_slope(y):
    # 0 at 0, like that of the square root.
    square = y * y
    away = square > 0
    return ops.where(away, 1 / (3 * ops.where(away, square, 1)), 0)
