"""What a search keeps of each function that was proposed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Task:
    """A function to train, or one that waits for its twin.

    Attributes:
        trial: The number of the proposal as text, unique in the search.
        proposal: The policy's id.
        expression: The function's text.
        canonical: The text of its canonical form.
        seed: Seed of the child: of its weights, its data order and so on.
        run: How many children the function had before.
        draw: Seed of what is drawn beside the activation, the same for all
            children of a function; None for `seed`.
    """

    trial: str
    proposal: int
    expression: str
    canonical: str
    seed: int
    run: int = 0
    draw: int | None = None

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Task:
        """Returns the task of a ``propose`` or ``repeat`` event."""
        names = {f.name for f in dataclasses.fields(cls)}
        return cls(**{name: event[name] for name in names & event.keys()})

    def to_event(self) -> dict[str, Any]:
        """Returns the fields for the journal, but for those left at theirs."""
        return {
            f.name: value
            for f in dataclasses.fields(self)
            if (value := getattr(self, f.name)) != f.default
        }


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a proposal.

    Attributes:
        trial: Unique number of the proposal, in the order of proposing.
        expression: The function's text.
        canonical: The text of its canonical form.
        reward: What the child came to, of which the policy was told; higher
            is better. NaN for children that diverged before any had a reward.
        status: ``completed``, ``diverged``, ``rejected`` (not worth training,
            or not to the end), ``cached`` (the reward of an equivalent
            function) or ``failed``.
        seconds: From the start of the child to its end.
        seed: Seed of the child.
        order: Running number from 0 in the order of ending.
        message: Why it failed, diverged or was rejected.
        values: Hyperparameters beside the activation that it was trained with.
        run: How many children the function had before; above 0 in races.
    """

    trial: str
    expression: str
    canonical: str
    reward: float
    status: str
    seconds: float
    seed: int
    order: int
    message: str = ""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    run: int = 0

    @property
    def rank(self) -> tuple[float, int]:
        """Sorts results, the best first, those without a reward last."""
        unknown = math.isnan(self.reward)
        return math.inf if unknown else -self.reward, self.order
