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


def erf(a):
    """Returns the error function to seven digits, without one for it.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
    """
    size = ops.abs(a)
    t = 1 / (1 + 0.3275911 * size)
    total = 0.0
    for factor in (
        1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592
    ):  # fmt: skip
        total = t * (total + factor)
    return ops.sign(a) * (1 - total * ops.exp(-size * size))


CALIBRATION = {**FLOAT, "erf": erf}
"""For ranges of tensors, where tables have the values."""
