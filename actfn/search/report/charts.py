"""The pictures of a search as paths of SVG and places of labels.

Paths live in a box of 1000 by 100 that is stretched to whatever room the page
has; strokes do not scale. Labels are HTML beside it, placed in percent, so that
they can be read on a phone.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np

from actfn.search.books.results import Result
from actfn.search.report.content import Row
from actfn.search.report.numbers import finite, number, reached, trained

WIDTH, HEIGHT = 1000.0, 100.0
MARGIN = 0.04  # of an axis, beside the outermost value


@dataclasses.dataclass(frozen=True)
class Tick:
    """A label of an axis.

    Attributes:
        at: Its place in percent, from the left or from the bottom.
        label: Its text.
    """

    at: float
    label: str


@dataclasses.dataclass(frozen=True)
class Mark:
    """A path with the CSS class that says how it looks."""

    path: str
    style: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """What is drawn: paths between two axes, and a sentence that says it."""

    marks: tuple[Mark, ...]
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    x_name: str
    alternative: str


@dataclasses.dataclass(frozen=True)
class Axis:
    """Maps values from `low` to `high` to a share of the room."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float]) -> Axis:
        """Returns an axis with all finite values and some room beside."""
        values = finite(values) or [0.0, 1.0]
        low, high = min(values), max(values)
        room = MARGIN * (high - low) or max(abs(high), 1) * MARGIN
        return cls(low - room, high + room)

    def share(self, value: float) -> float:
        """Returns the place of a value, 0 to 1; outside goes to the rim."""
        return min(max((value - self.low) / (self.high - self.low), 0), 1)

    def ticks(self, count: int = 5) -> tuple[Tick, ...]:
        """Returns round values, some `count` of them."""
        raw = 0.8 * (self.high - self.low) / count
        size = 10 ** math.floor(math.log10(raw))
        step = next(n * size for n in (1, 2, 5, 10) if n * size >= raw * 0.999)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(
            Tick(round(100 * self.share(n * step), 2), _plain(n * step, digits))
            for n in range(first, last + 1)
        )


def rewards(
    trials: Sequence[Result], control: Sequence[Result], policy: str
) -> Chart:
    """Draws each trained function's reward, and the best so far."""
    groups = [(trained(control), "control"), (trained(trials), "policy")]
    both = [row for rows, _ in groups for row in rows]
    y = _reward_axis(both)
    longest = max((len(rows) for rows, _ in groups), default=0)
    x = Axis(0, max(longest, 1) + 1)
    marks = []
    for rows, style in groups:
        good = [(n, r) for n, r in enumerate(rows, 1) if _is_shown(r, y)]
        bad = [n for n, r in enumerate(rows, 1) if not _is_shown(r, y)]
        dots = "".join(_dot(x.share(n), y.share(r.reward)) for n, r in good)
        rug = "".join(f"M{WIDTH * x.share(n):.1f} {HEIGHT}v-3" for n in bad)
        best = itertools.accumulate(map(reached, rows), max)
        line = _steps(x, y, list(enumerate(best, 1)), len(rows))
        marks += [Mark(dots, f"dots {style}"), Mark(rug, f"line {style}")]
        marks.append(Mark(line, f"line {style}"))
    return Chart(
        tuple(mark for mark in marks if mark.path),
        _counts(x),
        y.ticks(4),
        "trained functions",
        f"Reward of {len(groups[1][0])} functions of the {policy} policy"
        + (f" and {len(groups[0][0])} random ones" if control else "")
        + " in their order, each with the best so far as a line.",
    )


def distribution(trials: Sequence[Result], control: Sequence[Result]) -> Chart:
    """Draws the share of trained functions that reached each reward."""
    groups = [(trained(control), "control"), (trained(trials), "policy")]
    x = _reward_axis([row for rows, _ in groups for row in rows])
    marks = []
    for rows, style in groups:
        if rows:
            path = _survival(x, [*map(reached, rows)])
            marks.append(Mark(path, f"line {style}"))
    ticks = tuple(Tick(n, f"{n} %") for n in (0, 50, 100))
    text = "Share of the trained functions whose reward is at least that high."
    return Chart(tuple(marks), x.ticks(), ticks, "reward", text)


