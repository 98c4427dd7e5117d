"""How numbers of a report are chosen and written."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from actfn.search.books.results import Result
from actfn.search.report.content import Content, Row

TRAINED = ("completed", "diverged", "rejected")


def trained(trials: Iterable[Result]) -> list[Result]:
    """Returns those that were trained: no cached twins, no failures."""
    return [trial for trial in trials if trial.status in TRAINED]


def best(trials: Iterable[Result]) -> Result | None:
    """Returns the best completed trial, the earlier one of equals."""
    done = [trial for trial in trials if trial.status == "completed"]
    return min(done, key=lambda trial: trial.rank, default=None)


def reached(trial: Result) -> float:
    """Returns the reward of a completed trial, of others minus infinity.

    What policies are told of those is no measurement.
    """
    return trial.reward if trial.status == "completed" else -math.inf


def finite(values: Iterable[float]) -> list[float]:
    """Returns the values that are neither NaN nor infinite."""
    return [value for value in values if math.isfinite(value)]


def mean(values: Sequence[float]) -> float:
    """Returns the mean of the finite values; NaN if there are none."""
    values = finite(values)
    return statistics.fmean(values) if values else math.nan


def number(value: float, digits: int | None = None, sign: bool = False) -> str:
    """Returns a number with a true minus; nothing for NaN.

    Args:
        value: The number.
        digits: After the point; by its size if None.
        sign: Whether a plus is written.
    """
    if not math.isfinite(value):
        return ""
    usual = value == 0 or 1e-3 <= abs(value) < 1e4
    form = f".{digits}f" if digits is not None else ".4f" if usual else ".3g"
    return f"{value:{'+' if sign else ''}{form}}".replace("-", "\u2212")


def settings(values: Mapping[str, Any]) -> str:
    """Returns hyperparameters and their values in a line."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )


def probability(p: float) -> str:
    """Returns a p; nothing for NaN."""
    if not math.isfinite(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float | None) -> str:
    """Returns a time as a reader would say it; nothing for None."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    minutes = seconds / 60
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h"


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Returns the rows by gain, the incumbent at zero, those without last.

    The gain is paired: means over unlike numbers of seeds do not compare.
    """
    incumbent = next((row for row in rows if row.role == "baseline"), None)

    def key(row: Row) -> tuple[float, float]:
        gain = 0.0 if row is incumbent else row.gain
        score = mean(row.scores)
        return (
            -gain if math.isfinite(gain) else math.inf,
            -score if math.isfinite(score) else math.inf,
        )

    return sorted(rows, key=key)


def score(content: Content, row: Row) -> float:
    """Returns a row's mean with the metric's own sign."""
    return mean(row.scores) * (1 if content.higher_is_better else -1)
