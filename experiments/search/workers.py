"""Trains the trials of an oracle, here or as a worker of a chief."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Sequence

import keras_tuner

from actfn import search
from experiments.tasks.image.child import ChildResult, ChildTrainer
from experiments.tasks.image.recipe import Recipe

METRIC = "accuracy"
DIRECTIONS = {METRIC: "max", "loss": "min"}
"""What a child can be judged by; the loss is the mean cross-entropy."""


class ChildTuner(keras_tuner.Tuner):
    """A tuner whose trials are children; it keeps no checkpoints.

    The trial's hyperparameters are ``activation``, ``seed``, ``recipe`` (the
    chief's, see `key`) and, if it is not to be evaluated on the validation
    images, ``split``.
    """

    def __init__(self, oracle: keras_tuner.Oracle, trainer: ChildTrainer, **kw):
        super().__init__(oracle=oracle, **kw)
        self._trainer = trainer

    def run_trial(self, trial, *args, **kwargs) -> dict[str, float]:
        """Trains a child; NaN says that it diverged."""
        values = trial.hyperparameters.values
        if values["recipe"] != key(self._trainer.recipe):
            raise search.ChiefError(
                "A worker must be of the same version and started with the "
                "same flags for the child as its chief, and is not."
            )

        def report(step: int, child: ChildResult) -> bool:
            rung = {"rung": getattr(child, self.oracle.objective.name)}
            found = self.oracle.update_trial(trial.trial_id, rung, step)
            return found.status != "STOPPED"

        split = values.get("split", "validation")
        child = self._trainer.train(
            values["activation"],
            values["seed"],
            split,
            # Who is trained for the test images is trained to the end.
            report if split == "validation" else None,
        )
        if child.reason:
            values["note"] = child.reason
        return {
            METRIC: child.accuracy,
            "loss": child.loss,
            "rejected": float(child.rejected),
        }

    def save(self) -> None:
        """Keeps nothing: the oracle has the state, and writes it safely."""


def key(recipe: Recipe) -> str:
    """Returns a short text that tells a recipe from others."""
    text = json.dumps(dataclasses.asdict(recipe), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def run_here(
    oracle: keras_tuner.Oracle, trainer: ChildTrainer, folder: pathlib.Path
) -> None:
    """Trains all trials in this process.

    Args:
        oracle: Whose trials; one that has a state keeps it in the folder.
        trainer: How.
        folder: The Keras Tuner project.
    """
    tuner = ChildTuner(
        oracle, trainer, directory=folder.parent, project_name=folder.name
    )
    tuner.search(verbose=0)


def join(trainer: ChildTrainer) -> None:
    """Trains trials of the chief that the environment names.

    Args:
        trainer: How; of the same recipe as the chief's.

    Raises:
        ChiefError: The search was ended by an error, or the chief's recipe
            is another one.
    """
    stand_in = Runs([])  # the chief's oracle is asked instead
    with tempfile.TemporaryDirectory() as folder:
        tuner = ChildTuner(stand_in, trainer, directory=folder)
        search.run(tuner, on_lost=_end_process)


def _end_process(reason: Exception) -> None:
    # The main thread is in a compiled loop, maybe for an hour.
    print(reason, file=sys.stderr, flush=True)
    os._exit(1)


class Runs(keras_tuner.Oracle):
    """An oracle that has each run of a list trained once, in their order.

    Args:
        runs: The hyperparameter values of each run.
        on_run: Called as ``on_run(index, accuracy)`` when a run has ended,
            the accuracy being 0 for a child that diverged.
    """

    def __init__(
        self,
        runs: Sequence[dict],
        on_run: Callable[[int, float], None] | None = None,
    ):
        super().__init__(
            keras_tuner.Objective(METRIC, "max"),
            max_consecutive_failed_trials=1,
        )
        self.verbose = 0
        self._runs = runs
        self._on_run = on_run

    def populate_space(self, trial_id: str) -> dict:
        """Returns the values of the next run."""
        index = int(trial_id)
        if index >= len(self._runs):
            return {"status": "STOPPED"}
        return {"status": "RUNNING", "values": self._runs[index]}

    def score_trial(self, trial) -> None:
        """Scores a diverged child 0: a NaN would count as a crash."""
        super().score_trial(trial)
        if math.isnan(trial.score):
            trial.score = 0.0
        if self._on_run is not None:
            self._on_run(int(trial.trial_id), trial.score)