@dataclasses.dataclass(frozen=True)
class Strip:
    """A confirmed function's differences from the incumbent.

    Attributes:
        runs: One dot a paired seed.
        interval: A line from the lower to the upper end; may be empty.
        mean: A stroke at the mean; may be empty.
    """

    runs: str
    interval: str
    mean: str


def strips(rows: Sequence[Row]) -> tuple[list[Strip], tuple[Tick, ...], float]:
    """Returns a strip a row, the axis's labels and the place of zero.

    Differences far below all means go to the rim: one that fails would
    otherwise press the others together.
    """
    incumbent = next((row for row in rows if row.role == "baseline"), None)
    base = incumbent.scores if incumbent else ()
    gaps = [
        finite(a - b for a, b in zip(row.scores, base, strict=False))
        for row in rows
    ]
    axis = _gain_axis(rows, gaps)
    drawn = []
    for row, values in zip(rows, gaps, strict=True):
        dots = "".join(_dot(axis.share(value), 0.5) for value in values)
        interval = mean = ""
        if math.isfinite(row.gain):
            mean = f"M{WIDTH * axis.share(row.gain):.1f} 22V78"
        if math.isfinite(row.low) and math.isfinite(row.high):
            left, right = axis.share(row.low), axis.share(row.high)
            interval = f"M{WIDTH * left:.1f} 50H{WIDTH * right:.1f}"
        drawn.append(Strip(dots, interval, mean))
    return drawn, axis.ticks(2), round(100 * axis.share(0), 2)


def _gain_axis(rows: Sequence[Row], gaps: Sequence[Sequence[float]]) -> Axis:
    """Returns the axis of the differences, with zero on it."""
    inner = finite(v for row in rows for v in (row.gain, row.low, row.high))
    every = [value for values in gaps for value in values]
    high = max([0.0, *inner, *every])
    if not every and not inner:
        return Axis(-1, 1)
    # As far to the left as most rows need.
    lows = sorted(min([0.0, *values]) for values in gaps)
    usual = lows[len(lows) // 2]
    reach = max(high, -usual) or 1e-3
    return Axis.around([max(min([0.0, *inner, *every]), -3 * reach), high])


def _reward_axis(rows: Sequence[Result]) -> Axis:
    """Returns an axis for the rewards worth a look.

    It ends below a twentieth of the completed ones: a few bad rewards would
    otherwise press all others together.
    """
    good = sorted(finite(r.reward for r in rows if r.status == "completed"))
    return Axis.around(good[len(good) // 20 :])


def _is_shown(row: Result, axis: Axis) -> bool:
    return row.status == "completed" and row.reward >= axis.low


def _counts(axis: Axis) -> tuple[Tick, ...]:
    return tuple(tick for tick in axis.ticks() if "." not in tick.label)


def _dot(x: float, y: float) -> str:
    return f"M{WIDTH * x:.1f} {HEIGHT * (1 - y):.1f}h0"


def _steps(x: Axis, y: Axis, points, last: int) -> str:
    """Returns a line that goes level until its value changes."""
    path, level = [], None
    for n, value in points:
        if value < y.low or value == level:
            continue
        place = f"{WIDTH * x.share(n):.1f}"
        height = f"{HEIGHT * (1 - y.share(value)):.1f}"
        path.append(f"M{place} {height}" if level is None else f"H{place}")
        path.append("" if level is None else f"V{height}")
        level = value
    return "".join(path) + (f"H{WIDTH * x.share(last):.1f}" if path else "")


def _survival(axis: Axis, values: Sequence[float]) -> str:
    """Returns the line of the share of values at or above each reward."""
    ordered = np.sort(values)
    path = []
    for index, value in enumerate(ordered):
        if value < axis.low:
            continue
        height = HEIGHT * index / len(ordered)
        start = "H" if path else f"M0 {height:.1f}H"
        below = HEIGHT * (index + 1) / len(ordered)
        path.append(f"{start}{WIDTH * axis.share(value):.1f}V{below:.1f}")
    return "".join(path)


def _plain(value: float, digits: int) -> str:
    return number(0.0 if abs(value) < 1e-12 else value, digits)
