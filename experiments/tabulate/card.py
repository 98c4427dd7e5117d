"""The blocks of the data card, docs/table.md."""

from __future__ import annotations

import collections
from collections.abc import Mapping

from actfn.bench import Table
from experiments.tabulate import columns
from experiments.tabulate.stages import RUNS
from models import markdown


def blocks(table: Table | None) -> dict[str, str]:
    """Returns the text of each block; without a table, that it is not made."""
    runs = columns.RUNS
    if table is not None:  # some are of tasks that it may not have
        runs = {name: runs[name] for name in table.runs.column_names}
    found = {
        f"table columns-{name}": _columns(meaning)
        for name, meaning in (
            ("functions", columns.FUNCTIONS),
            ("runs", runs),
            ("summary", columns.SUMMARY),
        )
    }
    for name, text in (("counts", _counts), ("tasks", _tasks)):
        made = "Not made yet.\n" if table is None else text(table)
        found[f"table {name}"] = made
    return found


def _columns(meaning: Mapping[str, str]) -> str:
    rows = [(f"`{name}`", text) for name, text in meaning.items()]
    return markdown.table(("column", "meaning"), rows, ("column", "meaning"))


def _counts(table: Table) -> str:
    sets = dict(
        zip(
            table.functions["function"].to_pylist(),
            table.functions["set"].to_pylist(),
            strict=True,
        )
    )
    runs = table.runs.select(["task", "function", "status"]).to_pylist()
    rows = []
    for name, task in table.tasks.items():
        own = [row for row in runs if row["task"] == name]
        each = collections.Counter(row["function"] for row in own)
        kinds = collections.Counter(sets[text] for text in each)
        seeds = collections.Counter(each.values())
        status = collections.Counter(row["status"] for row in own)
        rows.append(
            [
                f"`{name}`",
                *(
                    _count(kinds[s])
                    for s in ("catalog", "one-unit", "two-unit")
                ),
                _count(len(own)),
                *(_count(seeds[n]) for n in RUNS),
                _count(status["diverged"]),
                _count(status["rejected"]),
                _count(task["missing"]),
            ]
        )
    every = collections.Counter(sets.values())
    listed = (every[s] for s in ("catalog", "one-unit", "two-unit"))
    rows.append(["the list", *map(_count, listed), *[""] * 7])
    head = (
        "task", "catalog", "one unit", "two units", "runs",
        "functions of 1 run", "of 3", "of 8", "diverged runs", "rejected",
        "missing runs",
    )  # fmt: skip
    return markdown.table(head, rows, ("task",)) + _lacking(table)


def _lacking(table: Table) -> str:
    """Returns a paragraph on what is not there; empty if nothing is."""
    listed = table.functions.num_rows
    parts = [
        f"`{name}` has {_count(count)} of {_count(listed)} functions"
        for name, task in table.tasks.items()
        if (count := task["functions"]) < listed
    ]
    if not parts:
        return ""
    return (
        f"\nNot complete yet: {', '.join(parts)}. They are the first of the "
        "list, which beyond the catalog is in a random order.\n"
    )


def _count(number: int) -> str:
    return f"{number:,}"


def _tasks(table: Table) -> str:
    rows = [
        (
            f"`{name}`",
            task["title"],
            f"{task['metric']}, {task['unit']}",
            "higher" if task["direction"] == "max" else "lower",
            f"{task['floor']:g}",
            task["provenance"],
        )
        for name, task in table.tasks.items()
    ]
    head = ("task", "what", "score", "better", "floor", "data")
    return markdown.table(
        head, rows, ("task", "what", "score", "better", "data")
    )
