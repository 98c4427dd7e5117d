"""Trains a child with each function of a small space: a table of rewards.

    python -m experiments.tabulate
    python -m experiments.simulate --table results/table/rewards.csv

Each distinct function of a one-unit space is trained once, all with the same
seed; then the best ones again with further seeds, which they share. In
--directory: runs.csv, a row a child, and rewards.csv, a row a function with
its mean reward: the validation accuracy of images, or the score of another
--task, higher is better; a child that diverged has the floor.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from experiments.cli import Parser, positive, quiet_start

with quiet_start():
    import tensorflow as tf

    import actfn
    from actfn.search import ExhaustivePolicy
    from actfn.search.books.folder import claim
    from actfn.search.books.tables import CsvLog, read_rows
    from experiments import tasks
    from experiments.machine import megabytes
    from experiments.tasks.base import QUICK, Task, key
    from experiments.tasks.child import train
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
_IMAGE = "image"
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


@dataclasses.dataclass(frozen=True)
class Judged:
    """What a child came to: its reward, which is finite, and its status."""

    reward: float
    status: str
    seconds: float


Judge = Callable[[str, int], Judged]
"""Trains a child, given its function and seed."""


def of_recipe(recipe: Recipe) -> Judge:
    """Returns who trains children of a recipe; the reward is accuracy."""
    trainer = ChildTrainer(recipe)

    def judge(text: str, seed: int) -> Judged:
        result = trainer.train(text, seed)
        if result.diverged:
            return Judged(FLOOR, "diverged", result.seconds)
        return Judged(result.accuracy, "completed", result.seconds)

    return judge


def of_task(task: Task, setting: Any) -> Judge:
    """Returns who trains children of a task; the reward is its score."""
    data = task.data(setting)
    metric = task.metrics[task.metric]

    def judge(text: str, seed: int) -> Judged:
        result = train(task, setting, data, text, seed)
        if result.reason:
            return Judged(
                metric.sign * metric.floor, "diverged", result.seconds
            )
        score = metric.sign * result.metrics[task.metric]
        return Judged(score, "completed", result.seconds)

    return judge


def tabulate(
    space: actfn.SearchSpace,
    judge: Judge,
    folder: pathlib.Path,
    best: int,
    repeats: int,
    seed: int,
) -> None:
    """Trains what is not yet in the folder's runs.csv; writes rewards.csv.

    Args:
        space: At most a million token strings.
        judge: Trains the children.
        folder: For the two files.
        best: How many functions are trained `repeats` times.
        repeats: How often.
        seed: All seeds of children come from it.

    Raises:
        ValueError: The space is too large.
    """
    proposals = ExhaustivePolicy(space).propose(space.size)
    functions = [str(proposal.expression) for proposal in proposals]
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
                row = _run(judge, text, run, seed)
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


def _run(judge: Judge, text: str, run: int, seed: int) -> dict:
    sequence = np.random.SeedSequence((seed, 7, run))
    child_seed = int(sequence.generate_state(1)[0] >> 1)
    result = judge(text, child_seed)
    return {
        "expression": text,
        "run": run,
        "seed": child_seed,
        "accuracy": result.reward,
        "status": result.status,
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
    add(
        "--task",
        choices=tasks.names(),
        default=_IMAGE,
        help="what children are trained on; default: %(default)s",
    )
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
        ("steps", None, "training steps of a child, if not the task's"),
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
    settings = {
        name: getattr(given, name)
        for name in ("unary", "binary", "best", "repeats", "seed")
    }
    steps = {} if given.steps is None else {"steps": given.steps}
    try:
        if given.task == _IMAGE:
            # A table holds what training comes to, for every function.
            recipe = dataclasses.replace(
                PRESETS["quick"], screen=False, **steps
            )
            judge, of_child = of_recipe(recipe), dataclasses.asdict(recipe)
        else:
            task = tasks.get(given.task)
            setting = dataclasses.replace(task.settings[QUICK], **steps)
            judge = of_task(task, setting)
            of_child = {"task": given.task, "setting": key(setting)}
        settings |= of_child
        # As they come back from the file: lists, where there were tuples.
        settings = json.loads(json.dumps(settings))
        space = actfn.SearchSpace(1, given.unary, given.binary)
        with claim(given.directory, settings, given.resume):
            numbers = (given.best, given.repeats, given.seed)
            tabulate(space, judge, given.directory, *numbers)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nStopped; --resume goes on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
