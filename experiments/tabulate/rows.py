"""The row of a child, as it is trained and as it is read."""

from __future__ import annotations

import math
import pathlib
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from experiments import results_file, tasks
from experiments.machine import machine, versions
from experiments.tabulate.stages import RUNS, Child, seed_of
from experiments.tasks.base import Task, key
from experiments.tasks.candidates import Candidate
from experiments.tasks.child import train
from experiments.tasks.untrained import SIGNS

KEYS = ("function", "task", "setting", "run", "seed", "status")
STATUSES = ("completed", "diverged", "rejected")
SEEDS = {str(run): str(seed_of(run)) for run in range(RUNS[-1])}
TENTHS = tuple(f"loss_{n}" for n in range(1, 11))
FILE = "runs.csv"


def columns(task: Task) -> tuple[str, ...]:
    """Returns the header of a task's rows."""
    return (
        *(*KEYS, "reason"),
        *TENTHS,
        *task.metrics,
        *SIGNS,
        *("seconds", "versions", "machine"),
    )


class Trainer:
    """Trains children of a task: what an executor calls in its workers.

    Args:
        name: Of the task, for the row.
        task: The task.
        setting: One of its settings.

    Raises:
        ValueError: A file of the task is missing or damaged.
    """

    def __init__(self, name: str, task: Task, setting: Any):
        self._name, self._task, self._setting = name, task, setting
        self._data = task.data(setting)

    def __call__(self, child: Child, ask=None) -> dict[str, object] | str:
        """Returns the row of a child, or the text of what it has raised."""
        text, run = child
        seed = seed_of(run)
        try:
            # Not by its name alone: a task may have another of that name.
            activation = Candidate(text)
            place = self._task, self._setting, self._data, activation, seed
            found = train(*place, signs=run == 0)
        except Exception:
            return traceback.format_exc()
        status = "diverged" if found.reason else "completed"
        if found.rejected:
            status = "rejected"
        losses = found.losses or ("",) * len(TENTHS)
        return {
            "function": text,
            "task": self._name,
            "setting": key(self._setting),
            "run": run,
            "seed": seed,
            "status": status,
            "reason": found.reason,
            **dict(zip(TENTHS, losses, strict=True)),
            **found.metrics,
            **(dict.fromkeys(SIGNS, "") | found.signs),
            "seconds": found.seconds,
            "versions": versions(),
            "machine": machine(),
        }


def read(folder: pathlib.Path) -> list[dict[str, str]]:
    """Returns the rows of all parts of a table, those of a child once.

    Raises:
        ValueError: A file is broken, or a cell is not what it must be; names
            the file and the line.
    """
    found: dict[tuple, dict[str, str]] = {}
    known: dict[str, Task] = {}
    for path in sorted(folder.glob(f"*-of-*/{FILE}")):
        for place, row in results_file.rows(path, KEYS):
            name = row["task"]
            try:
                if name not in known:
                    known[name] = tasks.get(name)
                _check(row, known[name])
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from None
            child = name, row["setting"], row["function"], row["run"]
            found.setdefault(child, row)
    return [*found.values()]


def _check(row: Mapping[str, str], task: Task) -> None:
    """Checks the cells of a row.

    Raises:
        ValueError: One is not what it must be.
    """
    for name, known in (("run", SEEDS), ("status", STATUSES)):
        if row[name] not in known:
            raise ValueError(
                f"{name} must be one of {', '.join(known)}. "
                f"Received: {row[name]!r}"
            )
    if row["seed"] != SEEDS[row["run"]]:
        raise ValueError(
            f"seed must be that of run {row['run']}, {SEEDS[row['run']]}. "
            f"Received: {row['seed']!r}"
        )
    for name in (*TENTHS, *task.metrics, *SIGNS, "seconds"):
        try:
            number = float(row.get(name) or "nan")
        except ValueError:
            number = None
        lost = name == task.metric and row["status"] == "completed"
        if number is None or (lost and not math.isfinite(number)):
            raise ValueError(
                f"{name} must be a {'finite ' * lost}number. "
                f"Received: {row.get(name)!r}"
            )


def known(folder: pathlib.Path, task: Task, setting: Any) -> dict[Child, float]:
    """Returns the scores that a folder has of a task, see `scores`.

    Raises:
        ValueError: A row has another setting.
    """
    found = read(folder)
    for row in found:
        if row["setting"] != key(setting):
            raise ValueError(
                f"All rows in {folder} must have the setting {key(setting)}. "
                f"Received: {row['setting']}, of {row['task']}"
            )
    return scores(found, task)


def scores(
    found: Iterable[Mapping[str, str]], task: Task
) -> dict[Child, float]:
    """Returns the scores of rows of a task: the higher, the better.

    A child that diverged, or was given up before, has the floor.
    """
    metric = task.metrics[task.metric]
    scored = {}
    for row in found:
        score = metric.floor
        if row["status"] == "completed":
            score = float(row[task.metric])
        scored[row["function"], int(row["run"])] = metric.sign * score
    return scored
