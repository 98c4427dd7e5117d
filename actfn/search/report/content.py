"""What a report shows: plain results, from the first trial on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from actfn.search.books.results import Result


@dataclasses.dataclass(frozen=True)
class Phase:
    """How far a part of the search is.

    Attributes:
        name: ``search``, ``control``, ``confirmation`` or ``done``.
        done: Children trained.
        total: Children to train.
        seconds_left: Estimated; None before the first child.
    """

    name: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclasses.dataclass(frozen=True)
class Row:
    """A function in the confirmation.

    Attributes:
        expression: A catalog name or expression text.
        role: ``baseline``, ``finalist`` or ``candidate``.
        search_reward: What the search saw of it; NaN if nothing.
        scores: One a paired seed, higher is better; NaN where it diverged.
        gain: Mean paired difference to the incumbent.
        low: Lower end of its 95 percent interval.
        high: Upper end.
        p: Corrected; NaN for the incumbent.
        note: What a reader must know of it.
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
    """All that a report shows.

    Attributes:
        title: Heading.
        verdict: The answer; empty while there is none.
        phases: How far the search is.
        setting: A sentence on what is done.
        command: How to repeat it.
        provenance: Which data are used.
        versions: Of packages and machine.
        metric: Name of the scores, higher is better.
        trials: Those of the policy.
        control: Those of the random control.
        confirmed: The confirmation, best mean first.
        movement: `Policy.statistics()`, and ``uniform_entropy``.
        policy: Its name.
        note: The smallest difference that would have shown; whether data were
            held back.
    """

    title: str
    verdict: str
    phases: Sequence[Phase]
    setting: str
    command: str
    provenance: str
    versions: str
    metric: str
    trials: Sequence[Result]
    control: Sequence[Result]
    confirmed: Sequence[Row]
    movement: Mapping[str, float]
    policy: str
    note: str = ""

    @property
    def running(self) -> bool:
        """Whether the search goes on."""
        return not self.verdict
