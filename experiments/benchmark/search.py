"""Functions judged per hour, step by step from a stock Keras Tuner to ours.

The same random functions are trained in the same small network of a task, each
variant in a process of its own, one after the other. The rival is
keras_tuner.RandomSearch over the list of functions; its hypermodel builds the
network with the same layers, and `fit` trains it with the same steps, in ten
epochs. Then comes, one upon the other, what this package does differently. The
clock runs from the first function handed out to the last result. Each row is
kept as soon as it is measured; --resume goes on with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tqdm import tqdm

from actfn.search.books.tables import read_rows
from experiments import tasks
from experiments.benchmark.parts import variants
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.benchmark.parts.variants import VARIANTS, Job
from experiments.cli import positive
from experiments.machine import machine
from experiments.tasks.base import QUICK

COLUMNS = (
    "task",
    "setting",
    "variant",
    "functions",
    "seconds",
    "functions_per_hour",
    "relative_to_stock",
    "relative_to_previous",
    "not_finished",
    "machine",
)


def measure(
    names: Sequence[str],
    job: Job,
    kept: Sequence[Mapping[str, str]] = (),
) -> Iterator[dict]:
    """Yields a row for each variant that is not measured yet, in their order.

    Args:
        names: Of all variants; what is relative is to the first of them and to
            the one before.
        job: What each trains.
        kept: Rows of the first ones, from an earlier run.
    """
    rates = [float(row["functions_per_hour"]) for row in kept]
    bar = tqdm(names, job.task, initial=len(kept), unit="variant")
    for name in names[len(kept) :]:
        found = variants.measure(name, job)
        rate = 3600 * found["functions"] / found["seconds"]
        before = rates or [rate]
        yield {
            "task": job.task,
            "setting": job.setting,
            "variant": VARIANTS[name].text,
            "functions": found["functions"],
            "seconds": found["seconds"],
            "functions_per_hour": rate,
            "relative_to_stock": rate / before[0],
            "relative_to_previous": rate / before[-1],
            "not_finished": found["not_finished"],
            "machine": machine(),
        }
        rates.append(rate)
        bar.update()
    bar.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("search", __doc__, resumes=True)
    add = parser.add_argument
    add(
        "--tasks", nargs="+", default=list(tasks.names()), choices=tasks.names()
    )
    add(
        "--setting", default=QUICK, metavar="NAME",
        help="of the children; of image there is child too, a ResNet-8",
    )  # fmt: skip
    add(
        "--functions", type=positive, default=48, metavar="N",
        help="some 10 to 60 s each on two cores, all variants together",
    )  # fmt: skip
    add("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    add("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    for task in options.tasks:
        if options.setting not in tasks.get(task).settings:
            parser.error(
                f"--setting must be one that {task} has: "
                f"{', '.join(tasks.get(task).settings)}. "
                f"Received: {options.setting}"
            )
    log = BenchmarkLog(
        parser, options, "search.csv", COLUMNS, free=("tasks", "functions")
    )
    for row in log.kept:
        given = row["task"] in options.tasks
        if given and row["functions"] != str(options.functions):
            parser.error(
                f"--functions must be {row['functions']}, as in the rows of "
                f"{row['task']} that are there. Received: {options.functions}"
            )
    for task in options.tasks:
        job = Job(task, options.setting, options.functions, options.seed)
        kept = [row for row in log.kept if row["task"] == task]
        for row in measure(options.variants, job, kept):
            log.append(row)
    for row in read_rows(log.path):
        print(
            f"{row['task']:>9}"
            f"{float(row['functions_per_hour']):8.0f} an hour"
            f"{float(row['relative_to_stock']):7.2f} times stock"
            f"{float(row['relative_to_previous']):7.2f} times the one before"
            f"   {row['variant']}"
        )
