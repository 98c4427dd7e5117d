"""The blocks of the data card, docs/table.md."""

from __future__ import annotations

import collections
from collections.abc import Mapping

import numpy as np
from scipy import stats

from actfn.bench import Table
from experiments import tasks
from experiments.tabulate import columns
from experiments.tabulate.functions import PARTS, Function, of_task
from experiments.tabulate.stages import RUNS
from experiments.tabulate.summary import sign_of
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
    for name, text in (
        ("counts", _counts),
        ("declared", _declared),
        ("tasks", _tasks),
    ):
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
    text = markdown.table(head, rows, ("task",))
    return text + _lacking(table) + _beyond(table)


def _lacking(table: Table) -> str:
    """Returns a paragraph on what is not there; empty if nothing is."""
    parts = [
        f"`{name}` has {_count(count)} of the {_count(task['declared'])} "
        "functions that it declares"
        for name, task in table.tasks.items()
        if (count := task["functions"]) < task["declared"]
    ]
    if not parts:
        return ""
    return (
        f"\nNot complete yet: {', '.join(parts)}. They are the first of the "
        "list, which beyond the catalog is in a random order.\n"
    )


def _beyond(table: Table) -> str:
    """Returns a paragraph on runs that the stages do not give; or nothing."""
    rows = table.summary.select(["task", "function", "first"]).to_pylist()
    parts = []
    for name, task in table.tasks.items():
        if not task["beyond"]:
            continue
        first = {r["function"]: r["first"] for r in rows if r["task"] == name}
        scores = sign_of(task) * np.array([*first.values()])
        ranks = dict(zip(first, stats.rankdata(-scores, "min"), strict=True))
        own = [int(ranks[text]) for text in task["beyond"]]
        parts.append(
            f"{len(own)} functions of `{name}`, of ranks {min(own)} to "
            f"{max(own)} by the first seed"
        )
    if not parts:
        return ""
    return (
        "\nSome have more runs than [the stages](#how-it-was-made) give them: "
        f"{'; '.join(parts)}. tasks.json names them (`beyond`); they do not "
        "count where the findings ask for several seeds.\n"
    )


def _declared(table: Table) -> str:
    functions = [
        Function(row["function"], row["form"], row["set"])
        for row in table.functions.select(["function", "form", "set"])
        .to_pylist()
    ]  # fmt: skip
    rows = []
    for name in tasks.names():
        which = "the whole list"
        if name in PARTS:
            which = f"the catalog and the first {_count(PARTS[name])} after it"
        rows.append(
            (
                f"`{name}`",
                which,
                _count(len(of_task(name, functions))),
                "begun" if name in table.tasks else "not begun",
            )
        )
    head = ("task", "what it declares", "functions", "runs")
    return markdown.table(head, rows, ("task", "what it declares", "runs"))


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
