"""Uniformly random token strings: what every other policy must beat."""

from __future__ import annotations

import math

from actfn.expressions.expression import Expression
from actfn.search.checks import check_finite
from actfn.search.policies.base import BasePolicy


class RandomPolicy(BasePolicy):
    """Draws each token string with the same probability, always.

    Functions that several strings denote come more often, as they do from an
    untrained controller.

    Example:
        >>> from actfn import SearchSpace
        >>> policy = RandomPolicy(SearchSpace(core_units=1), seed=0)
        >>> proposals = policy.propose(8)
        >>> policy.update([(p.id, 0.5) for p in proposals])
    """

    def tell(self, expression: Expression, reward: float) -> None:
        """Checks the reward; nothing is learned."""
        check_finite("reward", reward)
        self._results += 1

    def statistics(self) -> dict[str, float]:
        """Returns the counts, and that nothing has moved."""
        return {
            **super().statistics(),
            "entropy": math.log(self.space.size),
            "kl_from_start": 0.0,
        }

    def _draw(self, n: int) -> list[tuple[Expression, None]]:
        numbers = range(self._next_id, self._next_id + n)
        return [(self.space.sample(self._rng(i)), None) for i in numbers]

    def _learn(self, memory: None, reward: float) -> None:
        """Learns nothing."""
