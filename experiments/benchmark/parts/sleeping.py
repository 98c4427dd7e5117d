"""Clients that sleep, and a chief in a process of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent import futures

import keras_tuner

import actfn
from actfn import search
from experiments.benchmark.parts.processes import be_chief
from experiments.search.session import POLICIES
from experiments.search.workers import METRIC


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


class Sleeper(keras_tuner.Tuner):
    """A tuner whose children sleep.

    Attributes:
        seconds: How long each sleeps.
        end: When the last one woke and its answer was taken.
    """

    seconds: float
    end: float

    def run_trial(self, trial, *args, **kwargs) -> dict[str, float]:
        """Sleeps; the accuracy is made up from the seed."""
        time.sleep(self.seconds)
        return {METRIC: trial.hyperparameters.get("seed") % 97 / 97}

    def on_trial_end(self, trial) -> None:
        """Hands in the answer."""
        super().on_trial_end(trial)
        self.end = time.perf_counter()

    def save(self) -> None:
        """Keeps nothing."""


def sleep(policy: str, clients: int, turns: int, seconds: float) -> float:
    """Has clients sleep; returns the seconds until the last answer is in.

    Args:
        policy: A key of `POLICIES`.
        clients: Threads, each of which is a worker.
        turns: Children for each of them.
        seconds: How long a child sleeps.
    """
    with (
        _chief_elsewhere(policy, clients * turns),
        tempfile.TemporaryDirectory() as folder,
        futures.ThreadPoolExecutor(clients) as pool,
    ):
        sleepers = [_sleeper(folder, n, seconds) for n in range(clients)]
        start = time.perf_counter()
        for _ in pool.map(search.run, sleepers):
            pass  # raises what a client has raised
        return max(sleeper.end for sleeper in sleepers) - start


def _sleeper(folder: str, number: int, seconds: float) -> Sleeper:
    oracle = oracle_of("random", 0, 1)  # the chief's is asked instead
    sleeper = Sleeper(oracle, directory=folder, tuner_id=f"client{number}")
    sleeper.seconds, sleeper.end = seconds, 0.0
    return sleeper


@contextlib.contextmanager
def _chief_elsewhere(policy: str, trials: int) -> Iterator[None]:
    """A chief in another process, to which the environment points."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=be_chief, args=(policy, trials, theirs))
    process.start()
    host, _, port = ours.recv().rpartition(":")
    variables = {
        "KERASTUNER_TUNER_ID": "client",
        "KERASTUNER_ORACLE_IP": host,
        "KERASTUNER_ORACLE_PORT": port,
    }
    os.environ |= variables
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
        process.join()
