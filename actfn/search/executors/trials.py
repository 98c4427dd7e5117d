"""Runs the trials of any oracle of Keras Tuner by an executor."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as trial_module
from keras_tuner.src.engine import tuner_utils

from actfn.search.executors import make
from actfn.search.executors.base import Ask, Ended, Executor, drive
from actfn.search.executors.here import Here

Status = trial_module.TrialStatus
Trial = trial_module.Trial
Report = Callable[[int, dict[str, float]], bool]
RunTrial = Callable[[Trial, Report], Any]


def run_trials(
    oracle: keras_tuner.Oracle,
    run_trial: RunTrial,
    executor: Executor,
    on_end: Callable[[Trial], None] = lambda trial: None,
) -> None:
    """Has all trials of an oracle run; the oracle stays in this process.

    An exception means what it means in a tuner: a
    `keras_tuner.errors.FailedTrialError` a failed trial, a `FatalError` the
    end of the search, any other an invalid trial, of which the oracle thinks
    what it likes (`PolicyOracle` ends the search).

    Args:
        oracle: Any; its project folder is set if it is to keep its state.
        run_trial: Called in a worker as ``run_trial(trial, report)``. It
            returns what `Tuner.run_trial` may. ``report(step, metrics)`` hands
            metrics to `oracle.update_trial` while the trial runs, and returns
            whether it goes on.
        executor: Who calls it.
        on_end: Called with each trial that the oracle has heard the end of.

    Raises:
        FatalError: A trial raised one, or the oracle did.
    """

    def end(trial: Trial) -> None:
        oracle.end_trial(trial)
        on_end(trial)

    _Driver(oracle, end).run(run_trial, executor)


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

    Example:
        >>> import keras_tuner
        >>> from actfn import SearchSpace, search
        >>> policy = search.RandomPolicy(SearchSpace(core_units=1), seed=0)
        >>> oracle = search.PolicyOracle(policy, max_trials=20)
        >>> def build(hp): ...
        >>> tuner = keras_tuner.Tuner(oracle, build)  # doctest: +SKIP
        >>> search.run(tuner, x, y, workers=2)  # doctest: +SKIP
    """
    made = make(executor, workers, address, cpus, gpus)
    if "verbose" in kwargs:
        tuner.oracle.verbose = kwargs["verbose"]
    elif not isinstance(made, Here):
        kwargs["verbose"] = 0
    shipped = copy.copy(tuner)
    shipped.oracle = None

    def run_trial(trial: Trial, report: Report) -> Any:
        worker = copy.copy(shipped)
        worker.oracle = _OracleElsewhere(trial, objective, report)
        return worker.run_trial(trial, *args, **kwargs)

    objective = tuner.oracle.objective
    tuner.on_search_begin()
    _Driver(
        tuner.oracle,
        tuner.on_trial_end,
        tuner.on_trial_begin,
        tuner.pre_create_trial,
        getattr(tuner, "executions_per_trial", 1),
    ).run(run_trial, made)
    tuner.on_search_end()


class _Driver:
    """Asks the oracle for trials and tells it what became of them."""

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        end: Callable[[Trial], None],
        begin: Callable[[Trial], None] = lambda trial: None,
        before: Callable[[], None] = lambda: None,
        executions_per_trial: int = 1,
    ):
        # As a tuner has it: a `PolicyOracle` looks at who asks for trials.
        self.executions_per_trial = executions_per_trial
        self._oracle, self._end = oracle, end
        self._begin, self._before = begin, before
        self._running: dict[str, tuple[str, Trial]] = {}
        self._free: list[str] = []

    def run(self, run_trial: RunTrial, executor: Executor) -> None:
        self._free = [f"worker{n}" for n in reversed(range(executor.workers))]
        function = _worker(run_trial, self._oracle.objective)
        drive(executor, function, self._next, self._finish, self._update)

    def _next(self) -> tuple[str, Trial] | None:
        self._before()
        name = self._free[-1]
        trial = self._oracle.create_trial(name)
        if trial.status in (Status.STOPPED, Status.IDLE):
            return None
        self._free.pop()
        self._running[trial.trial_id] = name, trial
        self._begin(trial)
        return trial.trial_id, copy.deepcopy(trial)

    def _update(self, key: str, report: tuple[int, dict[str, float]]) -> bool:
        step, metrics = report
        trial = self._oracle.update_trial(key, metrics, step)
        return trial.status != Status.STOPPED

    def _finish(self, ended: Ended) -> None:
        name, trial = self._running.pop(ended.key)
        self._free.append(name)
        if ended.error is not None:
            raise keras_tuner.errors.FatalRuntimeError(ended.error)
        trial.hyperparameters, trial.status, trial.message = ended.value[:3]
        metrics, step = ended.value[3:]
        if metrics is not None:
            try:
                self._oracle.update_trial(ended.key, metrics, step=step)
            except keras_tuner.errors.FatalError:
                raise
            except Exception:
                trial.status = Status.INVALID
                trial.message = traceback.format_exc()
        self._end(trial)


def _worker(run_trial: RunTrial, objective) -> Callable[[Trial, Ask], tuple]:
    """Returns what a worker does with a trial.

    Returns its hyperparameters, status, message, metrics and best step. A
    `FatalError` goes its way.
    """

    def work(trial: Trial, ask: Ask) -> tuple:
        reported: set[str] = set()

        def report(step: int, metrics: dict[str, float]) -> bool:
            reported.update(metrics)
            return ask((step, metrics))

        metrics, step, message = None, 0, None
        status = Status.COMPLETED
        try:
            found = run_trial(trial, report)
            if objective.name not in reported:
                tuner_utils.validate_trial_results(
                    found, objective, "run_trial()"
                )
                metrics = tuner_utils.convert_to_metrics_dict(found, objective)
                step = tuner_utils.get_best_step(found, objective)
        except keras_tuner.errors.FatalError:
            raise
        except keras_tuner.errors.FailedTrialError:
            status, message = Status.FAILED, traceback.format_exc()
        except Exception:
            status, message = Status.INVALID, traceback.format_exc()
        return trial.hyperparameters, status, message, metrics, step

    return work


class _OracleElsewhere:
    """What a tuner in a worker has in the place of the driver's oracle."""

    multi_worker = False
    should_report = True

    def __init__(self, trial: Trial, objective, report: Report):
        self.objective = objective
        self._trial, self._report = trial, report

    def get_trial(self, trial_id: str) -> Trial:
        return self._trial

    def get_space(self) -> keras_tuner.HyperParameters:
        return self._trial.hyperparameters.copy()

    def update_space(self, hyperparameters) -> None:
        self._trial.hyperparameters.merge(hyperparameters, overwrite=False)

    def update_trial(
        self, trial_id: str, metrics: dict[str, float], step: int = 0
    ) -> Trial:
        goes_on = self._report(step, metrics)
        updated = copy.copy(self._trial)
        updated.status = Status.RUNNING if goes_on else Status.STOPPED
        return updated
