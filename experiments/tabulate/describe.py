"""What is known of a function before it is trained: a row of functions.parquet.

Numbers are rounded to six digits, so that machines agree on them. Parameters
have the values that training starts from, 1 where these are random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

import actfn
from actfn import catalog
from actfn.analysis import curve
from actfn.bench import QUANTILES, without_epsilon
from actfn.command_line.properties import properties
from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import (
    Call,
    Expression,
    X,
    parameters,
)
from actfn.spaces.fingerprint import agree_at_constants
from actfn.spaces.one_unit import small_functions
from experiments.tabulate.functions import Function, strings

_PERIODIC = frozenset(["sin", "cos", "sinc"])
_DIVISIONS = frozenset(["div", "divide", "reciprocal"])
_NEAR = np.linspace(-20, 20, 8001)
_NORMAL = np.linspace(-8, 8, 4001)
_POINTS = np.concatenate([_NEAR, _NORMAL, QUANTILES])
_PARTS = np.cumsum([len(_NEAR), len(_NORMAL)])
_WEIGHTS = stats.norm.pdf(_NORMAL) / stats.norm.pdf(_NORMAL).sum()
_COARSE = np.linspace(-8, 8, 252)  # no kink at zero
_COARSE_WEIGHTS = stats.norm.pdf(_COARSE) / stats.norm.pdf(_COARSE).sum()
_LAYERS = 100
_SMALL = 1e-12


def rows(functions: Sequence[Function]) -> list[dict[str, Any]]:
    """Returns the rows of functions, in their order."""
    with np.errstate(all="ignore"):  # Far out, many overflow.
        return [_row(each) for each in functions]


def _row(function: Function) -> dict[str, Any]:
    entry = catalog.find(function.text)
    form = actfn.parse(function.form)
    trained = actfn.get(function.text).expression
    names = [parameter.name for parameter in parameters(trained)]
    betas = entry.first_values if entry else dict.fromkeys(names, 1.0)
    nodes = compile_expression(form).nodes
    calls = [node for node in nodes if isinstance(node, Call)]
    operators = sorted({call.operator for call in calls})
    units = {"one-unit": 1, "two-unit": 2}.get(function.source)
    if units is None and _is_of_one_unit(form):
        units = 1
    found = properties(trained, betas)
    exact = None
    if "div" in operators:
        exact = str(actfn.canonicalize(without_epsilon(form)))
    return {
        "function": function.text,
        "form": function.form,
        "latex": form.latex(),
        "set": function.source,
        "names": list(function.names),
        "initial": [str(v) for v in entry.initial] if entry else [],
        "units": units,
        "strings": strings()[function.form],
        "operators": operators,
        "operations": len(calls),
        "parameters": len(parameters(form)),
        "domain": found.domain,
        "range": found.range,
        "left": found.left,
        "right": found.right,
        "left_slope": found.left_slope,
        "right_slope": found.right_slope,
        "monotone": _monotone(found.monotone),
        "periodic": bool(_PERIODIC & {*operators}),
        "division": bool(_DIVISIONS & {*operators}),
        "raw_x": X in last_arguments(form),
        "exact": exact,
        **_numbers(trained, betas),
    }


def _is_of_one_unit(form: Expression) -> bool:
    found = small_functions().find(form)
    return found is not None and agree_at_constants(form, found)


def last_arguments(form: Expression) -> list[Expression]:
    """Returns what the last operation of a function takes.

    Sums are taken as a whole, and so are products: of ``x + sin(x) + 1`` all
    three terms. What has one argument takes nothing in this sense.
    """
    if not isinstance(form, Call):
        return [form]
    if len(form.arguments) == 1:
        return []
    kind = _KINDS.get(form.operator)
    parts: list[Expression] = []
    for argument in form.arguments:
        same = isinstance(argument, Call) and kind is not None
        if same and kind == _KINDS.get(argument.operator):
            parts += last_arguments(argument)
        else:
            parts.append(argument)
    return parts


_KINDS = {"add": "sum", "sub": "sum", "mul": "product"}


def _monotone(text: str) -> str:
    """Returns rising, falling, constant or no."""
    first, _, rest = text.partition(", ")
    return first if first in ("no", "constant") else rest.partition(",")[0]


def _numbers(expression: Expression, betas: dict[str, float]) -> dict[str, Any]:
    values, slopes = curve(expression, _POINTS, betas)
    y, normal, at_quantiles = np.split(values, _PARTS)
    slope, steep, _ = np.split(slopes, _PARTS)
    zero = y[len(y) // 2]
    expected = _WEIGHTS @ normal
    squares = _WEIGHTS @ (normal * normal)
    return {
        "parity": _parity(y),
        "zero_at_zero": bool(abs(zero) < 1e-9),
        "lipschitz": _digits(np.max(np.abs(slope))),
        "normal_mean": _digits(expected),
        "normal_variance": _digits(squares - expected**2),
        "normal_slope_square": _digits(_WEIGHTS @ (steep * steep)),
        "criticality": _criticality(expression, betas),
        "values": [_digits(value) for value in at_quantiles],
    }


def _criticality(
    expression: Expression, betas: dict[str, float]
) -> float | None:
    """Returns what a layer of He's weights does to the gradient's square.

    Far from the first layer, where the variance of what comes in has settled.
    """
    variance = 1.0
    for _ in range(_LAYERS):
        before, points = variance, variance**0.5 * _COARSE
        values = expression(points, **betas)
        variance = float(2 * np.sum(_COARSE_WEIGHTS * values**2))
        if not _SMALL < variance < 1 / _SMALL:
            return None
        if abs(variance - before) < 1e-6 * before:
            _, slopes = curve(expression, points, betas)
            return _digits(float(2 * (_COARSE_WEIGHTS @ (slopes * slopes))))
    return None


def _parity(y: np.ndarray) -> str:
    size = np.maximum(np.abs(y), np.abs(y[::-1]))
    for word, other in (("even", y[::-1]), ("odd", -y[::-1])):
        with np.errstate(invalid="ignore"):
            near = np.abs(y - other) <= 1e-9 * np.maximum(size, 1e-300)
        if np.all(near | (y == other)):
            return word
    return "neither"


def _digits(value: float) -> float | None:
    """Returns six digits, 0 if that is all rounding; None if not finite."""
    if not math.isfinite(value):
        return None
    return 0.0 if abs(value) < 1e-9 else float(f"{value:.6g}")
