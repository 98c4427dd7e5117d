"""Every function of a small space, one after the other."""

from __future__ import annotations

import itertools
from typing import Any

from actfn.expressions.expression import Expression
from actfn.search.checks import check_finite
from actfn.search.policies.base import BasePolicy
from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import canonical_text, parse_functions

MAX_SIZE = 1_000_000
"""Token strings of the largest space that may be walked."""


class ExhaustivePolicy(BasePolicy):
    """Walks the space in the order of its token strings.

    This is what the paper does with small spaces (arXiv:1710.05941, section
    2). Of functions with the same canonical form only the first is proposed;
    when all have been, `propose` returns fewer than asked for.

    Args:
        space: Where the proposals come from.
        seed: Has no effect; there for the common interface.

    Raises:
        ValueError: The space has more than a million strings.

    Example:
        >>> from actfn import SearchSpace
        >>> space = SearchSpace(unary=["identity", "sin"], binary=["add"])
        >>> policy = ExhaustivePolicy(space)
        >>> [str(p.expression) for p in policy.propose(10)]
        ['x + x', 'x + sin(x)', 'sin(x) + sin(x)']
    """

    def __init__(self, space: SearchSpace, seed: int = 0):
        super().__init__(space, seed)
        if space.size > MAX_SIZE:
            raise ValueError(
                f"`space` must have at most {MAX_SIZE} token strings to be "
                f"walked completely. Received: {space.size}"
            )
        self._start()

    def _start(self) -> None:
        self._walk = self.space.enumerate()
        self._position = 0
        self._seen: dict[str, None] = {}  # texts of canonical forms
        self._rewards: dict[str, float] = {}

    def ranking(self) -> list[tuple[Expression, float]]:
        """Returns the functions with their rewards, the best first."""
        rows = sorted(self._rewards.items(), key=lambda row: -row[1])
        return [(parse_functions(text), reward) for text, reward in rows]

    def tell(self, expression: Expression, reward: float) -> None:
        """Enters a foreign result; the function is not proposed any more."""
        self._rewards[str(expression)] = check_finite("reward", reward)
        self._seen[canonical_text(expression)] = None
        self._results += 1

    def statistics(self) -> dict[str, float]:
        """Returns the counts and the share of the space that is walked."""
        return {
            **super().statistics(),
            "walked": self._position / self.space.size,
        }

    def get_state(self) -> dict[str, Any]:
        """Returns all that has changed since construction, as JSON data."""
        return {
            **super().get_state(),
            "position": self._position,
            "seen": list(self._seen),
            "rewards": list(self._rewards.items()),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` of a like policy returned."""
        super().set_state(state)
        self._start()
        self._rewards = dict(state["rewards"])
        self._seen = dict.fromkeys(state["seen"])
        self._position = state["position"]
        self._walk = itertools.islice(self._walk, self._position, None)

    def _draw(self, n: int) -> list[tuple[Expression, str]]:
        drawn = []
        for expression in self._walk:
            self._position += 1
            form = canonical_text(expression)
            if form not in self._seen:
                self._seen[form] = None
                drawn.append((expression, str(expression)))
                if len(drawn) == n:
                    break
        return drawn

    def _revise(self, expression: Expression, reward: float, runs: int) -> None:
        self._rewards[str(expression)] = reward

    def _learn(self, memory: str, reward: float) -> None:
        self._rewards[memory] = reward
