"""Ray tasks that sleep, in a search that is otherwise a search."""

from __future__ import annotations

import tempfile
import time
from typing import Any

import keras_tuner

import actfn
from actfn import search
from actfn.search import executors
from actfn.search.executors.base import Function
from actfn.search.policies import POLICIES

METRIC = "accuracy"


def oracle_of(
    policy: str, seed: int, trials: int, **fixed
) -> keras_tuner.Oracle:
    """Returns an oracle over the space of two core units.

    Args:
        policy: A key of `POLICIES`.
        seed: Of the policy.
        trials: How many functions it has trained.
        **fixed: More hyperparameters of each trial.
    """
    hyperparameters = keras_tuner.HyperParameters()
    for name, value in fixed.items():
        hyperparameters.Fixed(name, value)
    return search.PolicyOracle(
        POLICIES[policy](actfn.SearchSpace(core_units=2), seed=seed),
        keras_tuner.Objective(METRIC, "max"),
        max_trials=trials,
        hyperparameters=hyperparameters,
        verbose=0,
    )


def sleep(
    policy: str, tasks: int, turns: int, seconds: float, executor: Any = None
) -> float:
    """Has tasks sleep; returns the seconds from the first to the last answer.

    The clock starts when Ray has a process for each task.

    Args:
        policy: A key of `POLICIES`.
        tasks: That sleep at a time.
        turns: Children for each of them.
        seconds: How long a child sleeps.
        executor: Who runs them; Ray on this machine if None.

    Raises:
        ValueError: Ray is not installed.
    """
    executor = executor or executors.make("ray", tasks, cpus=0)
    _doze(executor, [10.0] * tasks)
    with tempfile.TemporaryDirectory() as folder:
        oracle = oracle_of(policy, 0, tasks * turns)
        oracle._set_project_dir(folder, "sleeping")
        oracle.reload()
        start = time.perf_counter()
        _search(oracle, seconds, executor)
        return time.perf_counter() - start


def _search(oracle, seconds: float, executor: executors.Executor) -> None:
    """Runs the oracle's trials; what travels is no more than a number."""
    trials: dict[str, Any] = {}

    def next_job() -> tuple[str, float] | None:
        trial = oracle.create_trial(f"task{len(trials)}")
        if trial.status != "RUNNING":
            return None
        trials[trial.trial_id] = trial
        return trial.trial_id, seconds

    def on_end(key: str, value: None) -> None:
        trial = trials[key]
        accuracy = trial.hyperparameters.get("seed") % 97 / 97
        oracle.update_trial(key, {METRIC: accuracy})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    executor.drive(_sleeper(), next_job, on_end)


def _sleeper() -> Function:
    """Returns a function that needs nothing of this package.

    So no worker imports TensorFlow, of which there would be 64.
    """

    def sleeper(seconds: float, ask) -> None:
        time.sleep(seconds)

    return sleeper


def _doze(executor: executors.Executor, seconds: list[float]) -> None:
    """Has Ray start its processes."""
    jobs = iter([(str(number), s) for number, s in enumerate(seconds)])
    executor.drive(_sleeper(), lambda: next(jobs, None), lambda *end: None)
