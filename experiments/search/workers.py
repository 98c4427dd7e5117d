"""Trains children by an executor: the trials of an oracle, or a list."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import keras_tuner

from actfn.search.executors import Ended, Executor, drive
from actfn.search.executors.trials import Report, Trial, run_trials
from experiments.tasks.image.child import ChildResult, ChildTrainer

METRIC = "accuracy"
DIRECTIONS = {METRIC: "max", "loss": "min"}
"""What a child can be judged by; the loss is the mean cross-entropy."""


def search(
    oracle: keras_tuner.Oracle, trainer: ChildTrainer, executor: Executor
) -> None:
    """Trains all trials of an oracle.

    Args:
        oracle: Whose trials, with hyperparameters ``activation`` and ``seed``.
        trainer: How; it travels to each worker once.
        executor: Who.
    """
    objective = oracle.objective.name

    def run_trial(trial: Trial, report: Report) -> dict[str, float]:
        def at_rung(step: int, child: ChildResult) -> bool:
            return report(step, {"rung": getattr(child, objective)})

        values = trial.hyperparameters.values
        child = trainer.train(
            values["activation"], values["seed"], report=at_rung
        )
        if child.reason:
            values["note"] = child.reason
        return {
            METRIC: child.accuracy,
            "loss": child.loss,
            "rejected": float(child.rejected),
        }

    run_trials(oracle, run_trial, executor)


def retrain(
    runs: Sequence[tuple[str, int]],
    trainer: ChildTrainer,
    executor: Executor,
    on_run: Callable[[int, float], None],
) -> None:
    """Trains children to the end and evaluates them on the test images.

    Args:
        runs: The activation and the seed of each.
        trainer: How.
        executor: Who.
        on_run: Called as ``on_run(index, accuracy)`` when a run has ended,
            the accuracy being 0 for a child that diverged.

    Raises:
        FatalRuntimeError: A run raised an exception.
    """
    jobs = iter([(str(index), run) for index, run in enumerate(runs)])

    def train(run: tuple[str, int], ask: Callable) -> float:
        return trainer.train(*run, "test").accuracy

    def on_end(ended: Ended) -> None:
        if ended.error is not None:
            raise keras_tuner.errors.FatalRuntimeError(ended.error)
        on_run(int(ended.key), 0.0 if math.isnan(ended.value) else ended.value)

    drive(executor, train, lambda: next(jobs, None), on_end)
