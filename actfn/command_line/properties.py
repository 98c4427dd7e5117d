"""What a function of one number is like, found by numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

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
_WIDTH, _HEIGHT = 64, 19
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
    left_slope: str
    right_slope: str
    monotone: str
    cost: str

    def sheet(self) -> list[tuple[str, str]]:
        """Returns all of them, each with what it is."""
        sides = "{} to the left, {} to the right"
        return [
            ("domain", self.domain),
            ("range", self.range),
            ("limits", sides.format(self.left, self.right)),
            ("slopes", sides.format(self.left_slope, self.right_slope)),
            ("monotone", self.monotone),
            ("cost", self.cost),
        ]


def properties(expression: Expression, betas: dict[str, float]) -> Properties:
    """Returns the properties of a function with values of its parameters.

    Raises:
        ValueError: An operator of the function has no derivative.
    """
    points = np.concatenate([-_FAR, _FAR, _GRID])
    values, slopes = curve(expression, points, betas)
    slopes = np.where(np.isnan(values), np.nan, slopes)
    before, after = len(_FAR), 2 * len(_FAR)
    y, slope = values[after:], slopes[after:]
    far = [
        (values[part], slopes[part])
        for part in (slice(before), slice(before, after))
    ]
    left, right = (limit(values) for values, _ in far)
    return Properties(
        domain=_domain(y),
        range=_range(y, [(left, far[0][0]), (right, far[1][0])]),
        left=left,
        right=right,
        left_slope=limit(far[0][1]),
        right_slope=limit(far[1][1]),
        monotone=_monotone(y, slope),
        cost=cost(expression),
    )


def limit(values: np.ndarray) -> str:
    """Names the limit of values at ever farther points."""
    if np.isnan(values).any():
        return "undefined"
    *_, before, last = values
    if np.isinf(last) or abs(last) > 1.05 * abs(before) > 1:
        sides = np.sign(values[-3:])
        if (sides != sides[-1]).any():  # it swings ever farther
            return "none"
        return "infinity" if last > 0 else "-infinity"
    if abs(last - before) <= 2e-4 * max(1, abs(last)):
        return number(float(last), 1e-3)
    sizes = np.abs(values)
    return "0" if (sizes[1:] < 0.7 * sizes[:-1]).all() else "none"


def number(value: float, zero: float = 1e-9) -> str:
    """Writes a number, and 0 for one that is nearly so."""
    return "0" if abs(value) < zero else f"{value:.4g}"


def _domain(y: np.ndarray) -> str:
    holes = _holes(y)
    if not holes.any():
        return "all numbers"
    return "no numbers" if holes.all() else intervals(_GRID, y)


def _holes(y: np.ndarray) -> np.ndarray:
    """Returns where on the grid there is no value, or a pole.

    Infinite ones in a row are the values of a function that grows fast.
    """
    infinite = np.pad(np.isinf(y), 1)
    alone = infinite[1:-1] & ~infinite[2:] & ~infinite[:-2]
    return np.isnan(y) | alone


def intervals(points: np.ndarray, y: np.ndarray) -> str:
    """Names the intervals between the holes of a function on a grid."""
    holes = _holes(y)
    inside = ~holes
    edges = np.flatnonzero(np.diff(inside.astype(int)))
    starts = [0, *(edges + 1)]
    ends = [*edges, len(points) - 1]
    pieces = []
    for start, end in zip(starts, ends, strict=True):
        if not inside[start]:
            continue
        low, high = "(-infinity", "infinity)"
        if start > 0:  # A pole is no part of it; else its first point is.
            pole = np.isinf(y[start - 1])
            edge = number(points[start - 1 if pole else start])
            low = f"({edge}" if pole else f"[{edge}"
        if end < len(points) - 1:
            pole = np.isinf(y[end + 1])
            edge = number(points[end + 1 if pole else end])
            high = f"{edge})" if pole else f"{edge}]"
        pieces.append(f"{low}, {high}")
    return " and ".join(pieces)


def _range(y: np.ndarray, ends: list[tuple[str, np.ndarray]]) -> str:
    """Names the range: of values, and limits with the values far out."""
    limits = [limit for limit, _ in ends]
    found = y[np.isfinite(y)]
    if not found.size:
        return "nothing"
    # Beside a hole, large means that there is no end.
    beside = y[np.convolve(_holes(y), [1, 1, 1], "same") > 0]
    bottomless = np.isneginf(y).any() or (beside < -100).any()
    endless = np.isposinf(y).any() or (beside > 100).any()
    for limit, far in ends:
        size = np.abs(far)
        if limit == "none" and size.max() > 10 * size[0]:
            # It swings ever farther, to the sides that are known.
            bottomless |= min(far.min(), found.min()) < -100
            endless |= max(far.max(), found.max()) > 100
    low, high = number(found.min(), 1e-6), number(found.max(), 1e-6)
    low = "-infinity" if bottomless or "-infinity" in limits else low
    high = "infinity" if endless or "infinity" in limits else high
    return f"from {low} to {high}"


def _monotone(y: np.ndarray, slope: np.ndarray) -> str:
    # Slopes alone would miss a jump, which is none across a hole.
    before, after = y[:-1], y[1:]
    near = np.isfinite(before) & np.isfinite(after)
    before, after = before[near], after[near]
    moves = after - before
    moves = moves[np.abs(moves) > 1e-14 * np.maximum(1, np.abs(after))]
    rising, falling = (moves > 0).any(), (moves < 0).any()
    if rising and falling:
        turns = int(np.count_nonzero(np.diff(np.sign(moves))))
        return f"no, it turns {turns} time{'s' * (turns != 1)}"
    if not rising and not falling:
        return "constant"
    word = "rising" if rising else "falling"
    never = (np.abs(slope[np.isfinite(slope)]) > 1e-12).all()
    return f"yes, {word}" + ("" if never else ", flat in parts")


def cost(expression: Expression) -> str:
    """Counts operations, kept tensors and parameters."""
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


def across() -> np.ndarray:
    """Returns where a drawing has its columns."""
    return np.linspace(-5, 5, _WIDTH)


def text_curves(expression: Expression, betas: dict[str, float]) -> str:
    """Returns a drawing of value (*) and derivative (.) on [-5, 5]."""
    found = curve(expression, across(), betas)
    y, slope = (np.clip(part, -5, 5) for part in found)
    return text_drawing([(".", slope), ("*", y)], "* value, . derivative")


def text_drawing(lines: Sequence[tuple[str, np.ndarray]], legend: str) -> str:
    """Returns a drawing on [-5, 5].

    Args:
        lines: The mark and the values of each, at `across`; later ones are
            drawn over earlier ones.
        legend: Says what the marks are.
    """
    shown = np.concatenate([*(values for _, values in lines), [0.0]])
    shown = shown[np.isfinite(shown)]
    low, high = shown.min(), max(shown.max(), shown.min() + 1e-3)
    canvas = [[" "] * _WIDTH for _ in range(_HEIGHT)]

    def row(value: float) -> int:
        return round((high - value) / (high - low) * (_HEIGHT - 1))

    canvas[row(0.0)] = ["-"] * _WIDTH
    for line in canvas:
        line[_WIDTH // 2] = "|"
    for mark, values in lines:
        for column, value in enumerate(values):
            if np.isfinite(value):
                canvas[row(value)][column] = mark
    labels = {0: f"{high:.3g}", row(0.0): "0", _HEIGHT - 1: f"{low:.3g}"}
    drawn = [
        f"{labels.get(index, ''):>7} {''.join(line)}".rstrip()
        for index, line in enumerate(canvas)
    ]
    half = _WIDTH // 2
    axis = f"{'':8}{'-5':<{half}}{'5':>{_WIDTH - half}}"
    return "\n".join([*drawn, axis, f"{'':8}{legend}"])
