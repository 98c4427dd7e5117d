"""Runs a stock tuner's search on an executor."""

from __future__ import annotations

import copy
from typing import Any

import keras_tuner

from actfn.search.executors import Choice, make
from actfn.search.executors.trials import run_trials


def run(
    tuner: keras_tuner.Tuner,
    *args: Any,
    executor: Choice = None,
    workers: int = 1,
    address: str | None = None,
    cpus: float = 1,
    gpus: float = 0,
    **kwargs: Any,
) -> None:
    """Does what ``tuner.search(*args, **kwargs)`` does, on several workers.

    The oracle and its files stay in this process; what a trial saves (its
    checkpoint) goes to the tuner's project folder, which all machines must
    share if `get_best_models` is to find it.

    Args:
        tuner: Any tuner, with any oracle.
        *args: For `search`.
        executor: ``"here"``, ``"processes"``, ``"ray"`` or an `Executor`; by
            default this process for one worker, and processes for more.
        workers: Trials at the same time.
        address: Of a Ray cluster; None for one on this machine.
        cpus: CPUs a trial, for Ray.
        gpus: GPUs, or a fraction of one, a trial, for Ray.
        **kwargs: For `search`.

    Raises:
        ValueError: The executor is not there.
        FatalError: A trial raised one, or the oracle ends the search.

    Example:
        >>> import keras_tuner
        >>> from actfn import SearchSpace, search
        >>> policy = search.RandomPolicy(SearchSpace(core_units=1), seed=0)
        >>> oracle = search.PolicyOracle(policy, max_trials=20)
        >>> def build(hp): ...
        >>> tuner = keras_tuner.Tuner(oracle, build)  # doctest: +SKIP
        >>> search.run(tuner, x, y, workers=2)  # doctest: +SKIP
    """
    if "verbose" in kwargs:
        tuner.oracle.verbose = kwargs["verbose"]
    tuner.on_search_begin()
    run_trials(
        tuner.oracle,
        _TunerTrial(tuner, args, kwargs),
        make(executor, workers, address, cpus, gpus),
        tuner.on_trial_begin,
        tuner.on_trial_end,
    )
    tuner.on_search_end()


class _TunerTrial:
    """A tuner without its oracle, which trains one trial."""

    def __init__(self, tuner: keras_tuner.Tuner, args: tuple, kwargs: dict):
        self._tuner = copy.copy(tuner)
        self._tuner.oracle = None
        self._args, self._kwargs = args, kwargs

    def __call__(self, trial, oracle):
        tuner = copy.copy(self._tuner)
        tuner.oracle = oracle
        return tuner.run_trial(trial, *self._args, **self._kwargs)
