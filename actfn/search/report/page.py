"""One HTML page that shows a search and loads nothing."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import jinja2

from actfn.search.books.results import Result
from actfn.search.report import charts, curves, numbers, words
from actfn.search.report.content import Content, Row

DRAWN = 100  # trials with a picture: a page of thousands stays small


@dataclasses.dataclass(frozen=True)
class Entry:
    """A trial as a line of the table.

    Attributes:
        result: The trial.
        kind: ``policy`` or ``random``.
        curve: What its line opens.
        values: Its other hyperparameters, as text.
    """

    result: Result
    kind: str
    curve: curves.Curve
    values: str


@dataclasses.dataclass(frozen=True)
class Line:
    """A confirmed function as a line of the leaderboard.

    Attributes:
        row: The function.
        strip: Its picture.
        curve: What its line opens.
        score: Its mean with the metric's own sign.
        sign: Of the metric: 1 or -1.
    """

    row: Row
    strip: charts.Strip
    curve: curves.Curve
    score: float
    sign: int


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("actfn.search.report", "template"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": numbers.number,
        "probability": numbers.probability,
        "duration": numbers.duration,
        "order": _order,
    }
    environment.globals |= {"runs": words.runs, "interval": words.interval}
    return environment.get_template("page.html")


def render(content: Content) -> str:
    """Returns the page."""
    lines, ticks, zero = _lines(content)
    incumbent = next(
        (row for row in content.confirmed if row.role == "baseline"), None
    )
    return _template().render(
        content=content,
        lines=lines,
        strip_ticks=ticks,
        zero=zero,
        incumbent=incumbent.expression if incumbent else "",
        best=numbers.best(content.trials),
        entries=_entries(content),
        drawn=DRAWN,
        rewards=charts.rewards(content.trials, content.control, content.policy),
        distribution=charts.distribution(content.trials, content.control),
        learning=words.learning(content),
        told=words.found_and_known(content),
        counts=words.counts,
        reasons=words.reasons([*content.trials, *content.control]),
        box=f"0 0 {curves.WIDTH:.0f} {curves.HEIGHT:.0f}",
        relu=curves.relu(),
        axes=curves.axes(),
    )


def _entries(content: Content) -> list[Entry]:
    """Returns the trials by reward, the best of them with pictures."""
    values = [numbers.settings(each) for each in content.values]
    values += [""] * (len(content.trials) - len(values))
    rows = [
        (trial, "policy", told)
        for trial, told in zip(content.trials, values, strict=True)
    ] + [(trial, "random", "") for trial in content.control]
    rows.sort(key=lambda row: (row[0].rank[0], row[1], row[0].order))
    return [
        Entry(
            trial, kind, curves.curve(trial.expression, place < DRAWN), values
        )
        for place, (trial, kind, values) in enumerate(rows)
    ]


def _lines(content: Content) -> tuple[list[Line], Sequence, float]:
    order = numbers.ranked(content.confirmed)
    strips, ticks, zero = charts.strips(content.confirmed)
    of = dict(zip(map(id, content.confirmed), strips, strict=True))
    sign = 1 if content.higher_is_better else -1
    lines = [
        Line(
            row,
            of[id(row)],
            curves.curve(row.expression),
            numbers.score(content, row),
            sign,
        )
        for row in order
    ]
    return lines, ticks, zero


def _order(value: float) -> str:
    """Returns what a column is sorted by; NaN is below all numbers."""
    return f"{value:.10g}" if math.isfinite(value) else "-1e999"
