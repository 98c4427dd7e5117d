"""A policy against known rewards."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Sequence

import numpy as np

from actfn.search.books.ledger import Ledger
from actfn.search.policies.base import Policy
from experiments.simulate.landscape import Landscape

LAST_SHARE = 0.25
"""Of the budget: the proposals that show what a policy has learned."""


@dataclasses.dataclass(frozen=True)
class Run:
    """What one policy of one seed did.

    A function is evaluated (its child trained, in a real search) the first
    time it is proposed; from then on proposing it again costs nothing.

    Attributes:
        rewards: Of each proposal in their order, shape (proposals,).
        is_new: Whether the proposal was evaluated, shape (proposals,).
        seconds: Of processor time, without those in which forms and rewards
            were found.
    """

    rewards: np.ndarray
    is_new: np.ndarray
    seconds: float

    @property
    def evaluations(self) -> int:
        """How many distinct functions were evaluated."""
        return int(self.is_new.sum())

    @property
    def best_so_far(self) -> np.ndarray:
        """The best reward after each evaluation, shape (evaluations,)."""
        return np.maximum.accumulate(self.rewards[self.is_new])

    def best_after(self, evaluations: int) -> float:
        """The best reward of so many evaluations, or of all if fewer."""
        return float(self.best_so_far[:evaluations][-1])

    def evaluations_to(self, threshold: float) -> float:
        """Evaluations to the first reward from `threshold` on, or infinity."""
        return _first(self.rewards[self.is_new] >= threshold)

    def proposals_to(self, threshold: float) -> float:
        """Proposals to the first reward from `threshold` on, or infinity."""
        return _first(self.rewards >= threshold)

    def late_mean(self, budget: int) -> float:
        """Mean reward of as many last proposals as a quarter of the budget."""
        return float(self.rewards[-max(1, round(budget * LAST_SHARE)) :].mean())


def _first(hits: np.ndarray) -> float:
    return float(hits.argmax()) + 1 if hits.any() else np.inf


def run(policy: Policy, landscape: Landscape, budget: int) -> Run:
    """Runs a policy, one function at a time, as the search engine does.

    Args:
        policy: A fresh one, on the landscape's space.
        landscape: Knows the rewards, or some of them: a policy does not hear
            of the others, as if the machines that train them never came back.
        budget: Proposals at most; fewer if the policy has no more.
    """
    elsewhere = 0.0

    def known(find, argument):
        nonlocal elsewhere
        start = time.process_time()
        found = find(argument)
        elsewhere += time.process_time() - start
        return found

    start = time.process_time()
    canonical = functools.partial(known, landscape.canonical)
    ledger = Ledger(
        policy, policy.seed, max_repeats=budget, canonical=canonical
    )
    while len(ledger.results) < budget:
        task = ledger.ask()
        if task is None:
            break
        if landscape.knows(task.canonical):
            reward = known(landscape.reward, task.canonical)
            ledger.finish(task.trial, reward, "completed", 0.0)
    results = ledger.results[:budget]
    return Run(
        rewards=np.array([result.reward for result in results]),
        is_new=np.array([result.status != "cached" for result in results]),
        seconds=time.process_time() - start - elsewhere,
    )


def curves(runs: Sequence[Run], budget: int) -> np.ndarray:
    """Returns the best reward so far over evaluations, each run a row.

    A run that evaluated fewer functions stays at its best. Shape
    ``(runs, budget)``.
    """
    table = np.empty((len(runs), budget))
    for row, each in zip(table, runs, strict=True):
        best = each.best_so_far
        row[: len(best)] = best
        row[len(best) :] = best[-1]
    return table
