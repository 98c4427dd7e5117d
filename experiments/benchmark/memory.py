"""Memory of a process that searches all night.

First trials without training go through the books, then children of random
functions are trained for real, all in this process. The slope is a straight
line fitted to the memory in use after the first tenth.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence

from scipy import stats
from tqdm import tqdm

from actfn.search.books.tables import CsvLog
from experiments.benchmark.oracle import ours, trial_seconds
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.benchmark.parts.variants import functions
from experiments.machine import machine, megabytes
from experiments.tasks.image.child import ChildTrainer
from experiments.tasks.image.recipe import PRESETS

COLUMNS = ("kind", "number", "megabytes", "machine")


def trials(count: int, seed: int) -> Iterator[float]:
    """Yields the memory after each trial that trains nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in trial_seconds(ours(seed, count), folder, count):
            yield megabytes()


def children(count: int, seed: int) -> Iterator[float]:
    """Yields the memory after each child."""
    trainer = ChildTrainer(PRESETS["quick"])
    for number, text in enumerate(functions(count, seed)):
        trainer.train(text, number)
        yield megabytes()


def slope(values: Sequence[float]) -> tuple[float, float]:
    """Returns kilobytes each and the standard error, after the first tenth."""
    start = len(values) // 10
    fit = stats.linregress(range(start, len(values)), values[start:])
    return 1024 * fit.slope, 1024 * fit.stderr


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("memory", __doc__)
    add = parser.add_argument
    add("--trials", type=int, default=2_000, metavar="N")
    add("--children", type=int, default=200, metavar="N", help="5 s each")
    add("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if min(options.trials, options.children) < 20:
        parser.error("--trials and --children must be 20 or more")
    log = BenchmarkLog(parser, options, "memory.csv", COLUMNS)
    _measure(options, log)


def _measure(options: argparse.Namespace, log: CsvLog) -> None:
    for kind, run in (("trials", trials), ("children", children)):
        count = getattr(options, kind)
        values = []
        for used in tqdm(run(count, options.seed), total=count, desc=kind):
            values.append(used)
            log.append(
                {
                    "kind": kind,
                    "number": len(values),
                    "megabytes": used,
                    "machine": machine(),
                }
            )
        each, error = slope(values)
        print(
            f"{count:6,} {kind}: {values[len(values) // 10]:.0f} to "
            f"{values[-1]:.0f} MB, {each:+.1f} ± {error:.1f} kB each"
        )
