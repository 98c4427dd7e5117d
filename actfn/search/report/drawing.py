"""The pictures of a search, as SVG that follows the page's colours."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

from actfn import catalog
from actfn.analysis import curve
from actfn.expressions.expression import parameters
from actfn.search.books.results import Result
from actfn.search.report.content import Row

_BLUE, _ORANGE, _SOFT = "var(--blue)", "var(--orange)", "var(--soft)"


@functools.lru_cache(maxsize=512)
def function(text: str) -> dict[str, object]:
    """Returns curve, LaTeX and the line of Python of a function."""
    layer = catalog.get(text)
    x = np.linspace(-5, 5, 161)
    ones = {p.name: np.float64(1) for p in parameters(layer.expression)}
    with np.errstate(all="ignore"):
        value, slope = curve(text, x, ones)
    scale = _Scale((-5, 5), (-3, 5), 300, 190)
    lines = [
        scale.grid(5, 4),
        scale.line(x, np.maximum(x, 0), "var(--line)", 3),
        scale.line(x, value, _BLUE, 2),
        scale.line(x, slope, _BLUE, 1.2, dashed=True),
    ]
    label = f"Graph of {text} and of its derivative from -5 to 5"
    return {
        "curve": _svg(300, 190, label, lines, "max-width:22rem"),
        "latex": layer.expression.latex(),
        "python": f"actfn.get({text!r})",
    }


def rewards(trials: Sequence[Result], control: Sequence[Result]) -> Markup:
    """Draws each reward in the order of ending, and the best so far."""
    series = [
        ([t for t in rows if t.status != "cached"], colour)
        for rows, colour in ((control, _ORANGE), (trials, _BLUE))
    ]
    good = [t.reward for rows, _ in series for t in rows if _is_good(t)]
    if not good:
        return Markup("<p>No function has completed its training yet.</p>")
    longest = max(len(rows) for rows, _ in series)
    # Hopeless ones would squeeze all others: what is below lies at the edge.
    low = float(np.quantile(good, 0.1)) if len(good) > 9 else min(good)
    low -= 0.05 * (max(good) - low or 1)
    scale = _Scale((0, longest + 1), (low, max(good)), 900, 280)
    parts = [scale.grid(5, 6)]
    for rows, colour in series:
        if not rows:
            continue
        order = np.arange(1, len(rows) + 1)
        values = np.array([t.reward if _is_good(t) else low for t in rows])
        values = np.maximum(values, low)
        parts.append(scale.dots(order, values, colour))
        best = np.maximum.accumulate(values)
        parts.append(scale.line(order, best, colour, 1.6))
    label = f"Rewards of {len(trials)} trials; the best is {max(good):.4g}"
    return _svg(900, 280, label, parts)


def confirmation(rows: Sequence[Row]) -> Markup:
    """Draws the score of each run of each function, and the mean."""
    rows = [row for row in rows if any(map(math.isfinite, row.scores))]
    if not rows:
        return Markup("")
    means = [float(np.nanmean(row.scores)) for row in rows]
    known = [
        m for m, r in zip(means, rows, strict=True) if r.role == "baseline"
    ]
    spread = max(means) - min(known or means) or abs(max(means)) or 1.0
    low = max(min(means), min(known or means) - 2 * spread) - 0.1 * spread
    high = max(s for row in rows for s in row.scores if math.isfinite(s))
    height = 40 + 26 * len(rows)
    scale = _Scale((low, high), (len(rows), 0), 900, height, left=260)
    parts = [scale.grid(5, 0)]
    for place, (row, mean) in enumerate(zip(rows, means, strict=True)):
        colour = _SOFT if row.role == "baseline" else _BLUE
        scores = np.array([s for s in row.scores if s >= low])
        parts.append(
            scale.dots(scores, np.full(len(scores), place + 0.5), colour)
        )
        parts.append(scale.bar(max(mean, low), place + 0.5, colour))
        parts.append(scale.name(row.expression, place + 0.5))
    label = "Scores of each run by function; the table below has the numbers"
    return _svg(900, height, label, parts)


class _Scale:
    """Maps values to points of a picture."""

    def __init__(self, x, y, width: int, height: int, left: int = 58):
        self.x, self.y = x, y
        self.left, self.right = left, width - 12
        self.top, self.bottom = 10, height - 24

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Returns a point's place in the picture."""
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1)
        return (
            self.left + across * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )

    def grid(self, columns: int, rows: int) -> Markup:
        """Draws lines with their values."""
        parts = []
        for value in np.linspace(*self.x, columns + 1):
            a, _ = self.point(value, self.y[0])
            parts.append(
                f'<line class="axis" x1="{a:.1f}" x2="{a:.1f}" '
                f'y1="{self.top}" y2="{self.bottom}"/>'
                f'<text x="{a:.1f}" y="{self.bottom + 16}" '
                f'text-anchor="middle">{value:.4g}</text>'
            )
        for value in np.linspace(*self.y, rows + 1) if rows else ():
            _, b = self.point(self.x[0], value)
            parts.append(
                f'<line class="axis" y1="{b:.1f}" y2="{b:.1f}" '
                f'x1="{self.left}" x2="{self.right}"/>'
                f'<text x="{self.left - 6}" y="{b + 4:.1f}" '
                f'text-anchor="end">{value:.3g}</text>'
            )
        return Markup("".join(parts))

    def line(self, x, y, colour: str, width: float, dashed=False) -> Markup:
        """Draws a line, with gaps where it is not finite or off the scale."""
        low, high = sorted(self.y)
        pieces, piece = [], []
        for a, b in zip(x, y, strict=True):
            if math.isfinite(b) and low - 1e-9 <= b <= high + 1e-9:
                piece.append("{:.1f},{:.1f}".format(*self.point(a, b)))
            elif piece:
                pieces.append(piece)
                piece = []
        pieces.append(piece)
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        return Markup("").join(
            Markup(
                f'<polyline points="{" ".join(each)}" fill="none" '
                f'stroke="{colour}" stroke-width="{width}"{dash}/>'
            )
            for each in pieces
            if len(each) > 1
        )

    def dots(self, x, y, colour: str) -> Markup:
        """Draws a dot at each point."""
        places = (self.point(a, b) for a, b in zip(x, y, strict=True))
        return Markup(
            "".join(
                f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}" '
                'fill-opacity=".6"/>'
                for a, b in places
            )
        )

    def bar(self, x: float, y: float, colour: str) -> Markup:
        """Draws a short upright line."""
        a, b = self.point(x, y)
        return Markup(
            f'<line x1="{a:.1f}" x2="{a:.1f}" y1="{b - 9:.1f}" '
            f'y2="{b + 9:.1f}" stroke="{colour}" stroke-width="2.5"/>'
        )

    def name(self, text: str, y: float) -> Markup:
        """Writes a row's name at the left."""
        _, b = self.point(self.x[0], y)
        short = text if len(text) < 38 else text[:36] + "…"
        return Markup(
            f'<text x="{self.left - 10}" y="{b + 4:.1f}" '
            f'text-anchor="end">{escape(short)}</text>'
        )


def _is_good(trial: Result) -> bool:
    return trial.status == "completed"


def _svg(width: int, height: int, label: str, parts, style="") -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}" style="{style}">'
        f"{''.join(map(str, parts))}</svg>"
    )
