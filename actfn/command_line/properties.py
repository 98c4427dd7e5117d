"""What a function of one number is like, found by numbers."""

from __future__ import annotations

import dataclasses

import numpy as np

from actfn.analysis import curve
from actfn.expressions import words
from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import Call, Expression, parameters

_FAR = np.array([1e2, 1e3, 1e4, 1e5])
_NEAR = np.linspace(-20, 20, 16001)
_GRID = np.unique(
    np.concatenate([_NEAR, np.geomspace(20, 1e3, 500) * [[-1], [1]]], None)
)
_CHEAP = frozenset(
    [
        "add", "sub", "mul", "neg", "abs", "max", "min", "sign", "lt", "le",
        "gt", "ge", "where", "square",
    ]
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Properties:
    """What there is to say of a function, each as text."""

    domain: str
    range: str
    left: str
    right: str
    slopes: str
    monotone: str
    cost: str


def properties(expression: Expression, betas: dict[str, float]) -> Properties:
    """Returns the properties of a function with values of its parameters.

    Raises:
        ValueError: An operator of the function has no derivative.
    """
    y, slope = curve(expression, _GRID, betas)
    far = [curve(expression, sign * _FAR, betas) for sign in (-1, 1)]
    left, right = (_limit(values) for values, _ in far)
    return Properties(
        domain=_domain(y),
        range=_range(y, (left, right)),
        left=left,
        right=right,
        slopes=f"{_limit(far[0][1])} to the left, "
        f"{_limit(far[1][1])} to the right",
        monotone=_monotone(y, slope),
        cost=_cost(expression),
    )


def _limit(values: np.ndarray) -> str:
    """Names the limit of values at ever farther points."""
    if np.isnan(values).any():
        return "undefined"
    *_, before, last = values
    if np.isinf(last) or abs(last) > 1.05 * abs(before) > 1:
        return "infinity" if last > 0 else "-infinity"
    if abs(last - before) <= 2e-4 * max(1, abs(last)):
        return _number(float(last), 1e-3)
    return "none"


def _number(value: float, zero: float = 1e-9) -> str:
    return "0" if abs(value) < zero else f"{value:.4g}"


def _domain(y: np.ndarray) -> str:
    near = np.abs(_GRID) <= 20
    holes = np.isnan(y) | (np.isinf(y) & near)
    if not holes.any():
        return "all numbers"
    if holes.all():
        return "no numbers"
    inside = ~holes
    edges = np.flatnonzero(np.diff(inside.astype(int)))
    starts = [0, *(edges + 1)]
    ends = [*edges, len(y) - 1]
    pieces = []
    for start, end in zip(starts, ends, strict=True):
        if not inside[start]:
            continue
        low = "-infinity" if start == 0 else _number(_GRID[start - 1])
        high = "infinity" if end == len(y) - 1 else _number(_GRID[end + 1])
        pieces.append(f"({low}, {high})")
    return " and ".join(pieces)


def _range(y: np.ndarray, limits: tuple[str, str]) -> str:
    found = y[np.isfinite(y)]
    if not found.size:
        return "nothing"
    # Beside a hole, large means that there is no end.
    holes = ~np.isfinite(y) & (np.abs(_GRID) <= 20)
    beside = y[np.convolve(holes, [1, 1, 1], "same") > 0]
    bottomless = np.isneginf(y).any() or (beside < -100).any()
    endless = np.isposinf(y).any() or (beside > 100).any()
    low, high = _number(found.min(), 1e-6), _number(found.max(), 1e-6)
    low = "-infinity" if bottomless or "-infinity" in limits else low
    high = "infinity" if endless or "infinity" in limits else high
    return f"from {low} to {high}"


def _monotone(y: np.ndarray, slope: np.ndarray) -> str:
    slope = slope[np.isfinite(y) & np.isfinite(slope)]
    rising, falling = (slope > 1e-12).any(), (slope < -1e-12).any()
    if rising and falling:
        signs = np.sign(slope[np.abs(slope) > 1e-12])
        turns = int(np.count_nonzero(np.diff(signs)))
        return f"no, it turns {turns} time{'s' * (turns != 1)}"
    if not rising and not falling:
        return "constant"
    word = "rising" if rising else "falling"
    never = (np.abs(slope) > 1e-12).all()
    return f"yes, {word}" + ("" if never else ", flat in parts")


def _cost(expression: Expression) -> str:
    nodes = compile_expression(expression).nodes
    calls = [node for node in nodes if isinstance(node, Call)]
    costly = sum(
        call.operator not in _CHEAP and not _whole_power(call) for call in calls
    )
    found = parameters(words.expand(expression))
    per_channel = sum(not parameter.scalar for parameter in found)
    scalars = len(found) - per_channel
    return (
        f"{len(calls)} operations, {costly} of them divisions, roots or "
        f"transcendental; keeps 1 tensor; parameters: {per_channel} a channel"
        f" and {scalars} a layer"
    )


def _whole_power(call: Call) -> bool:
    return call.operator == "pow" and str(call.arguments[1]) in ("2", "3")


def text_curves(
    expression: Expression,
    betas: dict[str, float],
    width: int = 64,
    height: int = 19,
) -> str:
    """Returns a drawing of value (*) and derivative (.) on [-5, 5]."""
    x = np.linspace(-5, 5, width)
    y, slope = (np.clip(v, -5, 5) for v in curve(expression, x, betas))
    shown = np.concatenate([y, slope, [0.0]])
    shown = shown[np.isfinite(shown)]
    low, high = shown.min(), max(shown.max(), shown.min() + 1e-3)
    canvas = [[" "] * width for _ in range(height)]

    def row(value: float) -> int:
        return round((high - value) / (high - low) * (height - 1))

    canvas[row(0.0)] = ["-"] * width
    for line in canvas:
        line[width // 2] = "|"
    for mark, values in ((".", slope), ("*", y)):
        for column, value in enumerate(values):
            if np.isfinite(value):
                canvas[row(value)][column] = mark
    labels = {0: f"{high:.3g}", row(0.0): "0", height - 1: f"{low:.3g}"}
    lines = [
        f"{labels.get(index, ''):>7} {''.join(line)}".rstrip()
        for index, line in enumerate(canvas)
    ]
    axis = f"{'':8}{'-5':<{width // 2}}{'5':>{width - width // 2}}"
    return "\n".join([*lines, axis, f"{'':8}* value, . derivative"])
