"""Writes what a search came to: confirmed.csv, a page, a few lines of text."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata

from scipy import stats

from actfn.search import Result, report
from actfn.search.books.tables import CsvLog
from experiments.search.rows import CONFIRMED_COLUMNS, Confirmed

_PACKAGES = ("tensorflow", "keras", "keras-tuner", "numpy")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """All that a search found.

    Attributes:
        trials: Those of the policy.
        control: As many random functions, or none.
        confirmed: Finalists and baselines, best first.
        movement: `Policy.statistics()` at the end, and ``uniform_entropy``.
    """

    trials: Sequence[Result]
    control: Sequence[Result]
    confirmed: Sequence[Confirmed]
    movement: Mapping[str, float]


def write(
    folder: pathlib.Path,
    outcome: Outcome,
    *,
    policy: str,
    setting: str,
    command: str,
    provenance: str,
) -> None:
    """Writes confirmed.csv and search.html; prints the best.

    Args:
        folder: Where to.
        outcome: What was found.
        policy: Its name.
        setting: One sentence on what was done.
        command: How to repeat it.
        provenance: Which data were used.
    """
    CsvLog(folder / "confirmed.csv", CONFIRMED_COLUMNS).rewrite(
        row.row() for row in outcome.confirmed
    )
    content = report.Content(
        title="Search for activation functions",
        verdict=verdict(outcome.confirmed),
        phases=_phases(outcome),
        setting=setting,
        command=command,
        provenance=f"Data: {provenance}.",
        versions=versions(),
        metric="test accuracy",
        higher_is_better=True,
        trials=outcome.trials,
        control=outcome.control,
        confirmed=_rows(outcome.confirmed),
        movement=outcome.movement,
        policy=policy,
        note="Measured on the test images, which the search never saw.",
    )
    report.write(folder / "search.html", content)
    print(f"\n{report.text(content)}\nSee {folder / 'search.html'}")


def verdict(confirmed: Sequence[Confirmed]) -> str:
    """Says in one sentence what the finalists are worth beside ReLU."""
    finalists = [row for row in confirmed if row.role == "finalist"]
    if not finalists:
        return "No function completed its training: nothing was found."
    best = max(finalists, key=lambda row: row.mean)
    runs = len(best.accuracies)
    gain = f"{100 * best.gain:+.1f} points"
    if math.isfinite(best.gain_error):
        gain += f" (standard error {100 * best.gain_error:.1f})"
    text = (
        f"Best of {len(finalists)} finalists: {best.expression}, mean test "
        f"accuracy {100 * best.mean:.1f} % over {runs} runs, {gain} against "
        "ReLU trained with the same seeds. "
    )
    if runs < 2:
        return text + "One run cannot tell a discovery from luck."
    p = _p(best, len(finalists))
    if p < 0.05:
        return text + (
            "A paired one-sided t-test, corrected for the number of "
            f"finalists, gives p = {p:.2g}."
        )
    return text + (
        f"With {runs} runs that is not evidence of a better function "
        f"(paired t-test, corrected for the number of finalists, p = "
        f"{p:.2g}); repeat with more --repeats."
    )


def versions() -> str:
    """Returns the versions and the machine, for a footnote."""
    packages = ", ".join(
        f"{name} {metadata.version(name)}" for name in _PACKAGES
    )
    return (
        f"{packages}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}."
    )


def _phases(outcome: Outcome) -> list[report.Phase]:
    counts = {
        "search": len(outcome.trials),
        "random control": len(outcome.control),
        "retraining": sum(len(row.accuracies) for row in outcome.confirmed),
    }
    return [report.Phase(name, n, n) for name, n in counts.items() if n]


def _rows(confirmed: Sequence[Confirmed]) -> list[report.Row]:
    """Returns the rows with ReLU, the incumbent, first."""
    finalists = sum(row.role == "finalist" for row in confirmed)
    first = sorted(confirmed, key=lambda row: row.expression != "relu")
    return [_row(row, finalists) for row in first]


def _row(row: Confirmed, finalists: int) -> report.Row:
    runs = len(row.accuracies)
    reach = math.nan
    if runs > 1:
        reach = stats.t.ppf(0.975, runs - 1) * row.gain_error
    incumbent = row.expression == "relu"
    return report.Row(
        expression=row.expression,
        role=row.role,
        search_reward=row.search_reward,
        scores=row.accuracies,
        gain=math.nan if incumbent else row.gain,
        low=math.nan if incumbent else row.gain - reach,
        high=math.nan if incumbent else row.gain + reach,
        p=_p(row, finalists) if row.role == "finalist" else math.nan,
    )


def _p(row: Confirmed, finalists: int) -> float:
    """One-sided p of the paired t-test, corrected by Bonferroni's rule."""
    runs = len(row.accuracies)
    if runs < 2:
        return math.nan
    error = row.gain_error or math.inf
    return min(1.0, float(stats.t.sf(row.gain / error, runs - 1)) * finalists)
