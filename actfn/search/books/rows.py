"""The rows of a search's tables, results.csv and confirmed.csv."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from actfn.search.books.results import Result

TRIAL_COLUMNS = (
    "trial",
    "expression",
    "canonical",
    "reward",
    "status",
    "seconds",
    "seed",
    "order",
    "message",
)
RUN_COLUMNS = ("expression", "run", "seed", "score")
CONFIRMED_COLUMNS = (
    "expression",
    "role",
    "search_reward",
    "runs",
    "mean",
    "std",
    "gain",
    "gain_error",
    "scores",
    "low",
    "high",
    "p",
    "note",
)


def trial_row(
    result: Result, columns: Sequence[str] = TRIAL_COLUMNS
) -> dict[str, object]:
    """Returns the row of results.csv; the values are JSON."""
    row = {name: getattr(result, name) for name in columns}
    if "values" in row:
        row["values"] = json.dumps(row["values"])
    return row


def confirmed_row(compared, role: str, reward: float) -> dict[str, object]:
    """Returns the row of confirmed.csv.

    The gain is the one over the incumbent, whatever function that is; it and
    the scores are in the objective's own unit, higher is better.

    Args:
        compared: A `Comparison`.
        role: ``baseline``, ``finalist`` or ``candidate``.
        reward: What the search saw of the function; NaN if nothing.
    """
    return {
        "expression": compared.expression,
        "role": role,
        "search_reward": reward,
        "runs": len(compared.scores),
        "mean": compared.mean if math.isfinite(compared.mean) else math.nan,
        "std": compared.std,
        "gain": compared.gain,
        "gain_error": compared.gain_error,
        "scores": " ".join(f"{s:.6g}" for s in compared.scores),
        "low": compared.low,
        "high": compared.high,
        "p": compared.p,
        "note": compared.note,
    }


def best_functions(trials: Sequence[Result]) -> list[Result]:
    """Returns the best completed trial of each function, the best first."""
    best: dict[str, Result] = {}
    for trial in sorted(trials, key=lambda trial: trial.rank):
        if trial.status == "completed":
            best.setdefault(trial.canonical, trial)
    return list(best.values())
