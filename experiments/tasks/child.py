"""A child of any task, as a session of the library calls it."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from actfn.search import memory, screening
from experiments.tasks.base import LARGER, QUICK, Task
from experiments.tasks.candidates import Candidate
from experiments.tasks.training import tenths


@dataclasses.dataclass(frozen=True)
class Scored:
    """What a child came to.

    Attributes:
        metrics: Those of the task; NaN where training diverged.
        reason: Why it was not trained to the end; empty if it was.
        rejected: Whether it was given up before training.
        seconds: Processor time of building, training and scoring.
        losses: The mean training loss in each tenth of the steps, see
            `training.tenths`; none if it was given up before.
    """

    metrics: dict[str, float]
    reason: str = ""
    rejected: bool = False
    seconds: float = 0.0
    losses: tuple[float, ...] = ()


def train(
    task: Task,
    setting: Any,
    data: Any,
    activation: str | Candidate,
    seed: int,
) -> Scored:
    """Builds, trains and scores one child.

    Args:
        task: Of the child.
        setting: One of the task's.
        data: What `task.data(setting)` returns.
        activation: A candidate, or what `task.candidate` takes.
        seed: Of the first weights and the order of the data.

    Raises:
        ValueError: The activation is not one.
    """
    start = time.process_time()
    nothing = dict.fromkeys(task.metrics, math.nan)
    candidate = (
        task.candidate(activation)
        if isinstance(activation, str)
        else activation
    )
    if reason := screening.hopeless(candidate.layer()):
        return Scored(nothing, reason, rejected=True)
    with memory.released():
        keras.utils.set_random_seed(seed % 2**32)
        model = task.build(setting, data, candidate)
        losses = task.train(setting, data, model, candidate, seed)
        metrics, reason = nothing, "the loss is not finite"
        if np.isfinite(losses).all():
            found = task.score(setting, data, model)
            found["area"] = float(np.mean(losses, dtype=np.float64))
            if all(map(math.isfinite, found.values())):
                reason = ""
                metrics = {
                    name: metric.clip(found[name])
                    for name, metric in task.metrics.items()
                }
    seconds = time.process_time() - start
    ten = tenths(losses, setting.steps)
    return Scored(metrics, reason, False, seconds, ten)


class TaskChild:
    """Trains children of a task: `actfn.search.session` calls it.

    The search is in the quick setting, the confirmation in the larger one,
    whose data the search never sees.

    Args:
        task: Of the children.
        change: Changes a setting, such as its number of steps.

    Raises:
        ValueError: A file of the task is missing or damaged.
    """

    def __init__(
        self, task: Task, change: Callable[[Any], Any] = lambda setting: setting
    ):
        self.task = task
        self.settings = {
            "validation": change(task.settings[QUICK]),
            "test": change(task.settings[LARGER]),
        }
        self._data = {
            split: task.data(setting)
            for split, setting in self.settings.items()
        }

    def __call__(self, hp, split: str, report=None) -> dict[str, float]:
        """Trains a child; NaN says that it diverged."""
        found = train(
            self.task,
            self.settings[split],
            self._data[split],
            hp.get("activation"),
            hp.get("seed"),
        )
        if found.reason:
            hp.values["note"] = found.reason
        return found.metrics | {"rejected": float(found.rejected)}
