"""Gates against GELU at equal parameters, in the text task.

Each function is trained with the same seeds, so that runs pair up; a gate's
feed-forward layers are two thirds as wide. In gated.csv, a row a child; what is
in the file already is not trained again.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence

from tqdm import tqdm

import actfn
from actfn.search.books.tables import CsvLog, read_rows
from experiments import tasks
from experiments.benchmark.parts.command import parser_of
from experiments.cli import positive
from experiments.tasks.base import QUICK, key
from experiments.tasks.child import train

FUNCTIONS = ("gelu", "glu", "reglu", "geglu", "swiglu")
COLUMNS = (
    "function",
    "setting",
    "key",
    "steps",
    "seed",
    "parameters",
    "loss",
    "seconds",
)


def rows(
    setting: str, steps: int | None, jobs: Sequence[tuple[str, int]]
) -> Iterator[dict[str, object]]:
    """Trains a child of the text task for each job and yields its row.

    Args:
        setting: Of the task, by name.
        steps: Of training, if not the setting's.
        jobs: Functions and seeds.

    Raises:
        ValueError: The text is missing or damaged.
    """
    task, chosen = tasks.get("text"), chosen_setting(setting, steps)
    data = task.data(chosen)

    @functools.cache
    def count(function: str) -> int:
        model = task.build(chosen, data, task.candidate(function))
        return model.count_params()

    for function, seed in jobs:
        found = train(task, chosen, data, function, seed)
        yield {
            "function": function,
            "setting": setting,
            "key": key(chosen),
            "steps": chosen.steps,
            "seed": seed,
            "parameters": count(function),
            "loss": found.metrics["loss"],  # NaN if it diverged
            "seconds": found.seconds,
        }


def chosen_setting(name: str, steps: int | None):
    """Returns a setting of the text task, with other steps if given."""
    setting = tasks.get("text").settings[name]
    return (
        setting if steps is None else dataclasses.replace(setting, steps=steps)
    )


def missing(
    log: CsvLog, mark: str, functions: Sequence[str], seeds: int
) -> list[tuple[str, int]]:
    """Returns functions and seeds that are not in the log, seed by seed.

    Args:
        log: With a row a child.
        mark: The key of the setting.
        functions: To train.
        seeds: How many, from 0.
    """
    done = {
        (row["function"], int(row["seed"]))
        for row in read_rows(log.path)
        if row["key"] == mark
    }
    every = [(f, seed) for seed in range(seeds) for f in functions]
    return [job for job in every if job not in done]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("gated", __doc__)
    add = parser.add_argument
    add("--functions", nargs="+", default=FUNCTIONS, metavar="TEXT")
    add("--seeds", type=positive, default=8, help="paired ones, from 0")
    add(
        "--setting",
        choices=tuple(tasks.get("text").settings),
        default=QUICK,
        help="of the text task",
    )
    add("--steps", type=positive, help="of training; None: the setting's")
    options = parser.parse_args(arguments)
    try:
        for function in options.functions:
            actfn.get(function)
        options.directory.mkdir(parents=True, exist_ok=True)
        log = CsvLog(options.directory / "gated.csv", COLUMNS)
        mark = key(chosen_setting(options.setting, options.steps))
        jobs = missing(log, mark, options.functions, options.seeds)
        found = rows(options.setting, options.steps, jobs)
        for row in tqdm(found, total=len(jobs), unit="child"):
            log.append(row)
            tqdm.write(
                f"{row['loss']:.4f} nats a byte {row['function']} {row['seed']}"
            )
    except (ValueError, OSError) as error:
        parser.error(str(error))
