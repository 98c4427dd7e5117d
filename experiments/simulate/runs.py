"""A policy against known rewards, and what many such runs come to."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Sequence

import numpy as np
from scipy import stats

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
        landscape: Knows the rewards.
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
        reward = known(landscape.reward, task.canonical)
        ledger.finish(task.trial, reward, "completed", 0.0)
    results = ledger.results[:budget]
    return Run(
        rewards=np.array([result.reward for result in results]),
        is_new=np.array([result.status != "cached" for result in results]),
        seconds=time.process_time() - start - elsewhere,
    )


@dataclasses.dataclass(frozen=True)
class Summary:
    """A row of the comparison of policies.

    Where a run never reached the top 1 percent it counts as having needed the
    whole budget. `p_value` is that of a two-sided Mann-Whitney test of the
    late rewards against random's, NaN without random runs.
    """

    policy: str
    seeds: int
    found: float
    evaluations_median: float
    evaluations_p90: float
    proposals_median: float
    proposals_p90: float
    late_reward: float
    late_error: float
    p_value: float
    distinct: float
    best: float
    proposals_per_second: float


def summarise(
    policy: str,
    runs: Sequence[Run],
    random: Sequence[Run],
    landscape: Landscape,
    budget: int,
) -> Summary:
    """Returns the figures of one policy's runs, over seeds.

    Args:
        policy: Its name.
        runs: One a seed.
        random: The random policy's, to compare with; may be empty.
        landscape: What they ran on.
        budget: Proposals of each run.
    """
    evaluations = [r.evaluations_to(landscape.threshold) for r in runs]
    proposals = [r.proposals_to(landscape.threshold) for r in runs]
    late = np.array([r.late_mean(budget) for r in runs])
    p_value = np.nan
    if random:
        others = [r.late_mean(budget) for r in random]
        p_value = float(stats.mannwhitneyu(late, others).pvalue)
    made = sum(len(r.rewards) for r in runs)
    return Summary(
        policy=policy,
        seeds=len(runs),
        found=float(np.mean(np.isfinite(evaluations))),
        evaluations_median=_quantile(evaluations, 0.5, budget),
        evaluations_p90=_quantile(evaluations, 0.9, budget),
        proposals_median=_quantile(proposals, 0.5, budget),
        proposals_p90=_quantile(proposals, 0.9, budget),
        late_reward=float(late.mean()),
        late_error=float(stats.sem(late)) if len(late) > 1 else np.nan,
        p_value=p_value,
        distinct=float(np.mean([r.evaluations for r in runs])),
        best=float(np.mean([r.rewards.max() for r in runs])),
        proposals_per_second=made / sum(r.seconds for r in runs),
    )


def _quantile(counts: Sequence[float], share: float, budget: int) -> float:
    return float(np.quantile(np.minimum(counts, budget), share))


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
