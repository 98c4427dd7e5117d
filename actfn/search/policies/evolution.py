"""Regularised evolution."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

import numpy as np

from actfn.expressions.expression import Expression
from actfn.search.checks import check_count, check_finite
from actfn.search.policies.base import BasePolicy
from actfn.search.policies.novelty import Proposed
from actfn.spaces.grammar import SearchSpace

_TRIES = 20
"""Children at most until one is new."""


class EvolutionPolicy(BasePolicy):
    """Regularised evolution with tournament selection (arXiv:1802.01548).

    The first proposals are random. Later ones are children of the population,
    long before it is full; each result enters it and, once it is full, pushes
    the oldest member out, however good. A parent is the best of a few members
    drawn. Most children have two: each of their tokens is that of one or the
    other (uniform crossover, Syswerda 1989; the article has mutation alone).
    The rest, and those that would equal a parent, are one parent's mutations,
    which change one or more of its tokens so that the function changes. A
    child that was proposed before is drawn again: else the population soon
    consists of copies of one function.

    Args:
        space: Where the proposals come from.
        seed: Integer from 0.
        population: How many of the latest results are the population.
        tournament: Of how many members drawn the best is a parent.
        crossover: Which share of the children are to have two parents.
        warmup: How many results are waited for before the first child.

    Raises:
        ValueError: A count is not a positive integer or `crossover` is not
            from 0 to 1.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        *,
        population: int = 50,
        tournament: int = 15,
        crossover: float = 0.9,
        warmup: int = 10,
    ):
        super().__init__(space, seed)
        self.population = check_count("population", population)
        self.tournament = check_count("tournament", tournament)
        if not 0.0 <= crossover <= 1.0:
            raise ValueError(
                f"`crossover` must be from 0 to 1. Received: {crossover!r}"
            )
        self.crossover = crossover
        self.warmup = check_count("warmup", warmup)
        self._proposed = Proposed()
        self._members: collections.deque[tuple[list[int], float]] = (
            collections.deque(maxlen=population)
        )

    def tell(self, expression: Expression, reward: float) -> None:
        """Puts a foreign result into the population."""
        reward = check_finite("reward", reward)
        tokens = list(self.space.encode(expression))
        self._results += 1
        self._proposed.add(expression)
        self._learn(tokens, reward)

    def statistics(self) -> dict[str, float]:
        """Returns the counts and the population's mean reward."""
        rewards = [reward for _, reward in self._members]
        return {
            **super().statistics(),
            "updates": self._results,
            "population_mean": float(np.mean(rewards)) if rewards else 0.0,
        }

    def get_state(self) -> dict[str, Any]:
        """Returns all that has changed since construction, as JSON data."""
        return {
            **super().get_state(),
            "members": [list(member) for member in self._members],
            "proposed": self._proposed.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` of a like policy returned."""
        super().set_state(state)
        self._members.clear()
        self._members.extend(map(tuple, state["members"]))
        self._proposed.set_state(state["proposed"])

    def _draw(self, n: int) -> list[tuple[Expression, list[int]]]:
        drawn = []
        for number in range(self._next_id, self._next_id + n):
            rng = self._rng(number)
            children = (self._child(rng) for _ in range(_TRIES))
            drawn.append(self._proposed.first_new(children))
        return drawn

    def _child(self, rng: np.random.Generator) -> tuple[Expression, list[int]]:
        tokens = list(self._tokens(rng))
        return self.space.decode(tokens), tokens

    def _tokens(self, rng: np.random.Generator) -> Sequence[int]:
        if self._results < self.warmup:
            return self.space.sample_tokens(rng)
        parent = self._parent(rng)
        if rng.random() < self.crossover:
            parents = parent, self._parent(rng)
            child = cross(*parents, rng)
            if self.space.decode(child) not in map(self.space.decode, parents):
                return child
        return mutate(self.space, parent, rng)

    def _parent(self, rng: np.random.Generator) -> list[int]:
        places = rng.integers(len(self._members), size=self.tournament)
        members = [self._members[place] for place in places]
        return max(members, key=lambda member: member[1])[0]

    def _revise(self, expression: Expression, reward: float, runs: int) -> None:
        for place, (tokens, _) in enumerate(self._members):
            if str(self.space.decode(tokens)) == str(expression):
                self._members[place] = tokens, reward

    def _learn(self, memory: list[int], reward: float) -> None:
        self._members.append((memory, reward))


def cross(
    first: Sequence[int], second: Sequence[int], rng: np.random.Generator
) -> list[int]:
    """Returns a string whose every token is one or the other string's."""
    return np.where(rng.integers(2, size=len(first)), second, first).tolist()


def mutate(
    space: SearchSpace, tokens: Sequence[int], rng: np.random.Generator
) -> list[int]:
    """Returns a string with one token changed, more until the function is.

    In a space of one function the string comes back as it was.
    """
    free = [place for place, size in enumerate(space.token_sizes) if size > 1]
    changed, before = list(tokens), space.decode(tokens)
    for _ in range(len(free)):
        place = free[rng.integers(len(free))]
        step = rng.integers(1, space.token_sizes[place])
        changed[place] = int((changed[place] + step) % space.token_sizes[place])
        if space.decode(changed) != before:
            break
    return changed
