"""What it would gain to train several children of a task in one graph.

Their weights are stacked, so that products are batched; each has its own
activation, and one graph is traced for all. The functions are random ones that
complete; one at a time is the task's child as it is. Each row is measured in a
process of one thread and kept as soon as it is; --resume goes on with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats
from tqdm import tqdm

from actfn.search.books.tables import read_rows
from experiments.benchmark.parts import populations, variants
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.cli import positive
from experiments.machine import machine

COLUMNS = (
    *("task", "children", "functions", "tracing_seconds", "steps_seconds"),
    *("seconds", "relative", "ranks", "megabytes", "machine"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("population", __doc__, resumes=True)
    add = parser.add_argument
    names = [*populations.LOSSES]
    add("--tasks", nargs="+", default=names, choices=names)
    add("--sizes", nargs="+", type=positive, default=[4, 16], metavar="K")
    add("--functions", type=positive, default=16, metavar="N")
    add("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    free = ("tasks", "sizes")
    log = BenchmarkLog(parser, options, "population.csv", COLUMNS, free)
    known = {(row["task"], int(row["children"])) for row in log.kept}
    for task in options.tasks:
        sizes = [k for k in (1, *options.sizes) if (task, k) not in known]
        if not sizes:
            continue
        # Alone in any case: it tells which complete, and what from.
        drawn = variants.functions(2 * options.functions, options.seed)
        found = populations.measure(task, 1, drawn)
        alone = completed(found, options.functions)
        functions = [drawn[n] for n in alone["places"]]
        for size in tqdm(sizes, desc=task, unit="row"):
            if size > 1:
                found = populations.measure(task, size, functions)
            log.append(row(task, size, alone if size == 1 else found, alone))
    for each in read_rows(log.path):
        print(
            f"{each['task']:>9} {each['children']:>3} at once"
            f"{float(each['seconds']):8.2f} s a child"
            f"{float(each['relative']):6.2f}{float(each['megabytes']):8.0f} MB"
        )


def completed(found: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Returns what was measured of the first functions that did not diverge."""
    places = np.flatnonzero(np.isfinite(found["last"]))[:count]
    each = {
        name: [values[n] for n in places]
        for name, values in found.items()
        if name != "megabytes"
    }
    return each | {"places": places, "megabytes": found["megabytes"]}


def row(
    task: str, size: int, found: Mapping[str, Any], alone: Mapping[str, Any]
) -> dict[str, object]:
    """Returns the row of what was measured, beside children alone."""
    each = {name: np.mean(found[name]) for name in ("traced", "steps")}
    whole = sum(each.values())
    return {
        "task": task,
        "children": size,
        "functions": len(found["last"]),
        "tracing_seconds": each["traced"],
        "steps_seconds": each["steps"],
        "seconds": whole,
        "relative": whole / np.mean(np.add(alone["traced"], alone["steps"])),
        "ranks": stats.spearmanr(found["last"], alone["last"]).statistic,
        "megabytes": found["megabytes"],
        "machine": machine(),
    }
