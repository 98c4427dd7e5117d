"""Children that sleep, on a Ray cluster of this machine."""

from __future__ import annotations

import tempfile
import time

import keras_tuner

import actfn
from actfn import search
from actfn.search.executors import make
from actfn.search.executors.trials import run_trials
from actfn.search.policies import POLICIES


def oracle_of(policy: str, seed: int, trials: int) -> search.PolicyOracle:
    """Returns an oracle over the space of two core units.

    Args:
        policy: A key of `POLICIES`.
        seed: Of the policy.
        trials: How many functions it has trained.
    """
    return search.PolicyOracle(
        POLICIES[policy](actfn.SearchSpace(core_units=2), seed=seed),
        keras_tuner.Objective("accuracy", "max"),
        max_trials=trials,
        verbose=0,
    )


def sleep(policy: str, tasks: int, turns: int, seconds: float) -> float:
    """Has tasks of Ray sleep; returns the seconds until all have ended.

    A first turn, which starts the workers, does not count.

    Args:
        policy: A key of `POLICIES`.
        tasks: How many sleep at the same time.
        turns: Children for each of them.
        seconds: How long a child sleeps.

    Raises:
        ValueError: Ray is not installed.
    """
    begun: list[float] = []

    def run_trial(trial, _):
        time.sleep(seconds)
        return {"accuracy": trial.hyperparameters.get("seed") % 97 / 97}

    def on_begin(trial) -> None:
        if int(trial.trial_id) >= tasks and not begun:
            begun.append(time.perf_counter())

    executor = make("ray", workers=tasks, cpus=0.01)
    oracle = oracle_of(policy, 0, tasks * (turns + 1))
    with tempfile.TemporaryDirectory() as folder:
        oracle._set_project_dir(folder, "sleeping")
        oracle.reload()
        run_trials(oracle, run_trial, executor, on_begin)
        return time.perf_counter() - begun[0]
