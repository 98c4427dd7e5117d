"""Gathers the runs of the tasks into the open table of the package.

    python -m experiments.tabulate gather results/table/*

Each DIR is the --directory of a run of experiments.tabulate, of one task; what
is missing of what its task declares is counted and said, and the table is
written all the same. Written
in --to: functions.parquet (a row a function of the list), runs.parquet (a row a
run), summary.csv (a row a function and task), tasks.json, and croissant.json,
which describes them to programs. The same rows give the same bytes. What the
columns mean: docs/table.md.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from actfn.bench import table as bench
from actfn.search.books.tables import write_rows
from actfn.search.files import read_json, write_atomically
from experiments import tasks
from experiments.cli import Parser
from experiments.tabulate import croissant, describe, rows, summary
from experiments.tabulate.functions import (
    Function,
    digest,
    listed,
    of_task,
)
from experiments.tabulate.stages import stages
from experiments.tasks.untrained import SIGNS

_TEXTS = ("status", "reason", "versions", "machine", "setting", "task")
_TYPES = {
    "run": pa.int8(),
    "seed": pa.int64(),
    "function": pa.dictionary(pa.int32(), pa.string()),
    **dict.fromkeys(_TEXTS, pa.dictionary(pa.int16(), pa.string())),
}
_OWN = ("task", "function", "setting", "run", "seed", "status", "reason")
_SETTINGS = {"task", "setting", "functions"}
_LAST = ("seconds", "versions", "machine")


def gather(
    folders: Sequence[pathlib.Path],
    functions: Sequence[Function],
    target: pathlib.Path,
) -> bench.Table:
    """Writes the table; returns it as it is read.

    Args:
        folders: Of one task each.
        functions: The list that the tasks were run on.
        target: Where the files go; made if need be.

    Raises:
        ValueError: A folder holds no runs, or those of another list, of
            several settings, or of a task that another folder has, or a file
            is broken.
        OSError: A file cannot be read or written.
    """
    order = {each.text: place for place, each in enumerate(functions)}
    found: dict[str, list[dict]] = {}
    known: dict[str, dict[str, Any]] = {}
    for folder in folders:
        name, entry, own = _task(folder, functions)
        if name in known:
            raise ValueError(
                f"Each DIR must be of another task. Received: {name} again, "
                f"in {folder}"
            )
        own.sort(key=lambda row: (order[row["function"]], row["run"]))
        known[name], found[name] = entry, own
    known = {name: known[name] for name in tasks.names() if name in known}
    runs = [row for name in known for row in found[name]]
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as new:
        made = pathlib.Path(new)
        table = _fill(made, functions, runs, known)
        # A full disk has left the table as it was. What has the digests of the
        # others is the last, so that `load` sees it if a kill comes between.
        for name in (*bench.FILES, bench.INDEX):
            os.replace(made / name, target / name)
    return table


def _fill(
    folder: pathlib.Path,
    functions: Sequence[Function],
    runs: Sequence[Mapping[str, Any]],
    known: Mapping[str, Mapping[str, Any]],
) -> bench.Table:
    """Writes the files of a table into an empty folder; returns it as read."""
    _write(folder / bench.FUNCTIONS, _of_functions(describe.rows(functions)))
    _write(folder / bench.RUNS, _of_runs(runs, known))
    write_rows(
        folder / bench.SUMMARY, summary.COLUMNS, summary.rows(runs, known)
    )
    text = json.dumps(known, indent=2) + "\n"
    write_atomically(folder / bench.TASKS, text)
    table = bench.read(folder)
    text = croissant.metadata(folder, table)
    write_atomically(folder / bench.INDEX, text)
    return table


def _task(
    folder: pathlib.Path, functions: Sequence[Function]
) -> tuple[str, dict[str, Any], list[dict]]:
    """Returns a task's name, its entry of tasks.json and its runs."""
    read = rows.read(folder)
    names = {row["task"] for row in read}
    if len(names) != 1:
        raise ValueError(
            "Each DIR must hold the runs of one task, as `python -m "
            f"experiments.tabulate` writes them. Received: {folder} with "
            f"those of {', '.join(sorted(names)) or 'none'}"
        )
    (name,) = names
    task = tasks.get(name)
    for runs in sorted(folder.glob(f"*-of-*/{rows.FILE}")):
        path = runs.with_name("settings.json")
        if not path.exists():
            raise ValueError(
                "Each DIR must have its settings.json beside runs.csv. "
                f"Received: {path}, which is not there"
            )
        settings = read_json(path, "restore it")
        if not isinstance(settings, dict) or {*settings} != _SETTINGS:
            raise ValueError(
                f"{path} must have {', '.join(sorted(_SETTINGS))}, as it was "
                f"written; restore it. Received: {str(settings)[:60]}"
            )
        if settings["functions"] != digest(functions):
            raise ValueError(
                "Each DIR must have been made from the list of functions as "
                f"it is now. Received: {path} of another"
            )
    metric = task.metrics[task.metric]
    if lacking := {*rows.columns(task)} - set.intersection(*map(set, read)):
        raise ValueError(
            f"The runs in {folder} must have the columns of today; make them "
            f"anew. Received runs without {', '.join(sorted(lacking))}"
        )
    own = [_run(row, task) for row in read]
    first = {row["function"] for row in own}
    if unknown := first - {each.text for each in functions}:
        raise ValueError(
            f"The functions in {folder} must be of the list. "
            f"Received: {', '.join(sorted(unknown))}"
        )
    declared = of_task(name, functions)
    scores = rows.scores(read, task)
    plan = {c for stage in stages(declared, scores) for c in stage}
    beyond = {text for text, _ in scores.keys() - plan}
    entry = {
        "title": task.title,
        "provenance": task.provenance,
        "metric": task.metric,
        "direction": metric.direction,
        "floor": metric.floor,
        "unit": metric.unit,
        "setting": settings["setting"],
        "functions": len(first),
        "runs": len(own),
        "declared": len(declared),
        "missing": len(plan - scores.keys()),
        "beyond": [f.text for f in functions if f.text in beyond],
    }
    if len({row["setting"] for row in own}) != 1:
        raise ValueError(
            f"Each DIR must be of one setting. Received: {folder} of several"
        )
    return name, entry, own


