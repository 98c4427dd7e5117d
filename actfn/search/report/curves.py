"""A function as a small picture: its values and its derivative."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping

import numpy as np

from actfn import catalog
from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import (
    Constant,
    ExpressionError,
    Y,
    parameters,
    substitute,
)
from actfn.expressions.parsing import parse
from actfn.spaces.groups import split_groups

REACH = 5.0  # x from -REACH to REACH
LOW, HIGH = -2.5, 5.0
WIDTH, HEIGHT = 200.0, 150.0
_POINTS = 121
_STEP = 1e-5  # of the central difference


@dataclasses.dataclass(frozen=True)
class Curve:
    """What a function's row opens.

    Attributes:
        value: Path of the function in a box of `WIDTH` by `HEIGHT`.
        slope: Path of its derivative.
        latex: Its formula.
        python: The line that makes a layer of it.
        problem: Why there is no picture or formula.
    """

    value: str
    slope: str
    latex: str
    python: str
    problem: str = ""


@functools.lru_cache(maxsize=4096)
def curve(text: str, drawn: bool = True) -> Curve:
    """Returns the picture of a function, its parameters where they start.

    Random ones are 1.

    Args:
        text: An expression or a name of the catalog; for groups, the functions
            are drawn together, without their derivatives.
        drawn: Whether the paths are wanted.
    """
    if groups := split_groups(text):
        return _together({n: curve(t, drawn) for n, t in groups.items()})
    python = f"actfn.get({json.dumps(text, ensure_ascii=False)})"
    named = catalog.find(text)
    try:
        function = parse(named.expression if named else text, inputs=2)
    except ExpressionError as error:
        return Curve("", "", "", python, str(error))
    value = slope = ""
    if drawn:
        first = named.first_values if named else {}
        betas = [
            np.float64(first.get(parameter.name, 1))
            for parameter in parameters(function)
        ]
        # Of two inputs, what is left of the function where y is 1.
        program = compile_expression(substitute(function, {Y: Constant(1)}))

        def at(x: np.ndarray) -> np.ndarray:
            return np.asarray(program.value(x, betas), "float64")

        with np.errstate(all="ignore"):
            x = np.linspace(-REACH, REACH, _POINTS)
            value = path(x, at(x))
            slope = path(x, (at(x + _STEP) - at(x - _STEP)) / (2 * _STEP))
    return Curve(value, slope, function.latex(), python)


def _together(curves: Mapping[str, Curve]) -> Curve:
    """Returns the functions of some groups as one picture."""
    return Curve(
        "".join(each.value for each in curves.values()),
        "",
        r",\quad ".join(
            r"\text{" + name.replace("_", r"\_") + ": } " + each.latex
            for name, each in curves.items()
        ),
        "{"
        + ", ".join(f'"{n}": {each.python}' for n, each in curves.items())
        + "}",
        "; ".join(filter(None, (each.problem for each in curves.values()))),
    )


def path(x: np.ndarray, y: np.ndarray) -> str:
    """Returns a line through the points; it breaks where it leaves the box."""
    room = HIGH - LOW
    parts, pen = [], False
    for across, up in zip(x, y, strict=True):
        if not (np.isfinite(up) and LOW - room <= up <= HIGH + room):
            pen = False
            continue
        left = WIDTH * (across + REACH) / (2 * REACH)
        top = HEIGHT * (HIGH - up) / room
        parts.append(f"{'L' if pen else 'M'}{left:.1f} {top:.1f}")
        pen = True
    return "".join(parts)


def relu() -> str:
    """Returns the path of ReLU, to compare with."""
    x = np.array([-REACH, 0, REACH])
    return path(x, np.maximum(x, 0))


def axes() -> str:
    """Returns the path of the two axes."""
    top = HEIGHT * HIGH / (HIGH - LOW)
    return f"M0 {top:.1f}H{WIDTH:.0f}M{WIDTH / 2:.0f} 0V{HEIGHT:.0f}"
