"""Values and slopes of operators, in forms that are stable and portable.

Stable: finite and precise wherever the result is. Portable: of operations
that every backend computes in float64 and every export format has.
"""

# ruff: noqa: D103 - actfn.expressions.operators says what each of them is.
from __future__ import annotations

import math

import keras

from actfn.expressions import circular, exponentials, lowering, ops
from actfn.expressions.polynomials import instead

TINY = 1e-30
_FAR = 1e17
_LARGEST_SINGLE, _LARGEST_DOUBLE = 3.4028234e38, 1.7976931348623157e308


def sigmoid_slope(s, factor):
    """Returns factor * s * (1 - s), in one pass over memory on TensorFlow."""
    if ops.on_tensorflow(s):
        import tensorflow as tf

        return tf.raw_ops.SigmoidGrad(y=s, dy=factor)
    return factor * s * (1 - s)


def leaky_relu_slope(x, negative: float, factor):
    """Returns factor times the slope, in one pass on TensorFlow."""
    if ops.on_tensorflow(x):
        import tensorflow as tf

        return tf.raw_ops.LeakyReluGrad(
            gradients=factor, features=x, alpha=negative
        )
    return factor * ops.where(x > 0, ops.ones_like(x), negative)


def softsign_slope(x, factor):
    """Returns factor / (1 + |x|)^2, in one pass on TensorFlow."""
    if not ops.on_tensorflow(x):
        return factor / ops.square(1 + ops.abs(x))
    import tensorflow as tf

    @tf.custom_gradient
    def slope(x, factor):
        # TensorFlow has no derivative of this one.
        def gradient(upstream):
            cube = (1 + tf.abs(x)) ** 3
            by_x = upstream * factor * (-2 * tf.sign(x) / cube)
            return by_x, softsign_slope(x, upstream)

        return tf.raw_ops.SoftsignGrad(gradients=factor, features=x), gradient

    return slope(x, factor)


def sum_over_positions(a):
    """Sums over all axes but the last."""
    if ops.on_tensorflow(a):
        import tensorflow as tf

        # Some three times as fast as the general reduction on the CPU.
        return tf.raw_ops.BiasAddGrad(out_backprop=a)
    return ops.sum(a, axis=tuple(range(len(a.shape) - 1)))


def sqrt(a):
    return ops.sqrt(ops.maximum(a, 0))


def sqrt_slope(y, a):
    if ops.on_tensorflow(y):
        import tensorflow as tf

        return tf.math.divide_no_nan(ops.number(0.5, y), y)  # 0 where a <= 0.
    positive = a > 0
    return ops.where(positive, 0.5 / ops.where(positive, y, 1), 0)


@instead(exponentials.cbrt)
def cbrt(a):
    return ops.sign(a) * ops.power(ops.abs(a), 1 / 3)


def sech(a):
    small = ops.exp(-ops.abs(a))
    return 2 * small / (1 + small * small)


def indicator(holds, a, b):
    """Returns 1 where a comparison of a and b holds, 0 elsewhere."""
    like = b if type(a) is float else a
    return ops.where(holds, ops.number(1.0, like), ops.number(0.0, like))


def gauss_slope(y, a):
    if ops.on_tensorflow(y):
        import tensorflow as tf

        return tf.math.multiply_no_nan(-2 * a, y)
    return -2 * ops.where(y == 0, 0, a) * y  # The square may be infinite.


def flat(y, a, b):
    return 0.0, 0.0


def expm1(a):
    # As exact near 0 as the operation of that name, which LiteRT and ONNX do
    # not have and TensorFlow computes slowly.
    return ops.tanh(0.5 * a) * (ops.exp(a) + 1)


@instead(exponentials.log1p)
def log1p(a):
    return ops.log1p(a)


def _log1p_of_positive(a):
    # The rounding error of 1 + a is in numerator and denominator
    # alike; ONNX has no operation of that name. The maxima keep TensorFlow's
    # optimiser from adding up the constants.
    total = ops.maximum(1 + a, 1)
    return a * (
        ops.maximum(ops.log(total), TINY) / ops.maximum(total - 1, TINY)
    )


@instead(exponentials.erf)
def erf(a):
    # TensorFlow's kernel for float64 overflows far from 0, where this is 1.
    if keras.backend.standardize_dtype(a.dtype) == "float64":
        a = ops.maximum(ops.minimum(a, 6), -6)
    return ops.erf(a)


@instead(lambda a: (1.0, exponentials.erf_slope(a)))
def erf_slope(a):
    """Returns a number and a tensor, whose product is the slope."""
    return 2 / math.sqrt(math.pi), ops.exp(-ops.square(a))


@instead(circular.sin)
def sin(a):
    return ops.sin(a)


@instead(circular.cos)
def cos(a):
    return ops.cos(a)


@instead(circular.atan)
def atan(a):
    if lowering.active():
        # LiteRT has this one, for two tensors of one shape, but no arctan.
        return ops.arctan2(a, ops.ones_like(a))
    return ops.arctan(a)


