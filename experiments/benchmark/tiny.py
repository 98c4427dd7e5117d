"""Time of each config's --tiny, from the command to the row.

Each is a process of its own, one after the other, as a user would start it:
`python -m experiments.train --config NAME --tiny`. Each row is kept as soon as
it is measured; --resume goes on with the configs that are left.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

from tqdm import tqdm

from actfn.search.books.tables import read_rows
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.cli import positive, quiet_start
from experiments.machine import machine
from experiments.train import config

COLUMNS = (
    "config",
    "activation",
    "steps",
    "seconds",
    "step_seconds",
    "waiting",
    "threads",
    "machine",
)


def measure(
    names: Sequence[str], activation: str, threads: int
) -> Iterator[dict[str, object]]:
    """Yields a row for each config.

    Args:
        names: Of configs.
        activation: What `actfn.get` takes.
        threads: Of each operation.

    Raises:
        ValueError: If one fails or writes anything but one row.
    """
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            program = [sys.executable, "-m", "experiments.train", "--tiny"]
            options = {
                "config": name,
                "activation": activation,
                "directory": folder,
            }
            for key, value in options.items():
                program += [f"--{key}", value]
            begun = time.perf_counter()
            done = subprocess.run(
                program,
                env=os.environ | {"TF_NUM_INTRAOP_THREADS": str(threads)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            seconds = time.perf_counter() - begun
            path = pathlib.Path(folder, "results.csv")
            found = read_rows(path) if path.exists() else []
        if done.returncode or len(found) != 1:
            last = done.stderr.strip().rpartition("\n")[-1]
            raise ValueError(
                f"{name} should end with one row. Received: {len(found)}, "
                f"exit status {done.returncode}, {last!r}"
            )
        yield {
            "config": name,
            "activation": activation,
            "steps": found[0]["trained_steps"],
            "seconds": seconds,
            "step_seconds": float(found[0]["seconds"]),
            "waiting": found[0]["waiting"],
            "threads": threads,
            "machine": machine(),
        }


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("tiny", __doc__, resumes=True)
    add = parser.add_argument
    add(
        "--configs", nargs="+", default=config.names(),
        choices=config.names(), metavar="NAME", help="by default all",
    )  # fmt: skip
    add("--activation", default="swish", metavar="TEXT")
    add("--threads", type=positive, default=2, help="of each operation")
    options = parser.parse_args(arguments)
    with quiet_start():
        machine()  # Imports TensorFlow, and remembers.
    log = BenchmarkLog(parser, options, "tiny.csv", COLUMNS)
    done = log.keep_whole(lambda row: row["config"], lambda name: 1)
    left = [name for name in options.configs if name not in done]
    rows = measure(left, options.activation, options.threads)
    try:
        for row in tqdm(rows, total=len(left), unit="config"):
            log.append(row)
            tqdm.write(f"{row['seconds']:6.0f} s {row['config']}")
    except ValueError as error:
        parser.error(str(error))