def _run(row: Mapping[str, str], task) -> dict[str, Any]:
    """Returns a row of runs.csv in its types."""
    numbers = (*rows.TENTHS, *task.metrics, *SIGNS, "seconds")
    found = {name: _number(row[name]) for name in numbers}
    return {
        **row,
        **found,
        "score": found[task.metric],
        "run": int(row["run"]),
        "seed": int(row["seed"]),
    }


def _number(text: str) -> float | None:
    """Returns a number of a cell; None for one that is not finite."""
    value = float(text or "nan")
    return value if math.isfinite(value) else None


def _of_runs(
    runs: Sequence[Mapping[str, Any]], known: Mapping[str, Any]
) -> pa.Table:
    metrics = dict.fromkeys(
        m for name in known for m in tasks.get(name).metrics
    )
    names = (*_OWN, *rows.TENTHS, "score", *metrics, *SIGNS, *_LAST)
    columns = {
        name: pa.array(
            [row.get(name) for row in runs], _TYPES.get(name, pa.float64())
        )
        for name in names
    }
    return pa.table(columns)


def _of_functions(found: Sequence[Mapping[str, Any]]) -> pa.Table:
    texts = pa.list_(pa.string())
    types = {
        **dict.fromkeys(("names", "initial", "operators"), texts),
        **dict.fromkeys(
            ("units", "strings", "operations", "parameters"), pa.int16()
        ),
        "exact": pa.string(),
        "values": pa.list_(pa.float32()),
        "lipschitz": pa.float64(),
        "normal_mean": pa.float64(),
        "normal_variance": pa.float64(),
        "normal_slope_square": pa.float64(),
        "criticality": pa.float64(),
    }
    columns = {
        name: pa.array([row[name] for row in found], types.get(name))
        for name in found[0]
    }
    return pa.table(columns)


def _write(path: pathlib.Path, table: pa.Table) -> None:
    parquet.write_table(table, path, compression="zstd")


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = Parser("tabulate gather", __doc__)
    add = parser.add_argument
    add("folders", nargs="+", type=pathlib.Path, metavar="DIR")
    for name in ("unary", "binary"):
        add(
            f"--{name}",
            nargs="+",
            metavar="NAME",
            help="as the runs were made with it",
        )
    add(
        "--to",
        type=pathlib.Path,
        default=bench.FOLDER,
        metavar="DIR",
        help="where the table goes; default: the package, actfn/bench",
    )
    given = parser.parse_args(arguments)
    try:
        functions = listed(given.unary, given.binary)
        table = gather(given.folders, functions, given.to)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(table.completeness())
    names = (*bench.FILES, bench.INDEX)
    size = sum((given.to / name).stat().st_size for name in names)
    print(f"{size / 1e6:.1f} MB in {given.to}")
    return 0