@instead(exponentials.sinh)
def sinh(a):
    # The difference of two exponentials would cancel near 0.
    return ops.tanh(0.5 * a) * (1 + cosh(a))


@instead(exponentials.cosh)
def cosh(a):
    up, down = ops.exp(0.5 * a), ops.exp(-0.5 * a)
    return 0.5 * up * up + 0.5 * down * down


def hypotenuse(a):
    """Returns sqrt(1 + a^2) without squaring what is above 1."""
    longer = ops.maximum(ops.abs(a), 1)
    ratio = (ops.abs(a) - longer + 1) / longer
    return longer * ops.sqrt(1 + ratio * ratio)


@instead(exponentials.asinh)
def asinh(a):
    # Backends' own kernels are some ten times slower on TensorFlow, and
    # LiteRT has none.
    # Far out this is log(2 size), where twice the size may be infinite.
    size = ops.abs(a)
    largest = _largest(a)
    near = ops.minimum(size, _FAR)
    tail = near * (near / (1 + hypotenuse(near)))
    far = size > _FAR
    argument = ops.where(far, ops.minimum(size, largest), near + tail)
    infinite, double_of_it, nothing = (
        ops.number(value, size) for value in (math.inf, math.log(2), 0.0)
    )
    more = ops.where(size > largest, infinite, double_of_it)
    return ops.sign(a) * (
        _log1p_of_positive(argument) + ops.where(far, more, nothing)
    )


@instead(exponentials.asinh_slope)
def asinh_slope(a):
    return 1 / hypotenuse(ops.minimum(ops.abs(a), _largest(a)))


def _largest(a) -> float:
    double = keras.backend.standardize_dtype(a.dtype) == "float64"
    return _LARGEST_DOUBLE if double else _LARGEST_SINGLE


@instead(exponentials.softplus)
def softplus(a):
    # PyTorch's own cuts off at 20, an error of 2e-9.
    return ops.maximum(a, 0) + _log1p_of_positive(ops.exp(-ops.abs(a)))


@instead(circular.sinc)
def sinc(a):
    # Even in a; sin(tiny) / tiny is 1 exactly.
    size = ops.maximum(ops.abs(a), TINY)
    return sin(size) / size


@instead(lambda y, a: circular.sinc_slope(a))
def sinc_slope(y, a):
    # (cos a - sinc a) / a cancels near 0. There the Taylor series, where it is
    # cut, is off by as much as the difference is at the limit: 6e-6 of the
    # slope in float32. Each term is two more passes over memory.
    double = keras.backend.standardize_dtype(a.dtype) == "float64"
    terms, limit = (8, 0.5) if double else (2, 0.2)
    square = a * a
    near = ops.minimum(square, limit * limit)
    *rest, series = [
        (-1) ** k * 2 * k / math.factorial(2 * k + 1)
        for k in range(1, terms + 1)
    ]
    for coefficient in reversed(rest):
        series = series * near + coefficient
    far = (cos(a) - y) / ops.maximum(square, limit * limit)
    return a * ops.where(square < limit * limit, series, far)


def power(a, b):
    if type(b) is not float:
        return ops.power(a, b)
    if b == 2:
        return ops.square(a)
    if b == 3:
        return a * ops.square(a)
    if b == 4:
        return ops.square(ops.square(a))
    return ops.power(a, b)


def power_partials(y, a, b):
    if type(b) is not float:
        a = ops.number(a, b)
        safe = ops.where(a > 0, a, 1)
        # 0 at 0 for an exponent from 0 to 1, as where it is a constant.
        away = ops.where(ops.abs(b - 0.5) < 0.5, ops.abs(a), 1) > 0
        slope = b * ops.power(ops.where(away, a, 1), b - 1)
        return ops.where(away, slope, 0), y * ops.log(safe)
    if b == 0:
        return 0.0, 0.0
    if b == 1:
        return 1.0, 0.0
    if b == 2:
        return 2 * a, 0.0
    if 0 < b < 1:
        # 0 at 0, like that of the square root.
        away = ops.abs(a) > 0
        slope = b * ops.power(ops.where(away, a, 1), b - 1)
        return ops.where(away, slope, 0), 0.0
    return b * power(a, b - 1), 0.0


def gate_partials(y, a, b):
    s = ops.sigmoid(a)
    return y * (1 - s), s


def rbf(a, b, beta):
    return ops.exp(-beta * ops.square(a - b))


def rbf_partials(y, a, b, beta):
    d = a - b
    d = ops.where(y == 0, 0, d)  # Where the square overflows, y is 0.
    slope = -2 * beta * d * y
    return slope, -slope, -(d * y) * d


def laplace(a, b, beta):
    return ops.exp(-beta * ops.abs(a - b))


def laplace_partials(y, a, b, beta):
    d = a - b
    slope = -beta * ops.sign(d) * y
    return slope, -slope, -ops.where(y == 0, 0, ops.abs(d)) * y
