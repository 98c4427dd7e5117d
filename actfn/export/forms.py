"""Forms of operators for formats that lack the usual ones."""

from __future__ import annotations

from keras import ops


def log1p(a):
    """Returns log(1 + a), which ONNX has no operation for."""
    # The rounding error of 1 + a is in numerator and denominator alike. The
    # maximum keeps TensorFlow's optimiser from adding up the constants.
    total = ops.maximum(1 + a, 0.5)
    away = ops.not_equal(total, 1)
    divisor = ops.where(away, total - 1, 1)
    near = ops.where(away, a * (ops.log(total) / divisor), a)
    return ops.where(ops.abs(a) < 0.5, near, ops.log(1 + a))


FLOAT = {"log1p": log1p}
