"""A policy as an oracle of Keras Tuner."""

from __future__ import annotations

import bisect
import copy
import inspect
import json
import math
import pathlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as trial_module

from actfn.search.books.ledger import Ledger
from actfn.search.books.results import Result, Task
from actfn.search.checks import check_count, check_seed
from actfn.search.files import read_json, write_atomically
from actfn.search.groups import set_groups
from actfn.search.halving import SuccessiveHalving
from actfn.search.others import Others, values_in
from actfn.search.policies.base import Policy, settings_of
from actfn.search.scoring import RUNG, Scoring

Status = trial_module.TrialStatus
IDLE_SECONDS = 0.05
"""Pause before an idle worker may ask again: the tuner itself never waits."""


class PolicyOracle(keras_tuner.Oracle):
    """Lets a policy choose the activation function of each trial.

    Works in a stock `keras_tuner.Tuner`. A trial has the hyperparameters
    ``activation``, the text of an expression, and ``seed``, an integer made
    from the search's seed and the trial's number; the hypermodel reads them
    with ``actfn.get(hp.get("activation"))`` and, for results that can be
    repeated, ``keras.utils.set_random_seed(hp.get("seed"))``. Over a
    `actfn.spaces.groups.GroupedSpace` it reads ``activation_NAME`` of each
    group, and ``activation`` is the text of all.

    **Other hyperparameters** of the hypermodel are chosen as `others` says:
    ``"draw"``, at random in their ranges, anew for each trial: a search over
    their product with the functions; ``"default"``, the defaults for all; or a
    dictionary with values for all, such as ``{"units": 64}``, where what it
    leaves out has its default. The values are those of the trial, in
    `results_summary` too. Drawn ones are one more noise in the reward of a
    function: to compare functions, give values. `actfn.search.find` looks for
    good ones first.

    **Racing.** With ``racing=True`` the k-th child of every function has the
    k-th seed, and at most a fifth of the trials are further children of
    functions that a paired test has not shown to be worse than the best; the
    policy is told the mean of a function's children, which is what
    `get_best_trials` goes by. See `Standings`. Drawn hyperparameters are drawn
    once a function.

    **One seed a trial.** A tuner with an `executions_per_trial` above 1 is
    refused, as its executions would all be the same; `actfn.search.find`
    repeats the best functions with seeds of their own.

    **Rewards.** The reward is the objective's value, negated if that is to be
    minimised. A child any of whose metrics is not finite has diverged: its
    score is NaN, it is ranked nowhere, and the policy is told `floor`. If none
    is given, that is a reward as far below the worst one so far as the best is
    above it, told once there is a finite one. Of a finite reward below a given
    floor the policy is told the floor, with a warning. A child whose metrics
    hold a ``rejected`` of 1 was not worth training to the end; it gets the
    floor too, unless its objective is finite. Neither counts as a failure. A
    hyperparameter ``note`` that the tuner sets says why; it becomes the
    result's message.

    **Successive halving.** A tuner may report how a child does while it trains
    by ``oracle.update_trial(trial_id, {"rung": value}, step)``, the value as of
    the objective. The trial that is returned has the status ``"STOPPED"`` if
    `halving` says that the child should train no further.

    **Errors.** The tuner turns each exception of `build`, `fit` or `run_trial`
    into an invalid trial. `keras_tuner.errors.FailedTrialError` says that the
    child is at fault: it gets the floor and the search goes on. Any other is
    taken for a bug of the program, which ends the search with a
    `keras_tuner.errors.FatalRuntimeError` that shows it; the trial stays open
    and is the first to run when the search goes on.

    **Equivalent functions** are trained once (see `Ledger`); only functions
    that are trained count towards `max_trials`.

    **State.** In the tuner's project folder: ``journal.jsonl``, to which each
    event is appended; ``policy.json``, a snapshot of the policy at one of them;
    and ``oracle.json``, the hyperparameters. A search killed at any moment
    goes on with the trials that were running. There is no file per trial and
    nothing is written anew as the search grows.

    Args:
        policy: The search method.
        objective: As for every oracle; ``"val_accuracy"`` by default.
        max_trials: How many functions are trained at most; None for no limit.
        floor: The reward (so the negated score, if that is minimised) of
            children that diverge; by default one below all others.
        seed: The search's seed; the policy's by default.
        cache: Whether equivalent functions are trained once.
        racing: Whether promising functions are trained with further seeds.
        halving: Decides at the rungs; without it all children go on.
        max_repeats: The search ends after so many proposals in a row that
            need no training.
        max_retries_per_trial: How often a trial that raised an exception is
            run again before it counts.
        max_consecutive_failed_trials: How many trials in a row may raise
            exceptions before the search ends with the last; 1 by default.
        hyperparameters: As for every oracle.
        others: How hyperparameters beside the activation are chosen:
            ``"draw"``, ``"default"`` or a dictionary of values.
        on_result: Called with each new `Result`.
        verbose: Whether each trial is printed; the `verbose` of the tuner's
            `search` goes before it.

    Attributes:
        stop_reason: None while the search may go on, then ``"max_trials"`` or
            ``"exhausted"``.
        idle_seconds: How long a worker waits for an answer that it has to ask
            again.

    Raises:
        ValueError: An argument is out of range, or `racing` goes with
            `halving`, without `cache`, or with a policy that has no `revise`.

    Example:
        >>> from actfn import SearchSpace, search
        >>> policy = search.RandomPolicy(SearchSpace(core_units=1), seed=0)
        >>> oracle = search.PolicyOracle(policy, max_trials=20)
    """

    def __init__(
        self,
        policy: Policy,
        objective: str | keras_tuner.Objective | list = "val_accuracy",
        max_trials: int | None = None,
        *,
        floor: float | None = None,
        seed: int | None = None,
        cache: bool = True,
        racing: bool = False,
        halving: SuccessiveHalving | None = None,
        max_repeats: int = 500,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 1,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        others: str | Mapping[str, Any] = "draw",
        on_result: Callable[[Result], None] | None = None,
        verbose: int = 1,
    ):
        if not isinstance(policy, Policy):
            raise ValueError(f"`policy` must be a Policy. Received: {policy!r}")
        max_repeats = check_count("max_repeats", max_repeats)
        check_count(
            "max_consecutive_failed_trials", max_consecutive_failed_trials
        )
        if max_trials is not None:
            max_trials = check_count("max_trials", max_trials)
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self.scoring = Scoring(self.objective, floor, halving)
        self.others = Others(others)
        # The base class replaces a seed of 0 by a random one.
        self.seed = policy.seed if seed is None else check_seed(seed)
        self.verbose = verbose
        self.stop_reason: str | None = None
        self.idle_seconds = IDLE_SECONDS
        self.hyperparameters.Fixed("activation", "max(x, 0)")
        self.hyperparameters.Fixed("seed", 0)
        set_groups(self.hyperparameters, policy.space.groups)
        if racing and halving is not None:
            raise ValueError(
                "`halving` must be None with `racing`, as the mean of children "
                f"says nothing if some were stopped. Received: {halving!r}"
            )
        self._ledger = Ledger(
            policy, self.seed, cache, max_repeats, on_result, racing=racing
        )
        self._mutex = threading.RLock()
        self._is_open = False
        self._started: dict[str, float] = {}
        self._failures = 0
        self._ranking: list[tuple[float, str]] = []
        self._saved_space: str | None = None

    @property
    def results(self) -> list[Result]:
        """The results so far, in the order of ending."""
        return self._ledger.results

    @property
    def policy(self) -> Policy:
        """The search method."""
        return self._ledger.policy

    # The base class's `synchronized` keeps its lock for ever when a method
    # raises, so these three guard themselves.

    def create_trial(self, tuner_id: str) -> trial_module.Trial:
        """Returns the next trial for a worker; see `keras_tuner.Oracle`.

        Raises:
            FatalValueError: The tuner that asks has an `executions_per_trial`
                above 1.
        """
        # An oracle is not told which tuner it serves; the caller is one.
        _check_executions(inspect.currentframe().f_back.f_locals.get("self"))
        with self._mutex:
            trial = self._next_trial(tuner_id)
        if trial.status == Status.IDLE:
            time.sleep(self.idle_seconds)
        return trial

    def update_trial(
        self, trial_id: str, metrics: dict[str, float], step: int = 0
    ) -> trial_module.Trial:
        """Takes a trial's metrics; see `keras_tuner.Oracle`.

        Raises:
            FatalValueError: The objective is not among the metrics.
        """
        with self._mutex:
            trial = self.trials[trial_id]
            try:
                if RUNG not in metrics:
                    self._check_objective_found(metrics)
            except ValueError as error:
                raise keras_tuner.errors.FatalValueError(*error.args) from error
            for name, value in metrics.items():
                if not trial.metrics.exists(name):
                    direction = self.scoring.direction(name)
                    trial.metrics.register(name, direction)
                trial.metrics.metrics[name].update(float(value), step)
            if RUNG in metrics and not self.scoring.goes_on(
                trial_id, step, metrics[RUNG]
            ):
                trial = copy.copy(trial)
                trial.status = Status.STOPPED
            return trial

    def end_trial(self, trial: trial_module.Trial) -> None:
        """Takes the end of a trial; see `keras_tuner.Oracle`.

        Raises:
            FatalRuntimeError: The trial raised an exception that is not the
                child's fault.
        """
        with self._mutex:
            mine = self.trials[trial.trial_id]
            mine.hyperparameters = trial.hyperparameters
            mine.status, mine.message = trial.status, trial.message
            self.update_space(trial.hyperparameters)
            # Before the journal knows the trial: a tuner may never save.
            self._save_space()
            if mine.status == Status.INVALID and self._to_be_repeated(mine):
                return
            self._finish(mine)
            self._leave(mine)
            self._display.on_trial_end(mine)

    def get_best_trials(self, num_trials: int = 1) -> list[trial_module.Trial]:
        """Returns the best trials that have a score, the best first.

        In a race, the best one of each function, the best function first.
        """
        names = [name for _, name in self._ranking]
        if self._ledger.racing:
            best: dict[str, str] = {}
            forms = {r.trial: r.canonical for r in self._ledger.results}
            for name in names:
                best.setdefault(forms[name], name)
            ranked = self._ledger.standings.ranked()
            names = [best[form] for form in ranked if form in best]
        return [self.trials[name] for name in names[:num_trials]]

    def get_state(self) -> dict[str, Any]:
        """Returns the hyperparameters, the books and the policy's state."""
        with self._mutex:
            return {
                "hyperparameters": self.hyperparameters.get_config(),
                "ledger": self._ledger.get_state(),
            }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` of a like oracle returned."""
        with self._mutex:
            self._merge_space(state["hyperparameters"])
            self._open()
            self._ledger.set_state(state["ledger"])
            self._restore_trials()

    def save(self) -> None:
        """Writes the hyperparameters; the journal has the rest already."""
        with self._mutex:
            self._open()
            self._save_space()

    def reload(self) -> None:
        """Goes on with the search in the project folder.

        Raises:
            ValueError: The folder holds another search.
        """
        with self._mutex:
            self._open()

    def _next_trial(self, tuner_id: str) -> trial_module.Trial:
        # Workers that train one model together have one id and one trial.
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        self._open()
        self.tuner_ids.add(tuner_id)
        if self._retry_queue:
            trial = self.trials[self._retry_queue.pop(0)]
        elif self.max_trials and len(self.trials) >= self.max_trials:
            return self._stop(tuner_id, "max_trials")
        elif task := self._ledger.ask():
            trial = self._add_trial(task)
        elif self._ledger.running:
            return trial_module.Trial(self.get_space(), "", Status.IDLE)
        else:
            return self._stop(tuner_id, "exhausted")
        trial.status = Status.RUNNING
        self.ongoing_trials[tuner_id] = trial
        self._started[trial.trial_id] = time.monotonic()
        self._display.on_trial_begin(trial)
        return trial

    def _stop(self, tuner_id: str, reason: str) -> trial_module.Trial:
        self.stop_reason = reason
        self.tuner_ids.discard(tuner_id)
        return trial_module.Trial(self.get_space(), "", Status.STOPPED)

    def _add_trial(self, task: Task) -> trial_module.Trial:
        hyperparameters = self.get_space()
        hyperparameters.values["activation"] = task.expression
        set_groups(hyperparameters, self.policy.space.groups)
        hyperparameters.values["seed"] = task.seed
        draw = task.seed if task.draw is None else task.draw
        self.others.choose(hyperparameters, draw)
        trial = trial_module.Trial(hyperparameters, task.trial)
        self.trials[task.trial] = trial
        self.start_order.append(task.trial)
        return trial

    def _leave(self, trial: trial_module.Trial) -> None:
        for tuner_id, ongoing in self.ongoing_trials.items():
            if ongoing.trial_id == trial.trial_id:
                del self.ongoing_trials[tuner_id]
                return

    def _to_be_repeated(self, trial: trial_module.Trial) -> bool:
        """Whether a trial that raised goes back to the queue."""
        self._run_times[trial.trial_id] += 1
        retry = self._run_times[trial.trial_id] <= self.max_retries_per_trial
        self._failures += not retry
        fatal = self._failures >= self.max_consecutive_failed_trials
        if retry or fatal:
            trial.metrics = type(trial.metrics)()
            self._leave(trial)
            self._retry_queue.append(trial.trial_id)
        if fatal:
            self._failures = 0
            raise keras_tuner.errors.FatalRuntimeError(
                f"Trial {trial.trial_id}, activation "
                f"{trial.hyperparameters.get('activation')!r}, raised an "
                "exception. If the child is at fault, raise "
                "`keras_tuner.errors.FailedTrialError` instead, and the search "
                f"goes on. Received:\n{trial.message}"
            )
        return retry

    def _finish(self, trial: trial_module.Trial) -> None:
        if trial.status == Status.COMPLETED:
            self._failures = 0
            reward, status = self.scoring.judge(trial, self.score_trial)
        else:
            reward, status = self.scoring.worst, "failed"
            trial.status = Status.FAILED
        now = time.monotonic()
        # A worker may end what it was given before this process was started.
        seconds = now - self._started.pop(trial.trial_id, now)
        note = trial.hyperparameters.values.pop("note", None)
        details = {
            "score": trial.score,
            "best_step": trial.best_step,
            "metrics": trial.metrics.get_config(),
            "values": trial.hyperparameters.values,
            "message": trial.message or note,
            "others": values_in(trial.hyperparameters),
        }
        self._ledger.finish(trial.trial_id, reward, status, seconds, details)
        self._enter(trial)

    def _enter(self, trial: trial_module.Trial) -> None:
        """Enters an ended trial in the order of ending and the ranking."""
        self.end_order.append(trial.trial_id)
        scored = trial.score is not None and math.isfinite(trial.score)
        if trial.status == Status.COMPLETED and scored:
            place = (-self.scoring.sign * trial.score, trial.trial_id)
            bisect.insort(self._ranking, place)

    def _open(self) -> None:
        """Opens the project folder, if the tuner has named one."""
        if self._is_open:
            return
        if getattr(self, "_directory", None) is not None:
            folder = pathlib.Path(self._project_dir)
            self._ledger.open(folder, self._identity())
            if (folder / "oracle.json").exists():
                saved = read_json(
                    folder / "oracle.json",
                    "delete it: the hypermodel says the same again",
                )
                self._merge_space(saved["hyperparameters"])
            self._restore_trials()
        self._is_open = True

    def _identity(self) -> dict[str, Any]:
        """What makes a search on the same folder the same search."""
        halving = self.scoring.halving
        return {
            "policy": type(self.policy).__name__,
            "space": repr(self.policy.space),
            "settings": settings_of(self.policy),
            "objective": str(self.objective),
            "floor": self.scoring.floor,
            "seed": self.seed,
            "cache": self._ledger.cache,
            "halving": halving and halving.reduction,
            "others": self.others.how,
        } | ({"racing": True} if self._ledger.racing else {})

    def _restore_trials(self) -> None:
        """Makes the trials again from the journal; open ones run first."""
        self.trials, self.start_order, self.end_order = {}, [], []
        self._ranking, self.ongoing_trials = [], {}
        tasks = {}
        for event in self._ledger.journal:
            if event["event"] in ("propose", "repeat"):
                tasks[event["trial"]] = Task.from_event(event)
            elif event["event"] == "finish":
                trial = self._add_trial(tasks.pop(event["trial"]))
                _recall(trial, event)
                self._enter(trial)
        self.scoring.recall(map(self.trials.get, self.end_order))
        for task in self._ledger.running.values():
            self._add_trial(task)
        self._retry_queue = list(self._ledger.running)

    def _merge_space(self, config: dict[str, Any]) -> None:
        found = keras_tuner.HyperParameters.from_config(config)
        self.hyperparameters.merge(found, overwrite=False)

    def _save_space(self) -> None:
        if getattr(self, "_directory", None) is None:
            return
        config = {"hyperparameters": self.hyperparameters.get_config()}
        text = json.dumps(config)
        if text != self._saved_space:
            write_atomically(self._get_oracle_fname(), text)
            self._saved_space = text


def _check_executions(tuner: object) -> None:
    """Checks that a tuner trains each trial once, as each has one seed.

    Raises:
        FatalValueError: It trains them more often.
    """
    executions = getattr(tuner, "executions_per_trial", 1)
    if executions > 1:
        raise keras_tuner.errors.FatalValueError(
            "`executions_per_trial` must be 1: a trial has one seed, so that "
            "all its executions would be the same. `repeats` of "
            "`actfn.search.find` trains the best functions with seeds of "
            f"their own. Received: {executions}"
        )


def _recall(trial: trial_module.Trial, event: dict[str, Any]) -> None:
    details = event["details"]
    trial.metrics = type(trial.metrics).from_config(details["metrics"])
    trial.hyperparameters.values = details["values"]
    trial.score, trial.best_step = details["score"], details["best_step"]
    trial.message = details["message"]
    failed = event["status"] == "failed"
    trial.status = Status.FAILED if failed else Status.COMPLETED
