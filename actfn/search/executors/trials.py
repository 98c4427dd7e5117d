"""Runs the trials of a Keras Tuner oracle on an executor."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as trial_module
from keras_tuner.src.engine import tuner_utils

from actfn.search.executors.base import Ended, Executor, drive

Trial = trial_module.Trial
Status = trial_module.TrialStatus
RunTrial = Callable[[Trial, Any], Any]


class RemoteOracle:
    """What a trial sees of the oracle, which is in the driver.

    Attributes:
        objective: The oracle's.
    """

    def __init__(self, objective: keras_tuner.Objective, ask: Callable):
        self.objective = objective
        self._ask = ask

    def update_trial(
        self, trial_id: str, metrics: dict[str, float], step: int = 0
    ) -> Trial:
        """Takes a trial's metrics; see `keras_tuner.Oracle`."""
        return self._ask(("update_trial", trial_id, metrics, step))

    def get_trial(self, trial_id: str) -> Trial:
        """Returns a trial; see `keras_tuner.Oracle`."""
        return self._ask(("get_trial", trial_id))


def run_trials(
    oracle: keras_tuner.Oracle,
    run_trial: RunTrial,
    executor: Executor,
    on_begin: Callable[[Trial], None] | None = None,
    on_end: Callable[[Trial], None] | None = None,
) -> None:
    """Runs all trials of an oracle, which stays with its state in the driver.

    Args:
        oracle: Any oracle of Keras Tuner.
        run_trial: Called as ``run_trial(trial, oracle)`` where the executor
            runs it, the oracle being a `RemoteOracle`; returns what
            `keras_tuner.Tuner.run_trial` may. It may change the trial's
            hyperparameters, as a tuner does.
        executor: Where trials run.
        on_begin: Called in the driver with each new trial.
        on_end: Called in the driver with each ended trial; by default it is
            given to the oracle.

    Raises:
        FatalError: A trial raised one, or the oracle ends the search.
    """
    running: dict[str, tuple[str, Trial]] = {}
    free = [f"worker{n}" for n in range(executor.workers)]

    def next_job() -> tuple[str, Trial] | None:
        while free:
            trial = oracle.create_trial(free[-1])
            if trial.status == Status.STOPPED:
                return None
            if trial.status != Status.IDLE:
                running[trial.trial_id] = free.pop(), trial
                if on_begin is not None:
                    on_begin(trial)
                return trial.trial_id, trial
            if running:
                return None  # the oracle waits for a result
        return None

    def on_message(key: str, message: tuple) -> Any:
        name, *arguments = message
        return getattr(oracle, name)(*arguments)

    def finish(ended: Ended) -> None:
        worker, trial = running.pop(ended.key)
        free.append(worker)
        if ended.error is None:
            trial.hyperparameters, metrics, step = ended.value
            if metrics is not None:
                oracle.update_trial(trial.trial_id, metrics, step=step)
            trial.status = Status.COMPLETED
        else:
            _fail(trial, ended)
        (on_end or oracle.end_trial)(trial)

    call = _Call(run_trial, oracle.objective)
    drive(executor, call, next_job, finish, on_message)


class _Call:
    """A trial as an executor's call."""

    def __init__(self, run_trial: RunTrial, objective):
        self._run_trial, self._objective = run_trial, objective

    def __call__(self, trial: Trial, ask):
        trial = copy.deepcopy(trial)  # it may be the driver's own
        oracle = RemoteOracle(self._objective, ask)
        results = self._run_trial(trial, oracle)
        if results is None:  # it has told the oracle itself
            return trial.hyperparameters, None, 0
        tuner_utils.validate_trial_results(
            results, self._objective, "run_trial()"
        )
        return (
            trial.hyperparameters,
            tuner_utils.convert_to_metrics_dict(results, self._objective),
            tuner_utils.get_best_step(results, self._objective),
        )


def _fail(trial: Trial, ended: Ended) -> None:
    """Gives an exception the meaning that it has in Keras Tuner."""
    name = ended.kind.rpartition(".")[2]
    kind = getattr(keras_tuner.errors, name, None)
    if isinstance(kind, type) and issubclass(
        kind, keras_tuner.errors.FatalError
    ):
        raise kind(ended.error)
    failed = kind is keras_tuner.errors.FailedTrialError
    trial.status = Status.FAILED if failed else Status.INVALID
    trial.message = ended.error
