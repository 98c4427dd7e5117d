"""Functions judged per hour, step by step from a stock Keras Tuner to ours.

The same random functions are trained in the same small network, each variant
in a process of its own, one after the other. The rival is
keras_tuner.RandomSearch over the list of functions; its hypermodel builds the
network with the same layers, and `fit` trains it as Keras Tuner's guide shows.
Then comes, one upon the other, what this package does differently. The clock
runs from the first function handed out to the last result. Each row is kept
as soon as it is measured; --resume goes on with the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from tqdm import tqdm

from actfn.search.books.tables import read_rows
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.benchmark.parts.variants import VARIANTS
from experiments.machine import machine

COLUMNS = (
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
    functions: int,
    seed: int,
    kept: Sequence[Mapping[str, str]] = (),
) -> Iterator[dict]:
    """Yields a row for each variant that is not measured yet, in their order.

    Args:
        names: Of all variants; what is relative is to the first of them and to
            the one before.
        functions: That each trains.
        seed: Of the functions.
        kept: Rows of the first ones, from an earlier run.
    """
    rates = [float(row["functions_per_hour"]) for row in kept]
    bar = tqdm(names, unit="variant", initial=len(kept))
    for name in names[len(kept) :]:
        job = json.dumps({"functions": functions, "seed": seed})
        threads = {
            f"TF_NUM_{kind}OP_THREADS": str(VARIANTS[name].threads)
            for kind in ("INTRA", "INTER")
        }
        output = subprocess.run(
            [
                sys.executable,
                "-m",
                "experiments.benchmark.parts.variants",
                name,
                job,
            ],
            env=os.environ | threads,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        found = json.loads(output.splitlines()[-1])
        rate = 3600 * functions / found["seconds"]
        before = rates or [rate]
        yield {
            "variant": VARIANTS[name].text,
            "functions": functions,
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
        "--functions", type=int, default=24, metavar="N",
        help="about 15 s each on two cores, all variants together",
    )  # fmt: skip
    add("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    add("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.functions < 1:
        parser.error("--functions must be positive")
    log = BenchmarkLog(parser, options, "search.csv", COLUMNS)
    for row in measure(
        options.variants, options.functions, options.seed, log.kept
    ):
        log.append(row)
    for row in read_rows(log.path):
        print(
            f"{float(row['functions_per_hour']):8.0f} an hour"
            f"{float(row['relative_to_stock']):7.2f} times stock"
            f"{float(row['relative_to_previous']):7.2f} times the one before"
            f"   {row['variant']}"
        )
