"""Trains a child with each function of a small space: a table of rewards.

    python -m experiments.tabulate
    python -m experiments.simulate --table results/table/rewards.csv

Each distinct function of a one-unit space is trained once, all with the same
seed; then the best ones again with further seeds, which they share. In
--directory: runs.csv, a row a child, and rewards.csv, a row a function with
its mean validation accuracy (0 for a child that diverged).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import sys
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from experiments.cli import Parser, positive, quiet_start

with quiet_start():
    import tensorflow as tf

    import actfn
    from actfn.search import ExhaustivePolicy
    from actfn.search.books.folder import claim
    from actfn.search.books.tables import CsvLog, read_rows
    from experiments.machine import megabytes
    from experiments.tasks.image.child import ChildTrainer
    from experiments.tasks.image.recipe import PRESETS, Recipe

UNARY = (
    "identity",
    "scale",
    "square",
    "exp",
    "sin",
    "cos",
    "tanh",
    "sinc",
    "max0",
    "sigmoid",
)
BINARY = ("add", "mul", "sub", "max", "min", "gate")
FLOOR = 0.0
_RUN_COLUMNS = (
    "expression",
    "run",
    "seed",
    "accuracy",
    "status",
    "seconds",
    "megabytes",
)
_REWARD_COLUMNS = ("expression", "canonical", "reward", "runs", "deviation")


def tabulate(
    space: actfn.SearchSpace,
    recipe: Recipe,
    folder: pathlib.Path,
    best: int,
    repeats: int,
    seed: int,
) -> None:
    """Trains what is not yet in the folder's runs.csv; writes rewards.csv.

    Args:
        space: At most a million token strings.
        recipe: Of the children.
        folder: For the two files.
        best: How many functions are trained `repeats` times.
        repeats: How often.
        seed: All seeds of children come from it.

    Raises:
        ValueError: The space is too large, or the recipe is at fault.
    """
    proposals = ExhaustivePolicy(space).propose(space.size)
    functions = [str(proposal.expression) for proposal in proposals]
    trainer = ChildTrainer(recipe)
    log = CsvLog(folder / "runs.csv", _RUN_COLUMNS)
    found = {
        (row["expression"], int(row["run"])): float(row["accuracy"])
        for row in read_rows(log.path)
    }
    again = min(best, len(functions)) * (repeats - 1)
    total = len(functions) + again
    with tqdm(total=total, unit="child", smoothing=0) as bar:

        def train(text: str, run: int) -> None:
            if (text, run) not in found:
                row = _run(trainer, text, run, seed)
                log.append(row)
                found[text, run] = row["accuracy"]
            bar.update()

        for text in functions:
            train(text, 0)
        ranked = sorted(functions, key=lambda text: -found[text, 0])
        for run in range(1, repeats):
            for text in ranked[:best]:
                train(text, run)
    rows = [_reward_row(text, found, repeats) for text in functions]
    rewards = CsvLog(folder / "rewards.csv", _REWARD_COLUMNS)
    rewards.rewrite(sorted(rows, key=lambda row: -row["reward"]))


def _run(trainer: ChildTrainer, text: str, run: int, seed: int) -> dict:
    sequence = np.random.SeedSequence((seed, 7, run))
    child_seed = int(sequence.generate_state(1)[0] >> 1)
    result = trainer.train(text, child_seed)
    return {
        "expression": text,
        "run": run,
        "seed": child_seed,
        "accuracy": FLOOR if result.diverged else result.accuracy,
        "status": "diverged" if result.diverged else "completed",
        "seconds": result.seconds,
        "megabytes": megabytes(),
    }


def _reward_row(text: str, found: dict, repeats: int) -> dict[str, object]:
    runs = [found[text, i] for i in range(repeats) if (text, i) in found]
    return {
        "expression": text,
        "canonical": str(actfn.canonicalize(actfn.parse(text))),
        "reward": statistics.fmean(runs),
        "runs": len(runs),
        "deviation": statistics.stdev(runs) if len(runs) > 1 else np.nan,
    }


def _parser() -> Parser:
    parser = Parser(
        prog="python -m experiments.tabulate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    for name, default in (("unary", UNARY), ("binary", BINARY)):
        add(
            f"--{name}",
            nargs="+",
            default=default,
            metavar="NAME",
            help=f"the space's {name} functions; default: {' '.join(default)}",
        )
    for name, default, text in (
        ("best", 30, "how many functions are trained several times"),
        ("repeats", 3, "how often"),
        ("steps", PRESETS["quick"].steps, "training steps of a child"),
        ("seed", 0, "of all children"),
    ):
        add(
            f"--{name}",
            type=positive if name != "seed" else int,
            default=default,
            metavar="N",
            help=f"{text}; default: %(default)s",
        )
    add(
        "--directory",
        type=pathlib.Path,
        default="results/table",
        metavar="DIR",
        help="of the results; default: %(default)s",
    )
    add("--resume", action="store_true", help="go on in --directory")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    tf.get_logger().setLevel("ERROR")
    # One thread: sums in a fixed order. Read when TensorFlow starts.
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")
    # A table holds what training comes to, for every function.
    recipe = dataclasses.replace(
        PRESETS["quick"], steps=given.steps, screen=False
    )
    settings = dataclasses.asdict(recipe) | {
        name: getattr(given, name)
        for name in ("unary", "binary", "best", "repeats", "seed")
    }
    # As they come back from the file: lists, where there were tuples.
    settings = json.loads(json.dumps(settings))
    try:
        space = actfn.SearchSpace(1, given.unary, given.binary)
        with claim(given.directory, settings, given.resume):
            numbers = (given.best, given.repeats, given.seed)
            tabulate(space, recipe, given.directory, *numbers)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nStopped; --resume goes on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
