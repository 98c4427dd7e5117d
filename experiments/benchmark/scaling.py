"""What executors cost, against processes without a search.

training: one-thread processes of a search against as many bare processes of one
thread that train the same children, taking turns, the first of a round in
turn. sleeping: tasks of Ray whose children only sleep: the share of the time,
from the first proposal to the last answer, that they sleep. It needs Ray. Each
row is kept as soon as it is measured; --resume goes on with the rounds that are
not complete.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent import futures

from actfn.search import executors
from actfn.search.books.tables import read_rows
from actfn.search.executors.trials import run_trials
from actfn.search.policies import POLICIES
from actfn.search.session import ChildTrial
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.benchmark.parts.processes import prepare, train
from experiments.benchmark.parts.sleeping import oracle_of, sleep
from experiments.cli import Parser
from experiments.machine import machine
from experiments.tasks.image.child import ImageChild
from experiments.tasks.image.recipe import PRESETS

COLUMNS = (
    "part",
    "contestant",
    "round",
    "functions",
    "seconds",
    "functions_per_hour",
    "busy",
    "machine",
)
CONTESTANTS = {"training": 2, "sleeping": 1}
"""How many rows a round of each part has."""
PARTS = tuple(CONTESTANTS)


def training(
    workers: int, rounds: Iterable[int], functions: int, steps: int
) -> Iterator[dict]:
    """Yields a row for each contestant and round; round 0 warms up.

    Args:
        workers: Processes of one thread.
        rounds: Numbers from 1; in each, both contestants train.
        functions: How many they train each time, the same ones.
        steps: Of a child.
    """
    recipe = dataclasses.replace(PRESETS["quick"], steps=steps)
    child = ImageChild(recipe)
    executor = executors.make("processes", workers)
    with (
        futures.ProcessPoolExecutor(
            workers,
            multiprocessing.get_context("spawn"),
            prepare,
            (dataclasses.asdict(recipe),),
        ) as pool,
    ):
        for turn in (0, *rounds):
            count = functions if turn else workers
            trials = _trials(turn, count)
            contestants: dict[str, Callable[[], object]] = {
                "bare": functools.partial(_by_pool, pool, trials),
                "workers": functools.partial(
                    _by_executor, executor, child, turn, count
                ),
            }
            for name in sorted(contestants, reverse=turn % 2 == 0):
                start = time.perf_counter()
                contestants[name]()
                seconds = time.perf_counter() - start
                if turn:
                    yield _row("training", name, turn, count, seconds)


def _by_executor(
    executor: executors.Executor,
    child: ImageChild,
    seed: int,
    functions: int,
) -> None:
    oracle = oracle_of("random", seed, functions)
    with tempfile.TemporaryDirectory() as folder:
        oracle._set_project_dir(folder, "training")
        oracle.reload()
        run_trials(oracle, ChildTrial(child), executor)


def _by_pool(pool: futures.Executor, trials: list[dict]) -> None:
    for _ in pool.map(train, trials):
        pass  # raises what a process has raised


def _trials(seed: int, functions: int) -> list[dict]:
    """Returns the trials of `_by_executor`'s oracle: they need no rewards."""
    oracle = oracle_of("random", seed, functions)
    trials = [oracle.create_trial(str(number)) for number in range(functions)]
    return [trial.hyperparameters.values for trial in trials]


def _row(
    part: str,
    contestant: str,
    turn: int,
    functions: int,
    seconds: float,
    busy: float | str = "",
) -> dict:
    return {
        "part": part,
        "contestant": contestant,
        "round": turn,
        "functions": functions,
        "seconds": round(seconds, 2),
        "functions_per_hour": round(3600 * functions / seconds, 1),
        "busy": busy and round(busy, 4),
        "machine": machine(),
    }


def _ratio(rows: Sequence[Mapping[str, str]]) -> float:
    """Returns the functions per hour of the workers over the bare ones'."""
    seconds = {
        name: sum(
            float(row["seconds"]) for row in rows if row["contestant"] == name
        )
        for name in ("bare", "workers")
    }
    return seconds["bare"] / seconds["workers"]


def _options(
    arguments: Sequence[str] | None,
) -> tuple[Parser, argparse.Namespace]:
    parser = parser_of("scaling", __doc__, resumes=True)
    add = parser.add_argument
    add("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    add("--workers", type=int, default=2)
    add("--rounds", type=int, default=2)
    add("--functions", type=int, default=30, help="a round")
    add("--steps", type=int, default=PRESETS["quick"].steps, help="of a child")
    add("--tasks", type=int, default=64, help="that sleep at a time")
    add("--turns", type=int, default=64, help="children a task")
    add("--seconds", type=float, default=5.0, help="that a child sleeps")
    add("--policy", choices=POLICIES, default="ppo", help="while they sleep")
    chosen = parser.parse_args(arguments)
    for name, value in vars(chosen).items():
        number = isinstance(value, int | float) and value is not chosen.resume
        if number and not value > 0:
            parser.error(f"--{name} must be positive. Received: {value}")
    return parser, chosen


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser, chosen = _options(arguments)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = "1"  # of all processes that are started here
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    log = BenchmarkLog(parser, chosen, "scaling.csv", COLUMNS)
    done = log.keep_whole(
        lambda row: (row["part"], int(row["round"])),
        lambda each: CONTESTANTS[each[0]],
    )
    try:
        for row in _rows(chosen, done):
            log.append(row)
            print(*(row[column] for column in COLUMNS[:-1]), flush=True)
    except ValueError as error:  # no Ray
        parser.error(str(error))
    rows = read_rows(log.path)
    trained = [row for row in rows if row["part"] == "training"]
    if trained:
        print(f"workers / bare, functions per hour: {_ratio(trained):.3f}")


def _rows(
    chosen: argparse.Namespace, ended: set[tuple[str, int]]
) -> Iterator[dict]:
    """Yields the rows of the rounds that have not ended."""
    rounds = [
        turn
        for turn in range(1, chosen.rounds + 1)
        if ("training", turn) not in ended
    ]
    if "training" in chosen.parts and rounds:
        yield from training(
            chosen.workers, rounds, chosen.functions, chosen.steps
        )
    if "sleeping" in chosen.parts and ("sleeping", 1) not in ended:
        trials = chosen.tasks * chosen.turns
        elapsed = sleep(
            chosen.policy, chosen.tasks, chosen.turns, chosen.seconds
        )
        busy = chosen.turns * chosen.seconds / elapsed
        name = f"{chosen.tasks} Ray tasks, {chosen.policy}"
        yield _row("sleeping", name, 1, trials, elapsed, busy)
