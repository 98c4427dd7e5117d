"""A child of any task, as a session of the library calls it."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from actfn.search import memory, screening
from actfn.search.scoring import RUNG, completed
from experiments.tasks import untrained
from experiments.tasks.base import LARGER, QUICK, Task
from experiments.tasks.candidates import Candidate
from experiments.tasks.training import Descent, tenths

RUNG_AT = 0.3
"""After this share of the steps a child may say how it does."""
REDUCTION = 4
"""One of so many children goes on from there, see docs/search.md."""

Report = Callable[[int, float], bool]
"""Takes a step and the mean loss of the tenth of the steps that ends there;
says whether the child goes on."""


@dataclasses.dataclass(frozen=True)
class Scored:
    """What a child came to.

    Attributes:
        metrics: Those of the task, as far as the child was trained; NaN where
            training diverged or never began.
        reason: Why it was not trained to the end; empty if it was.
        rejected: Whether it was given up though nothing diverged.
        seconds: Processor time of building, training and scoring, and of the
            signs if they were asked for.
        losses: The mean training loss in each tenth of the steps, see
            `training.tenths`; none if it was given up before training.
        signs: Of the untrained child, see `untrained.signs`, if asked for.
    """

    metrics: dict[str, float]
    reason: str = ""
    rejected: bool = False
    seconds: float = 0.0
    losses: tuple[float, ...] = ()
    signs: Mapping[str, float] = dataclasses.field(default_factory=dict)


def train(
    task: Task,
    setting: Any,
    data: Any,
    activation: str | Candidate,
    seed: int,
    report: Report | None = None,
    screen: bool = True,
    signs: bool = False,
) -> Scored:
    """Builds, trains and scores one child.

    Args:
        task: Of the child.
        setting: One of the task's.
        data: What `task.data(setting)` returns.
        activation: A candidate, or what `task.candidate` takes.
        seed: Of the first weights and the order of the data.
        report: Called once, at `RUNG_AT`.
        screen: Whether a hopeless child is given up before training.
        signs: Whether to tell those of the untrained child.

    Raises:
        ValueError: The activation is not one.
    """
    start = time.process_time()
    candidate = (
        task.candidate(activation)
        if isinstance(activation, str)
        else activation
    )
    if screen and (reason := screening.hopeless(candidate.layer())):
        return Scored(_nothing(task), reason, rejected=True)
    with memory.released():
        found = _train(task, setting, data, candidate, seed, report, signs)
    seconds = time.process_time() - start
    return dataclasses.replace(found, seconds=seconds)


def _train(task, setting, data, candidate, seed, report, signs) -> Scored:
    # What is built here is gone, or can be collected, when this returns.
    keras.utils.set_random_seed(seed % 2**32)
    model = task.build(setting, data, candidate)
    descent = task.descent(setting, data, model, candidate, seed)
    known = untrained.signs(model, descent) if signs else {}
    stopped = report is not None and _stops(descent, setting.steps, report)
    metrics, reason = _nothing(task), "the loss is not finite"
    if descent.finite if stopped else descent.run_to(setting.steps):
        found = task.score(setting, data, model)
        found["area"] = float(np.mean(descent.losses, dtype=np.float64))
        if completed(found.values()):
            reason = ""
            metrics = {
                name: metric.clip(found[name])
                for name, metric in task.metrics.items()
            }
    if stopped:
        reason = f"among the worse after {len(descent.losses)} steps"
    ten = tenths(descent.losses, setting.steps)
    return Scored(metrics, reason, stopped, losses=ten, signs=known)


def _nothing(task: Task) -> dict[str, float]:
    return dict.fromkeys(task.metrics, math.nan)


def _stops(descent: Descent, steps: int, report: Report) -> bool:
    """Trains a child up to its rung; returns whether it is given up there."""
    rung = math.ceil(RUNG_AT * steps)
    if rung >= steps or not descent.run_to(rung):
        return False
    last = descent.losses[-max(1, steps // 10) :]
    return not report(rung, float(np.mean(last, dtype=np.float64)))


class TaskChild:
    """Trains children of a task: `actfn.search.session` calls it.

    The search is in the quick setting, the confirmation in the larger one,
    whose data the search never sees.

    Args:
        task: Of the children.
        change: Changes a setting, such as its number of steps.
        halved_by: The metric that is the reward, if children report how they
            do while they train.
        searched: The name of the setting of the search.
        screen: Whether hopeless children are given up before training.

    Raises:
        ValueError: A file of the task is missing or damaged.
    """

    def __init__(
        self,
        task: Task,
        change: Callable[[Any], Any] = lambda setting: setting,
        halved_by: str | None = None,
        searched: str = QUICK,
        screen: bool = True,
    ):
        self.task = task
        self._screen = screen
        self._sign = task.metrics[halved_by].sign if halved_by else 0.0
        self.settings = {
            "validation": change(task.settings[searched]),
            "test": change(task.settings[LARGER]),
        }
        self._data = {
            split: task.data(setting)
            for split, setting in self.settings.items()
        }

    def __call__(self, hp, split: str, report=None) -> dict[str, float]:
        """Trains a child; NaN says that it diverged.

        At its rung it reports its training loss, so turned that the direction
        is that of the reward.
        """

        def at_rung(step: int, loss: float) -> bool:
            return report(step, {RUNG: -self._sign * loss})

        found = train(
            self.task,
            self.settings[split],
            self._data[split],
            hp.get("activation"),
            hp.get("seed"),
            at_rung if self._sign and report is not None else None,
            self._screen,
        )
        if found.reason:
            hp.values["note"] = found.reason
        return found.metrics | {"rejected": float(found.rejected)}
