"""Runs the trials of any oracle of Keras Tuner by an executor."""

import copy
import itertools
from collections.abc import Callable
from typing import Any

import keras_tuner
from keras_tuner.engine import base_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from actfn.search.executors import Executor, Here, make
from actfn.search.executors.base import Ask

Report = Callable[[int, dict[str, float]], bool]
RunTrial = Callable[[Trial, Report], Any]


def run_trials(
    oracle: keras_tuner.Oracle,
    run_trial: RunTrial,
    executor: Executor,
    on_end: Callable[[Trial], None] = lambda trial: None,
) -> None:
    """Has all trials of an oracle run; the oracle stays in this process.

    Args:
        oracle: Any; its project folder is set if it is to keep its state.
        run_trial: Called in a worker as ``run_trial(trial, report)``. It
            returns, and raises, what `Tuner.run_trial` may. ``report(step,
            metrics)`` hands metrics to `oracle.update_trial` while the trial
            runs, and returns whether it goes on.
        executor: Who calls it.
        on_end: Called with each trial that the oracle has heard the end of.

    Raises:
        FatalError: A trial raised one, or the oracle did.
    """

    def end(trial: Trial) -> None:
        oracle.end_trial(trial)
        on_end(trial)

    run(_Function(oracle, run_trial, end), executor=executor)


def run(
    tuner: keras_tuner.Tuner,
    *args: Any,
    executor: str | Executor | None = None,
    workers: int = 1,
    address: str | None = None,
    cpus: float = 1,
    gpus: float = 0,
    **kwargs: Any,
) -> None:
    """Does what ``tuner.search(*args, **kwargs)`` does, by an executor.

    The oracle and its files stay in this process. The tuner, its hypermodel
    and the data travel to each worker once; checkpoints are written to the
    tuner's project folder, which workers on other machines must share for
    `get_best_models` and Hyperband to find them. In other processes `fit`
    prints nothing unless `verbose` is given.

    Args:
        tuner: Any, with any oracle.
        *args: For `search`.
        executor: See `actfn.search.executors.make`.
        workers: Trials at a time.
        address: Of a Ray cluster.
        cpus: Of a trial on Ray.
        gpus: Likewise; may be a fraction.
        **kwargs: For `search`.

    Raises:
        ValueError: The executor cannot be made, or the tuner does not travel.
        FatalError: A trial raised one, or the oracle did.
    """
    made = make(executor, workers, address, cpus, gpus)
    if "verbose" in kwargs:
        tuner.oracle.verbose = kwargs["verbose"]
    elif not isinstance(made, Here):
        kwargs["verbose"] = 0
    oracle, objective = tuner.oracle, tuner.oracle.objective
    self, names = tuner, itertools.count()  # `PolicyOracle` looks who asks it
    shipped = copy.copy(tuner)
    shipped.oracle = shipped.on_trial_end = None

    def next_job() -> tuple[str, Trial] | None:
        self.pre_create_trial()
        trial = oracle.create_trial(f"worker{next(names)}")
        if trial.status in (TrialStatus.STOPPED, TrialStatus.IDLE):
            return None
        self.on_trial_begin(trial)
        return trial.trial_id, copy.deepcopy(trial)

    def work(trial: Trial, ask: Ask) -> tuple:
        worker = copy.copy(shipped)
        worker.oracle = _OracleElsewhere(objective, trial, ask)
        worker._try_run_and_update_trial(trial, *args, **kwargs)
        return trial.hyperparameters, trial.status, trial.message

    def on_message(key: str, message: tuple[bool, dict, int]) -> Trial:
        is_first, metrics, step = message
        if is_first:  # forgets what a worker told that was lost
            trial = oracle.get_trial(key)
            trial.metrics = type(trial.metrics)()
        return oracle.update_trial(key, metrics, step)

    def on_end(key: str, value: tuple) -> None:
        trial = oracle.get_trial(key)
        trial.hyperparameters, trial.status, trial.message = value
        tuner.on_trial_end(trial)

    tuner.on_search_begin()
    made.drive(work, next_job, on_end, on_message)
    tuner.on_search_end()


class _Function(base_tuner.BaseTuner):
    """A function as a tuner, without a hypermodel or a folder."""

    def __init__(self, oracle, function: RunTrial, on_trial_end: Callable):
        self.oracle, self._function = oracle, function
        self.on_trial_end = on_trial_end

    def run_trial(self, trial: Trial, **options: Any) -> Any:
        def report(step: int, metrics: dict[str, float]) -> bool:
            updated = self.oracle.update_trial(trial.trial_id, metrics, step)
            return updated.status != TrialStatus.STOPPED

        return self._function(trial, report)


class _OracleElsewhere(keras_tuner.Oracle):
    """What a tuner in a worker has in the place of the driver's oracle."""

    def __init__(self, objective, trial: Trial, ask: Ask):
        super().__init__(objective, hyperparameters=trial.hyperparameters)
        self.trials[trial.trial_id] = trial
        self._ask = ask

    def update_trial(self, trial_id: str, metrics: dict, step=0) -> Trial:
        is_first = not self.trials[trial_id].metrics.metrics
        self.trials[trial_id] = self._ask((is_first, metrics, step))
        return self.trials[trial_id]
