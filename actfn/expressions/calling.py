"""Expressions as plain functions of numbers, arrays and tensors."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from actfn.expressions import ops
from actfn.expressions.evaluate import compile_expression, evaluate
from actfn.expressions.expression import (
    Expression,
    Variable,
    parameters,
    substitute,
)


def call(expression: Expression, x, values: Mapping[str, object]):
    """Returns what `Expression.__call__` says."""
    names = [parameter.name for parameter in parameters(expression)]
    unknown = sorted({*values} - {*names})
    if unknown:
        raise ValueError(
            f"Keywords must name parameters of {expression}, which has "
            f"{names}. Received: {unknown}"
        )
    if isinstance(x, Expression):
        if values:
            raise ValueError(
                "`x` must be numbers where parameters have values. "
                f"Received: {x}"
            )
        return substitute(expression, {Variable("x"): x})
    if keras.ops.is_tensor(x):
        if not keras.backend.is_float_dtype(
            keras.backend.standardize_dtype(x.dtype)
        ):
            x = ops.cast(x, keras.config.floatx())
        return evaluate(expression, x, {**dict.fromkeys(names, 1.0), **values})
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise ValueError(f"`x` must be real numbers. Received: {x!r}")
    x = x if x.dtype.kind == "f" else x.astype("float64")
    given = [np.asarray(values.get(name, 1.0), x.dtype) for name in names]
    program = compile_expression(expression)
    with np.errstate(all="ignore"):
        # An operator of the user may have made a tensor of the array.
        return ops.convert_to_numpy(program.value(x, given))[()]
