"""What every search of the program has, whatever its children are."""

from __future__ import annotations

import dataclasses
from typing import Any

import actfn
from actfn import search
from actfn.search.files import as_json
from actfn.search.plan import Plan
from actfn.search.policies import make_policy
from actfn.search.policies.prior import Prior


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """The part of the settings that does not depend on the children.

    Attributes:
        reward: What the policy is told of a child, a metric's name.
        policy: A key of `actfn.search.policies.POLICIES`.
        core_units: Of the search space.
        unary: Names of its unary functions; None for the paper's.
        binary: Names of its binary functions; None for the paper's.
        wiring: Of its units.
        trials: Functions to train.
        seed: Of the policy, the children and the repeats.
        control: Whether as many random functions are trained.
        finalists: How many functions are trained again.
        repeats: How often.
        racing: Whether promising functions get further seeds in the search.
        prior: Digest of the prior that the policy begins with, which knows
            all tasks of the open table but the one that is searched; None if
            it begins with nothing.
    """

    reward: str
    policy: str
    core_units: int
    unary: list[str] | None
    binary: list[str] | None
    wiring: str
    trials: int
    seed: int
    control: bool
    finalists: int
    repeats: int
    racing: bool = False
    prior: str | None = None

    def identity(self) -> dict[str, Any]:
        """Returns the fields that tell a search from others, as JSON data."""
        found = as_json(dataclasses.asdict(self))
        for name in ("racing", "prior"):
            if not found[name]:  # as in folders from before it was there
                del found[name]
        return found

    def space(self) -> actfn.SearchSpace:
        """Returns the space that is searched.

        Raises:
            ValueError: There is no such space.
        """
        return actfn.SearchSpace(
            self.core_units, self.unary, self.binary, self.wiring
        )

    @property
    def proposer(self) -> str:
        """The policy, as the report names it."""
        known = ", which began with what the open table knows of other tasks"
        return f"{self.policy} (seed {self.seed}){known if self.prior else ''}"

    def plan(self, space: actfn.SearchSpace, task: str, **more: Any) -> Plan:
        """Returns the plan of the search.

        Args:
            space: What is searched.
            task: The name of the task, which no prior knows.
            **more: Arguments of `Plan`.

        Raises:
            ValueError: The policy cannot begin with a prior, or there is none,
                or it does not fit the space.
        """
        prior = Prior.load(without=[task]) if self.prior else None
        control = search.RandomPolicy(space, seed=self.seed + 1)
        return Plan(
            policy=make_policy(self.policy, space, self.seed, prior),
            trials=self.trials,
            control=control if self.control else None,
            control_trials=self.trials if self.control else 0,
            finalists=self.finalists,
            repeats=self.repeats,
            seed=self.seed,
            race=False,
            racing=self.racing,
            **more,
        )
