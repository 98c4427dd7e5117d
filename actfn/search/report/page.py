"""One HTML page that shows a search and loads nothing from elsewhere."""

from __future__ import annotations

import functools
import math
import os
import pathlib
from collections import Counter
from collections.abc import Sequence

import jinja2

from actfn.search.books.journal import write_atomically
from actfn.search.books.results import Result
from actfn.search.report import drawing, summary
from actfn.search.report.content import Content, Phase, Row

_MOST = 300
"""So many functions of the search are shown; all are in results.csv."""
_CURVES = 100
"""So many of them with their curve, which is what takes room."""


def write(path: str | os.PathLike, content: Content) -> None:
    """Writes the page; at each moment there is the old one or the new.

    Raises:
        OSError: It cannot be written.
    """
    write_atomically(pathlib.Path(path), render(content))


def render(content: Content) -> str:
    """Returns the page as HTML."""
    best = sorted(
        (t for t in content.trials if t.status != "cached"),
        key=lambda t: (t.status != "completed", -t.reward, t.order),
    )
    shown = best[:_MOST]
    texts = [row.expression for row in content.confirmed]
    texts += [t.expression for t in shown[:_CURVES]]
    return _template().render(
        content=content,
        best=_best_so_far(best, content.metric),
        left=_left,
        leaderboard=[_compared(row, content) for row in content.confirmed],
        trials=[_searched(trial) for trial in shown],
        left_out=len(best) - len(shown),
        counts=summary.counts(content.trials),
        learning=summary.learning(content),
        failures=_failures(content.trials),
        functions={text: drawing.function(text) for text in texts},
        drawn={
            "confirmation": drawing.confirmation(content.confirmed),
            "rewards": drawing.rewards(content.trials, content.control),
        },
    )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("actfn.search.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html.j2")


def _best_so_far(best: Sequence[Result], metric: str) -> str:
    if not best or best[0].status != "completed":
        return ""
    return f"Best so far: {best[0].expression}, {metric} {best[0].reward:.4g}"


def _left(phase: Phase) -> str:
    if phase.done >= phase.total:
        return "done"
    if phase.seconds_left is None:
        return ""
    minutes = phase.seconds_left / 60
    if minutes < 1.5:
        return f"{phase.seconds_left:.0f} s left"
    if minutes < 90:
        return f"{minutes:.0f} min left"
    return f"{minutes / 60:.1f} h left"


def _compared(row: Row, content: Content) -> dict[str, object]:
    cells = [
        summary.mean(row),
        summary.deviation(row),
        row.gain,
        row.low,
        row.high,
        row.p,
        len(row.scores),
        row.search_reward,
    ]
    role = f"{row.role}, {row.note}" if row.note else row.role
    return {
        "function": row.expression,
        "best": content.verdict.startswith(f"switch to {row.expression}:"),
        "cells": [*map(_number, cells), (role, role)],
    }


def _searched(trial: Result) -> dict[str, object]:
    good = trial.status == "completed"
    return {
        "function": trial.expression,
        "best": False,
        "cells": [
            _number(trial.reward if good else math.nan),
            (trial.status, trial.status),
            _number(trial.seconds),
            (trial.trial, trial.trial),
        ],
    }


def _number(value: float) -> tuple[str, str]:
    """Returns what a cell sorts by, and what it shows."""
    if not math.isfinite(value):
        return "", "-"
    return repr(float(value)), f"{value:.4g}"


def _failures(trials: Sequence[Result]) -> list[tuple[str, int]]:
    reasons = Counter(
        t.message.strip().splitlines()[-1] if t.message.strip() else t.status
        for t in trials
        if t.status in ("diverged", "rejected", "failed")
    )
    return reasons.most_common(20)
