"""Time of the books per trial, ours against Keras Tuner's RandomSearchOracle.

No child is trained: each trial is created, told a score and ended. Ours
proposes random functions of two core units, finds out whether each is known
already and keeps what a killed search needs to go on; the rival draws a number
and does what it does. Times are means over the last trials before each mark.
Memory is that of the whole process.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence

import keras_tuner
from tqdm import tqdm

import actfn
from actfn import search
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.machine import machine, megabytes

MARKS = (200, 1_000, 5_000, 20_000)
COLUMNS = (
    "oracle",
    "trials",
    "milliseconds_per_trial",
    "relative_to_first",
    "megabytes",
    "machine",
)
WINDOW = 200


def ours(seed: int, trials: int) -> search.PolicyOracle:
    """Returns an oracle that a random policy drives."""
    actfn.canonicalize(actfn.parse("x"))  # makes its tables, in a second
    policy = search.RandomPolicy(actfn.SearchSpace(core_units=2), seed=seed)
    return search.PolicyOracle(policy, max_trials=trials, verbose=0)


def stock(seed: int, trials: int) -> keras_tuner.Oracle:
    """Returns Keras Tuner's own, with one hyperparameter."""
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.Float("x", 0.0, 1.0)
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=keras_tuner.Objective("val_accuracy", "max"),
        max_trials=trials,
        seed=seed,
        hyperparameters=hyperparameters,
    )
    oracle.verbose = 0
    return oracle


def trial_seconds(
    oracle: keras_tuner.Oracle, folder: str, trials: int
) -> Iterator[float]:
    """Yields the seconds that the oracle takes for each trial."""
    oracle._set_project_dir(folder, "project")
    for number in range(trials):
        begin = time.perf_counter()
        trial = oracle.create_trial("tuner0")
        score = {"val_accuracy": (number * 7919 % 1000) / 1000}
        oracle.update_trial(trial.trial_id, score)
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        yield time.perf_counter() - begin


def measure(name: str, marks: Sequence[int], seed: int) -> list[dict]:
    """Returns a row for each mark, a number of trials."""
    rows: list[dict] = []
    recent: list[float] = []
    oracle = {"actfn": ours, "stock": stock}[name](seed, max(marks))
    with tempfile.TemporaryDirectory() as folder:
        seconds = trial_seconds(oracle, folder, max(marks))
        bar = tqdm(seconds, total=max(marks), desc=name, unit="trial")
        for number, taken in enumerate(bar, 1):
            recent = [*recent[1 - WINDOW :], taken]
            if number in marks:
                mean = 1000 * sum(recent) / len(recent)
                first = rows[0]["milliseconds_per_trial"] if rows else mean
                rows.append(
                    {
                        "oracle": name,
                        "trials": number,
                        "milliseconds_per_trial": mean,
                        "relative_to_first": mean / first,
                        "megabytes": megabytes(),
                        "machine": machine(),
                    }
                )
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("oracle", __doc__)
    add = parser.add_argument
    add("--marks", nargs="+", type=int, default=list(MARKS), metavar="N")
    add(
        "--stock-marks", nargs="+", type=int, default=[200, 1_000],
        metavar="N", help="for the rival, which slows down",
    )  # fmt: skip
    add("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if min(*options.marks, *options.stock_marks) < 1:
        parser.error("--marks and --stock-marks must be positive")
    log = BenchmarkLog(parser, options, "oracle.csv", COLUMNS)
    rows = []
    for name, marks in (
        ("stock", options.stock_marks),
        ("actfn", options.marks),
    ):
        for row in measure(name, marks, options.seed):
            log.append(row)
            rows.append(row)
    for row in rows:
        print(
            f"{row['oracle']:8}{row['trials']:7,} trials"
            f"{row['milliseconds_per_trial']:8.2f} ms a trial,"
            f"{row['relative_to_first']:5.2f} times the first,"
            f"{row['megabytes']:7.0f} MB"
        )
