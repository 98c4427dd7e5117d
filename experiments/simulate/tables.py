"""Rewards that are known from a file."""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

import actfn
from actfn import bench, catalog
from actfn.expressions.expression import Expression
from actfn.expressions.parsing import parse
from actfn.search.books.tables import read_rows
from actfn.search.checks import check_finite
from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import canonical_text
from experiments import tasks
from experiments.simulate.landscape import (
    NOISE_SHARE,
    Landscape,
    paired_noise,
)

_MOST_UNITS = 3


def table(
    path: pathlib.Path,
    core_units: int | None = None,
    unary: Sequence[str] | None = None,
    binary: Sequence[str] | None = None,
) -> Landscape:
    """Reads a table of rewards, or of runs.

    A policy is not answered where it proposes a function that is not in the
    table; of one that several rows have, the mean counts. The noise is that of
    the rows with several runs among the best tenth, if the table has such
    columns. For a table of runs, see `of_runs`.

    Args:
        path: A CSV file with the columns expression and reward, and perhaps
            runs (how many) and deviation (their standard deviation); or the
            runs.csv of `experiments.tabulate`.
        core_units: Of the space; by default as few as can say every function.
        unary: Of the space; by default what the functions are made of.
        binary: Likewise.

    Raises:
        ValueError: The file is no such table, or the space cannot say one of
            its functions.
        OSError: The file cannot be read.
    """
    try:
        rows = read_rows(path)
    except (UnicodeDecodeError, csv.Error):
        rows = []
    if rows and {"function", "task", "run", "status"} <= rows[0].keys():
        space = SearchSpace(core_units or 1, unary, binary)
        return of_runs(path.parent.name, rows, space)
    if not rows or not {"expression", "reward"} <= rows[0].keys():
        raise ValueError(
            "--table must be a CSV file with the columns expression and "
            "reward, or the runs.csv of experiments.tabulate, and some rows. "
            f"Received: {path}"
        )
    functions = [parse(row["expression"] or "") for row in rows]
    found: dict[str, list[float]] = {}
    for function, row in zip(functions, rows, strict=True):
        reward = check_finite("reward", row["reward"])
        found.setdefault(canonical_text(function), []).append(reward)
    rewards = {form: float(np.mean(each)) for form, each in found.items()}
    space = _space_of(functions, core_units, unary, binary)
    noise = _noise_of(rows)
    return Landscape(path.stem, space, rewards, None, noise=noise)


def of_bench(
    task: str,
    core_units: int | None = None,
    unary: Sequence[str] | None = None,
    binary: Sequence[str] | None = None,
) -> Landscape:
    """Returns the rewards of a task of the open table, see `of_runs`.

    Raises:
        ValueError: There is no table, or it does not have the task.
        ImportError: pyarrow is not installed.
    """
    open_table = bench.load()
    if task not in open_table.task_names:
        raise ValueError(
            "--task must be one of the table's, "
            f"{', '.join(open_table.task_names)}. Received: {task}"
        )
    rows = [row for row in open_table.runs.to_pylist() if row["task"] == task]
    space = SearchSpace(core_units or 1, unary, binary)
    return of_runs(task, rows, space)


def of_runs(
    name: str, rows: Sequence[Mapping[str, str]], space: SearchSpace
) -> Landscape:
    """Returns the rewards of a space of which runs are known.

    The reward of a run is the task's score, turned around if less is better;
    that of a run that diverged, or was given up before, is the score's floor.
    Of functions with parameters, the row counts that starts them all at 1, as
    the space does. Rows of functions that the space does not have are left
    out, if it has one unit and can be listed; a policy is not answered where
    it proposes a function that has no row. The noise is that of the functions
    with the most runs, which share their seeds.

    Args:
        name: For the report.
        rows: Those of one task, as `experiments.tabulate` writes them.
        space: Where policies search.

    Raises:
        ValueError: The rows are of several tasks, or of none of the space.
    """
    names = {row["task"] for row in rows}
    if len(names) != 1:
        raise ValueError(
            f"--table must have the runs of one task. Received: {sorted(names)}"
        )
    (task,) = map(tasks.get, names)
    metric = task.metrics[task.metric]
    if lacking := {task.metric, "status", "run"} - {*rows[0]}:
        raise ValueError(
            "--table must have the runs as they were written. Received some "
            f"without {', '.join(sorted(lacking))}"
        )
    floor = metric.sign * metric.floor
    found: dict[str, dict[int, float]] = {}
    forms: dict[str, str | None] = {}
    for row in rows:
        text = row["function"]
        if text not in forms:
            forms[text] = _form(text)
        if (form := forms[text]) is None:
            continue
        reward = floor
        if row["status"] == "completed":
            reward = metric.sign * check_finite(task.metric, row[task.metric])
        found.setdefault(form, {})[int(row["run"])] = reward
    if space.core_units == 1:
        known = {*map(canonical_text, space.enumerate())}
        found = {form: each for form, each in found.items() if form in known}
    if not found:
        raise ValueError(
            f"--table must have functions of the space {space}. "
            f"Received: {len(rows)} runs of others"
        )
    runs = {
        form: np.array([each[run] for run in sorted(each)])
        for form, each in found.items()
    }
    longest = max(map(len, runs.values()))
    rewards = {form: float(np.mean(each)) for form, each in runs.items()}
    noise = paired_noise(
        [each for each in runs.values() if len(each) == longest]
    )
    return Landscape(
        f"{name}, {task.metric}", space, rewards, None, noise=noise,
        runs=runs, floor=floor, task=next(iter(names)),
    )  # fmt: skip


def _form(text: str) -> str | None:
    """Returns the canonical form; None if parameters start elsewhere."""
    entry = catalog.find(text)
    if entry is None:
        return canonical_text(parse(text))
    return (
        None if entry.initial else canonical_text(actfn.parse(entry.expression))
    )


def _noise_of(rows: Sequence[Mapping[str, str]]) -> float:
    """Returns the root mean square of the best rows' standard errors.

    NaN if none of them has several runs.
    """
    if not {"runs", "deviation"} <= rows[0].keys():
        return np.nan
    ranked = sorted(rows, key=lambda row: -float(row["reward"]))
    squares = [
        float(row["deviation"]) ** 2 / int(row["runs"])
        for row in ranked[: max(1, round(NOISE_SHARE * len(rows)))]
        if int(row["runs"]) > 1
    ]
    return float(np.mean(squares)) ** 0.5 if squares else np.nan


def _space_of(
    functions: Sequence[Expression],
    core_units: int | None,
    unary: Sequence[str] | None,
    binary: Sequence[str] | None,
) -> SearchSpace:
    """Returns the smallest space that says all the functions."""
    problem = ValueError()
    for units in [core_units] if core_units else range(1, _MOST_UNITS + 1):
        whole = SearchSpace(units, unary, binary)
        try:
            strings = np.array([whole.encode(f) for f in functions])
        except ValueError as error:
            problem = error
            continue
        places = {*strings[:, 2::5].flat, *strings[:, 3::5].flat}
        unary = unary or [whole.unary[place] for place in sorted(places)]
        places = {*strings[:, 4::5].flat}
        binary = binary or [whole.binary[place] for place in sorted(places)]
        return SearchSpace(units, unary, binary)
    raise problem
