"""What the report of a search shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from actfn.search.books.results import Result


@dataclasses.dataclass(frozen=True)
class Phase:
    """One part of a search: its trials, its control, its confirmation.

    Attributes:
        name: What the reader is shown.
        done: How much is done, of `total`.
        total: How much there is.
        seconds_left: An estimate; None if there is none yet.
    """

    name: str
    done: int
    total: int
    seconds_left: float | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.total


@dataclasses.dataclass(frozen=True)
class Row:
    """A function that was trained again with fresh seeds.

    Attributes:
        expression: Its text or its name in the catalog.
        role: ``baseline``, ``finalist`` or ``candidate``.
        search_reward: Its reward in the search; NaN if it has none.
        scores: One a paired seed, in the objective's own unit; HIGHER IS
            BETTER (a loss comes negated). NaN: that run diverged. Shorter
            than the others' if the function was dropped early.
        gain: Mean paired difference from the incumbent, the first baseline;
            NaN where there is none.
        low: Lower end of the interval of `gain`.
        high: Its upper end.
        p: Of the paired test, corrected for the number of functions.
        note: As ``dropped after 3 seeds``.
    """

    expression: str
    role: str
    search_reward: float
    scores: tuple[float, ...]
    gain: float
    low: float
    high: float
    p: float
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Content:
    """All that a report shows; lists may be empty.

    Attributes:
        title: Of the page.
        verdict: What was found; empty while the search runs.
        phases: In their order. The search runs while one is unfinished,
            there is no verdict, and it is not stopped.
        setting: Data, model and budget in a sentence or two.
        command: What repeats the search.
        provenance: Where the data come from.
        versions: Of the software.
        metric: Name of the objective.
        higher_is_better: Whether the metric itself is; a loss is shown with
            its own sign.
        trials: Those of the policy, in the order of ending.
        control: Those of random functions.
        confirmed: Baselines, finalists and candidates.
        movement: `Policy.statistics()`.
        policy: Its name.
        values: Other hyperparameters of each trial, as long as `trials` or
            empty.
        stopped: Whether the search has ended before its time.
        note: As the smallest difference that would have shown, or whether
            data were held back.
    """

    title: str
    verdict: str
    phases: Sequence[Phase]
    setting: str
    command: str
    provenance: str
    versions: str
    metric: str
    higher_is_better: bool
    trials: Sequence[Result]
    control: Sequence[Result]
    confirmed: Sequence[Row]
    movement: Mapping[str, float]
    policy: str
    values: Sequence[Mapping[str, Any]] = ()
    note: str = ""
    stopped: bool = False

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        left = any(not phase.finished for phase in self.phases)
        return left and not self.verdict and not self.stopped
