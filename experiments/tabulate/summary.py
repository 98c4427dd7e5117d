"""What the runs of a function come to: a row of summary.csv."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = (
    *("function", "task", "runs", "mean", "deviation", "first", "rank"),
    "diverged",
)


def sign_of(task: Mapping[str, Any]) -> int:
    """Returns 1 if a higher score is better, -1 if a lower one is.

    Args:
        task: An entry of tasks.json.
    """
    return 1 if task["direction"] == "max" else -1


def rows(
    runs: Sequence[Mapping[str, Any]], tasks: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Summarises runs by function and task, in the order they come in.

    ``mean`` and ``deviation`` (of n - 1; NaN, which the
    table's reader takes for a null, for one run) are those of the
    task's score, in which a run that did not complete counts with the floor;
    ``diverged`` is how many these are. ``first`` is the score of the seed that
    all functions share. ``rank`` is by the mean, 1 the best, equal for equal.

    Args:
        runs: Rows of runs.parquet.
        tasks: What tasks.json holds.
    """
    found: dict[tuple[str, str], dict[int, float]] = {}
    lost: dict[tuple[str, str], int] = {}
    for row in runs:
        place = row["task"], row["function"]
        completed = row["status"] == "completed"
        score = row["score"] if completed else tasks[row["task"]]["floor"]
        found.setdefault(place, {})[row["run"]] = score
        lost[place] = lost.get(place, 0) + (not completed)
    made = []
    for (task, function), each in found.items():
        scores = [*each.values()]
        several = len(scores) > 1
        made.append(
            {
                "function": function,
                "task": task,
                "runs": len(scores),
                "mean": statistics.fmean(scores),
                "deviation": statistics.stdev(scores) if several else math.nan,
                "first": each.get(0, math.nan),
                "diverged": lost[task, function],
            }
        )
    for name, task in tasks.items():
        sign = sign_of(task)
        own = [row for row in made if row["task"] == name]
        own.sort(key=lambda row: -sign * row["mean"])
        for place, row in enumerate(own):
            equal = place and row["mean"] == own[place - 1]["mean"]
            row["rank"] = own[place - 1]["rank"] if equal else place + 1
    return [{name: row[name] for name in COLUMNS} for row in made]
