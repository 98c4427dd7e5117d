"""Sine, cosine, sinc and arc tangent of float32, for XLA on CPUs.

Errors are at most 2 units in the last place: of the arc tangent everywhere, of
the others for abs(x) <= 1e4. Beyond, the reduction of x by multiples of pi / 2
loses digits: errors are below 1e-5 at 1e5 and 0.1 at 1e6, and from some 1e7 on
no digit is left, though values stay within -1 and 1. Slopes are as exact, but
that of sinc: from 2 on it is the difference (cos(x) - sinc(x)) / x, off by at
most 3 units of the sum of the sizes of its parts.

Source: the reduction is that of Cody and Waite, "Software Manual for the
Elementary Functions", 1980; the polynomials of sine and cosine are those of
Moshier's Cephes library; the others are minimax fits.
"""

# ruff: noqa: D103 - the module says what each of them is.
from __future__ import annotations

import math

from actfn.expressions import ops
from actfn.expressions.polynomials import clipped, horner, odd, with_slope

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
# Of sinc'(x) / x up to _NEAR, in powers of x^2.
_SINC = (
    -2.3480758670757496e-07, 2.200665585405659e-05, -0.001190455979667604,
    0.03333335742354393, -0.3333333432674408,
)  # fmt: skip
_NEAR = 2.0
_TINY = 1e-30


def _reduced(x):
    """Returns k, and sine and cosine of x - k * pi / 2."""
    first, second, third, fourth = _HALF_PI
    k = ops.round(x * (2 / math.pi))
    near = (x - k * first) - k * second
    rest = near - k * third
    # What the subtraction has rounded away, and the last part.
    more = ((near - rest) - k * third) - k * fourth
    rest, more = clipped(rest, 0.8), clipped(more, 1e-4)
    z = rest * rest
    # One large sum in each, so that one rounding counts.
    sine = rest + (rest * (z * horner(_SIN, z)) + more)
    cosine = 1 - (0.5 * z - z * z * horner(_COS, z) + rest * more)
    return k, sine, cosine


def _quadrant(k):
    """Returns whether k is odd, and the sign of sin(k * pi / 2 + 0.1)."""
    half = ops.floor(0.5 * k)
    sign = 1 - 2 * (half - 2 * ops.floor(0.5 * half))
    return k - 2 * half > 0.5, sign


@with_slope(lambda x: cos(x))
def sin(x):
    k, sine, cosine = _reduced(x)
    between, sign = _quadrant(k)
    return sign * ops.where(between, cosine, sine)


@with_slope(lambda x: -sin(x))
def cos(x):
    k, sine, cosine = _reduced(x)
    between, sign = _quadrant(k + 1)
    return sign * ops.where(between, cosine, sine)


@with_slope(lambda x: 1 / (1 + x * x))
def atan(x):
    size = ops.abs(x)
    t = ops.minimum(size, 1) / ops.maximum(size, 1)
    z = t * t
    low = t * (z * horner(_ATAN, z))
    near = ops.where(
        size <= 1, t + low, _HALF_PI_FLOAT - (t + (low - _HALF_PI_REST))
    )
    return odd(x, near)


@with_slope(lambda x: sinc_slope(x))
def sinc(x):
    size = ops.maximum(ops.abs(x), _TINY)
    return sin(size) / size


def _over_x(x):
    """Returns the slope of sinc, divided by x, and x where it is not near."""
    size = ops.maximum(ops.abs(x), _NEAR)
    near = ops.abs(x) < _NEAR
    k, sine, cosine = _reduced(size)
    between, sign = _quadrant(k)
    inverse = 1 / size
    over = ops.where(between, cosine, sine) * inverse
    far = sign * inverse * (ops.where(between, -sine, cosine) - over)
    series = horner(_SINC, x * x)
    return near, series, far, size


def _sinc_curvature(x):
    near, series, far, size = _over_x(x)
    return -sinc(x) - 2 * ops.where(near, series, far / size)


@with_slope(_sinc_curvature)
def sinc_slope(x):
    near, series, far, _ = _over_x(x)
    return ops.where(near, x * series, odd(x, far))
