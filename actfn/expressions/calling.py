"""Expressions as plain functions of numbers, arrays and tensors."""

from __future__ import annotations

import numbers
from collections.abc import Mapping

import keras
import numpy as np

from actfn.expressions import ops
from actfn.expressions.custom_gradient import lean, working_dtype
from actfn.expressions.evaluate import (
    compile_expression,
    evaluate,
    parameter_values,
)
from actfn.expressions.expression import (
    Constant,
    Expression,
    X,
    Y,
    inputs,
    parameters,
    substitute,
)

_BFLOAT16 = "bfloat16"  # Of ml_dtypes; NumPy itself has no such kind.


def call(expression: Expression, x, y, values: Mapping[str, object]):
    """Returns what `Expression.__call__` says."""
    names = [parameter.name for parameter in parameters(expression)]
    unknown = sorted({*values} - {*names})
    if unknown:
        raise ValueError(
            f"Keywords must name parameters of {expression}, which has "
            f"{names} (beta, beta1, ... in the order in which a text has "
            f"them). Received: {unknown}"
        )
    if (y is None) != (inputs(expression) == 1):
        raise ValueError(
            f"`y` must be given where a function has two inputs. {expression} "
            f"has {inputs(expression)}. Received: y={y!r}"
        )
    if isinstance(x, Expression) or isinstance(y, Expression):
        if values:
            raise ValueError(
                "`x` must be numbers where parameters have values. "
                f"Received: {x if isinstance(x, Expression) else y}"
            )
        parts = {X: _part(x), Y: None if y is None else _part(y)}
        return substitute(expression, parts)
    given = [x] if y is None else [x, y]
    if any(isinstance(part, keras.KerasTensor) for part in given):
        raise ValueError(
            "`x` and `y` must be numbers, arrays, tensors or expressions; in a "
            "functional model, apply the layer `actfn.get(...)`. "
            f"Received: {x if y is None else (x, y)!r}"
        )
    if any(map(_is_tensor, [*given, *values.values()])):
        values = {**dict.fromkeys(names, 1.0), **values}
        return _on_tensors(expression, given, values)
    given = _arrays(given)
    dtype = given[0].dtype
    if dtype.itemsize == 2:  # as tensors of 16 bits are computed
        given = [part.astype("float32") for part in given]
    betas = [
        np.asarray(values.get(name, 1.0), given[0].dtype) for name in names
    ]
    program = compile_expression(expression)
    with np.errstate(all="ignore"):
        # An operator of the user may have made a tensor of the array.
        value = program.value(given[0], [*given[1:], *betas])
        return ops.convert_to_numpy(value).astype(dtype)[()]


def _part(given) -> Expression:
    """Returns an expression, or a number as one.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(given, Expression):
        return given
    if isinstance(given, numbers.Real) and not isinstance(given, bool):
        return Constant(float(given))
    raise ValueError(
        "`x` and `y` must both be expressions or numbers if one is an "
        f"expression. Received: {given!r}"
    )


def _on_tensors(expression: Expression, given: list, values: Mapping):
    # Of the inputs; parameters follow them.
    typed = [part for part in given if _is_tensor(part)] or [
        part for part in given if isinstance(part, np.ndarray | np.generic)
    ]
    dtype = keras.backend.result_type(
        *(keras.backend.standardize_dtype(part.dtype) for part in typed)
    )
    if not keras.backend.is_float_dtype(dtype):
        dtype = keras.config.floatx()
    given = [ops.convert_to_tensor(part, dtype) for part in given]
    if len(given) == 1:
        return evaluate(expression, given[0], values)
    shape = ops.shape(given[0] + given[1])
    x, y = (ops.broadcast_to(part, shape) for part in given)
    program = compile_expression(expression)
    betas = parameter_values(expression, x, values)
    rest = [ops.cast(y, working_dtype(x)), *betas]
    if not program.has_derivative:
        value = program.value(ops.cast(x, working_dtype(x)), rest)
        return ops.cast(value, x.dtype)
    return lean(program.value, program.gradients)(x, *rest)


def _is_tensor(given: object) -> bool:
    return isinstance(given, keras.Variable) or keras.ops.is_tensor(given)


def _arrays(given: list) -> list[np.ndarray]:
    """Returns floating-point arrays of one dtype and shape."""
    arrays = [np.asarray(part) for part in given]
    for name, part in zip("xy", arrays, strict=False):
        if part.dtype.kind not in "fiub" and part.dtype.name != _BFLOAT16:
            raise ValueError(
                f"`{name}` must be real numbers. Received: {part!r}"
            )
    arrays = [
        part if part.dtype.kind not in "iub" else part.astype("float64")
        for part in arrays
    ]
    dtype = np.result_type(*arrays)
    return list(np.broadcast_arrays(*(part.astype(dtype) for part in arrays)))
