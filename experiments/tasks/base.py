"""What a task is: data, a child, its training and its score, in two sizes."""

from __future__ import annotations

import abc
import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import keras

from experiments.tasks.candidates import Candidate, Family
from experiments.tasks.training import Descent

QUICK, LARGER = "quick", "larger"


@dataclasses.dataclass(frozen=True)
class Metric:
    """A score of a child.

    Attributes:
        direction: ``"max"`` or ``"min"``.
        floor: The score of a child that diverged, in the metric's own unit;
            no child has a worse one.
        unit: As a reader knows it.
    """

    direction: str
    floor: float
    unit: str

    @property
    def sign(self) -> float:
        """1 if a higher score is better, -1 if a lower one is."""
        return 1.0 if self.direction == "max" else -1.0

    def clip(self, value: float) -> float:
        """Returns a score that is no worse than the floor; NaN stays."""
        if math.isnan(value):
            return value
        worse = self.sign * value < self.sign * self.floor
        return self.floor if worse else float(value)


class Task(abc.ABC):
    """Something to train children on.

    A task has no state: a child is the same in each process.

    Attributes:
        title: For the report.
        provenance: Where the data come from, and their licence.
        settings: By name, a dataclass that has at least ``steps``;
            ``"quick"`` is searched in, ``"larger"`` has other data.
        metrics: By name; the first is the score of the task.
        baselines: Functions to beat; the first is the incumbent.
        specials: Published candidates by name, as published.
        families: Grids of them, of which each one's best is a rival too.
    """

    title: ClassVar[str]
    provenance: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]]
    metrics: ClassVar[Mapping[str, Metric]]
    baselines: ClassVar[tuple[str, ...]] = ("relu", "gelu", "swish_1")
    specials: ClassVar[Mapping[str, Candidate]] = {}
    families: ClassVar[tuple[Family, ...]] = ()

    @abc.abstractmethod
    def data(self, setting: Any) -> Any:
        """Reads the data of a setting.

        Raises:
            ValueError: A file is missing or damaged; the text names it.
        """

    @abc.abstractmethod
    def build(self, setting: Any, data: Any, child: Candidate) -> keras.Model:
        """Returns a new child with the candidate's activation at each site."""

    @abc.abstractmethod
    def descent(
        self, setting: Any, data: Any, model: keras.Model, child: Candidate,
        seed: int,
    ) -> Descent:  # fmt: skip
        """Returns the training of a child, before its first step.

        The seed decides the order of the data.
        """

    @abc.abstractmethod
    def score(
        self, setting: Any, data: Any, model: keras.Model
    ) -> dict[str, float]:
        """Returns the metrics on held-out data, but for ``area``."""

    def candidate(self, text: str) -> Candidate:
        """Returns a special function by its name, or any other by its text."""
        if text in self.specials:
            return self.specials[text]
        for family in self.families:
            if text in family.members:
                return family.members[text]
        return Candidate(text)

    @property
    def metric(self) -> str:
        """The name of the task's score."""
        return next(iter(self.metrics))


def cost(setting: Any) -> float:
    """Returns how much work a child's training is, in a task's own unit.

    The weights of all layers of width w are depth w^2, up to a factor, and
    both settings of a task have batches of one size.

    Args:
        setting: With ``steps``, and if they differ between the settings
            ``depth``, ``width`` and ``places``, at which each layer is used.
    """
    depth, width, places = (
        getattr(setting, name, 1) for name in ("depth", "width", "places")
    )
    return float(setting.steps * depth * width**2 * places)


def with_steps(steps: int | None, setting: Any) -> Any:
    """Returns a setting with other steps; None for those that it has."""
    return (
        setting if steps is None else dataclasses.replace(setting, steps=steps)
    )


def key(setting: Any) -> str:
    """Returns a short text that tells a setting from others."""
    text = json.dumps(dataclasses.asdict(setting), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
