"""What a function of two inputs is like, found by numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from actfn.analysis import surface
from actfn.command_line import properties
from actfn.expressions.expression import Expression

_NEAR = np.linspace(-20, 20, 401)
_REACHES = (1e2, 1e3, 1e4, 1e5)
_ROUNDS = 12
"""How often a search for an extremum looks at a grid a quarter as wide."""
SLICES = ((-2.0, "o"), (0.5, "."), (2.0, "*"))
"""The values of y that are drawn, and their marks."""


def sheet(
    expression: Expression, betas: dict[str, float]
) -> list[tuple[str, str]]:
    """Returns domain, range and cost with values of the parameters."""
    return [
        ("domain", _domain(expression, betas)),
        ("range", _range(expression, betas)),
        ("cost", properties.cost(expression)),
    ]


def _values(expression: Expression, betas, x, y) -> np.ndarray:
    """Returns the values on a grid, y by x."""
    return expression(*np.meshgrid(x, y), **betas)


def _domain(expression: Expression, betas: dict[str, float]) -> str:
    values = _values(expression, betas, _NEAR, _NEAR)
    holes = ~np.isfinite(values)
    if not holes.any():
        return "all x and y"
    if holes.all():
        return "nothing"
    by_x, by_y = holes.all(axis=0), holes.all(axis=1)
    if not np.array_equal(holes, by_x | by_y[:, None]):
        share = 100 - 100 * holes.mean()
        return f"{share:.2g} % of [-20, 20] x [-20, 20]"
    poles = np.isinf(values)
    pieces = []
    for axis, (name, lacking) in enumerate((("x", by_x), ("y", by_y))):
        if lacking.any():
            hole = np.where(poles.any(axis=axis), np.inf, np.nan)
            y = np.where(lacking, hole, 0)
            pieces.append(f"{name} in {properties.intervals(_NEAR, y)}")
    return " and ".join(pieces)


def _range(expression: Expression, betas: dict[str, float]) -> str:
    ends = []
    for sign in (-1, 1):

        def values(x, y, sign=sign):
            found = sign * _values(expression, betas, x, y)
            return np.where(np.isnan(found), -np.inf, found)

        peaks = [_peak(values, reach) for reach in _REACHES]
        highest, *place = max(peaks)
        if highest == -np.inf:
            return "nothing"
        limit = properties.limit(np.array([sign * peak[0] for peak in peaks]))
        top = sign * _climbed(values, highest, place)
        if "infinity" in limit or np.isinf(top):
            ends.append("infinity" if sign > 0 else "-infinity")
        else:
            ends.append(properties.number(top, 1e-6))
    return f"from {ends[0]} to {ends[1]}"


def _peak(values: Callable, reach: float) -> tuple[float, float, float]:
    """Returns the largest value on a grid up to the reach, and where it is."""
    far = np.geomspace(20, reach, 40)
    places = np.concatenate([-far[::-1], _NEAR[::4], far])
    found = values(places, places)
    row, column = np.unravel_index(found.argmax(), found.shape)
    return float(found[row, column]), places[column], places[row]


def _climbed(values: Callable, best: float, place: Sequence[float]) -> float:
    """Returns the largest value near a place by ever finer grids.

    Infinity, if it still grows as the grid gets finer.
    """
    before = best
    for finer in range(_ROUNDS):
        x, y = (p + np.linspace(-0.4, 0.4, 21) / 4**finer for p in place)
        found = values(x, y)
        row, column = np.unravel_index(found.argmax(), found.shape)
        before = best
        if found[row, column] > best:
            best, place = float(found[row, column]), (x[column], y[row])
    return np.inf if best > max(1, 1.05 * abs(before)) else best


def text_slices(expression: Expression, betas: dict[str, float]) -> str:
    """Returns a drawing over x on [-5, 5], a mark for each value of y."""
    x = properties.across()
    lines = [
        (mark, np.clip(surface(expression, x, y, betas)[0], -5, 5))
        for y, mark in SLICES
    ]
    legend = ", ".join(f"{mark} y = {y:g}" for y, mark in reversed(SLICES))
    return properties.text_drawing(lines, legend)
