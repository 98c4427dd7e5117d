"""What a search is to do, and what it has come to."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner

from actfn.search import confirmation, tuning
from actfn.search.books.results import Result
from actfn.search.halving import SuccessiveHalving
from actfn.search.policies.base import Policy

Child = Callable[..., Mapping[str, float]]
"""Trains one child: ``child(hp, split, report=None)`` returns its metrics."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is searched and compared; fixed before the first child is trained.

    Attributes:
        objective: The metric that children are judged by.
        baselines: Known functions to beat; the first is the incumbent, which
            is kept if none is shown to be better.
        candidates: Further functions to compare without a search.
        families: Grids of known functions by name; the member of each that is
            best on the validation data is a further candidate.
        tuning_runs: Seeds of each member there, shared by all.
        policy: Who proposes functions; None for no search.
        trials: How many of them are trained.
        control: A policy to compare the first with; None for no control.
        control_trials: How many functions it has trained.
        finalists: How many of the best found functions are confirmed.
        repeats: Paired seeds of each function in the confirmation.
        seed: Of the children and of the confirmation.
        race: Whether the confirmation drops functions that cannot win.
        floor: See `PolicyOracle`.
        halving: See `PolicyOracle`.
        racing: Whether promising functions get further seeds in the search
            already; see `PolicyOracle`.
        others: How hyperparameters of the model beside the activation are
            chosen: ``"shared"``, tuned with the incumbent before the search and
            then the same for all functions; else as for `PolicyOracle`, and
            the confirmation has those of the best trial.
        others_trials: How many trials that tuning has; None for a number that
            grows with that of the hyperparameters.
        confirmation_cost: How many times as long a child takes to train in the
            confirmation as before; for the time left alone.
    """

    objective: keras_tuner.Objective
    baselines: tuple[str, ...]
    candidates: tuple[str, ...] = ()
    families: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    tuning_runs: int = 1
    policy: Policy | None = None
    trials: int = 0
    control: Policy | None = None
    control_trials: int = 0
    finalists: int = 0
    repeats: int = 10
    seed: int = 0
    race: bool = True
    floor: float | None = None
    halving: SuccessiveHalving | None = None
    racing: bool = False
    others: str | Mapping[str, Any] = "shared"
    others_trials: int | None = None
    confirmation_cost: float = 1.0

    @property
    def sign(self) -> float:
        """1 if the objective is to be maximised, -1 if it is minimised."""
        return 1.0 if self.objective.direction == "max" else -1.0

    @property
    def children(self) -> dict[str, int]:
        """How many children are trained at most, by phase."""
        compared = len(self.baselines) + len(self.candidates)
        compared += len(self.families) + self.finalists
        return {
            "search": self.trials,
            "control": self.control_trials,
            "tuning": len(tuning.pairs(self.families, self.tuning_runs)),
            "confirmation": compared * self.repeats,
        }


@dataclasses.dataclass(frozen=True)
class Texts:
    """What the report says of a search beside its results.

    Attributes:
        title: Heading of the page.
        policy: Name of the search method.
        setting: A sentence on what was done.
        command: How to repeat it.
        provenance: Which data were used.
        metric: The score's name and unit, higher being better.
        note: What a reader must know of the data.
    """

    title: str
    policy: str
    setting: str
    command: str
    provenance: str
    metric: str
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a session came to.

    Attributes:
        trials: Those of the policy.
        control: Those of the control.
        verdict: Of the confirmation.
        rows: Of confirmed.csv, the best gain first.
        values: The hyperparameters beside the activation that all functions
            were compared under.
        report: The page.
    """

    trials: list[Result]
    control: list[Result]
    verdict: confirmation.Verdict
    rows: list[dict[str, object]]
    values: dict[str, Any]
    report: pathlib.Path
