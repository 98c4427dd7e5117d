"""What children cost against their work: steps, width, and how many there are.

Random functions are trained in one process of one thread, as a search trains
them: with 1, 2 and 4 times the steps of the task's quick setting, the width of
its layers, and the functions. Each row is measured in a process of its own and
kept as soon as it is; --resume goes on with the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from tqdm import tqdm

from actfn.search.books.tables import read_rows
from experiments import tasks
from experiments.benchmark.parts import variants
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.cli import positive
from experiments.machine import machine
from experiments.tasks.base import QUICK

COLUMNS = (
    *("task", "what", "times", "functions", "seconds"),
    *("functions_per_hour", "relative", "megabytes", "machine"),
)
WORK = (
    ("steps", 1),
    *((what, n) for what in ("steps", "width", "functions") for n in (2, 4)),
)
"""What is multiplied, and by how much; the first is the setting as it is."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("work", __doc__, resumes=True)
    add = parser.add_argument
    names = tasks.names()
    add("--tasks", nargs="+", default=["implicit"], choices=names)
    add("--functions", type=positive, default=12, metavar="N")
    add("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    log = BenchmarkLog(parser, options, "work.csv", COLUMNS, free=("tasks",))
    known = {
        (row["task"], row["what"], int(row["times"])): row for row in log.kept
    }
    places = [(task, *work) for task in options.tasks for work in WORK]
    rates = {
        row["task"]: float(row["functions_per_hour"])
        for row in reversed(log.kept)  # the first of each stays
    }
    for task, what, times in tqdm(places, unit="row"):
        if (task, what, times) in known:
            continue
        work = {"functions": options.functions, "steps": 1, "width": 1}
        work[what] *= times
        job = variants.Job(task, QUICK, seed=options.seed, **work)
        found = variants.measure("cache", job)
        rate = 3600 * found["functions"] / found["seconds"]
        log.append(
            {
                "task": task,
                "what": what,
                "times": times,
                "functions": job.functions,
                "seconds": found["seconds"],
                "functions_per_hour": rate,
                "relative": rate / rates.setdefault(task, rate),
                "megabytes": found["megabytes"],
                "machine": machine(),
            }
        )
    for row in read_rows(log.path):
        print(
            f"{row['task']:>9} {row['times']} times the {row['what']:<9}"
            f"{float(row['functions_per_hour']):8.0f} an hour"
            f"{float(row['relative']):6.2f}{float(row['megabytes']):8.0f} MB"
        )
