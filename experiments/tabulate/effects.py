"""Effect sizes with intervals, of groups of functions and of pairs of scores.

Intervals are bootstraps over functions: 2,000 draws from one seed, the middle
95 percent of them.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from scipy import stats

DRAWS = 2000
_SIDES = ("left", "right")


@dataclasses.dataclass(frozen=True)
class Effect:
    """An effect size with its interval and p.

    Attributes:
        size: The effect.
        low: Lower end of its 95 percent interval; NaN where it has none.
        high: Upper end.
        p: That there is none, two-sided, not corrected.
        count: Of how many functions.
    """

    size: float
    low: float
    high: float
    p: float
    count: int


def superiority(
    scores: np.ndarray, member: np.ndarray, weights: np.ndarray | None = None
) -> Effect:
    """How often a member is better than one that is not; 0.5 is no effect.

    Ties count half. The test is Mann and Whitney's; with weights there is none.

    Args:
        scores: Higher is better, of shape (functions,).
        member: Whether each is a member, of the same shape.
        weights: How often each counts if it is a member, of the same shape;
            once by default.
    """
    ours, theirs = scores[member], scores[~member]
    if not len(ours) or not len(theirs):
        return Effect(*[math.nan] * 4, count=len(scores))
    weight = np.ones(len(ours)) if weights is None else weights[member]

    def size(a, b):
        others = np.sort(theirs[b])
        below = sum(np.searchsorted(others, ours[a], s) for s in _SIDES)
        return float(np.average(below, weights=weight[a]) / (2 * len(others)))

    counts = len(ours), len(theirs)
    rng = np.random.default_rng(0)
    drawn = [
        size(*(rng.integers(count, size=count) for count in counts))
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    p = math.nan
    if weights is None:
        p = stats.mannwhitneyu(ours, theirs, method="asymptotic").pvalue
    whole = size(*map(np.arange, counts))
    return Effect(whole, low, high, float(p), len(scores))


def odds(top: np.ndarray, member: np.ndarray) -> Effect:
    """The odds of a member to be in the top over those of another.

    The sample odds ratio, with the interval of its logarithm (Woolf) after
    one half is added to each count; the test is Fisher's exact one.

    Args:
        top: Whether each function is in the top, of shape (functions,).
        member: Whether each is a member.
    """
    counts = np.array(
        [
            [np.sum(top & member), np.sum(~top & member)],
            [np.sum(top & ~member), np.sum(~top & ~member)],
        ]
    )
    p = float(stats.fisher_exact(counts).pvalue)
    (a, b), (c, d) = counts + 0.5
    size = a * d / (b * c)
    wide = 1.959964 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    low, high = size * math.exp(-wide), size * math.exp(wide)
    return Effect(float(size), float(low), float(high), p, len(top))


def correlation(x: np.ndarray, y: np.ndarray) -> Effect:
    """Spearman's rank correlation; its test is that of Student's t.

    Args:
        x: Of shape (functions,); infinite values are the first and last.
        y: Likewise.
    """

    if len(x) < 3:
        return Effect(*[math.nan] * 4, count=len(x))
    # Numbers of the distinct values in their order: ranks without sorting.
    orders = [np.unique(each, return_inverse=True)[1] for each in (x, y)]

    def size(chosen):
        ranks = []
        for order in (order[chosen] for order in orders):
            counts = np.bincount(order)
            ranks.append((np.cumsum(counts) - (counts - 1) / 2)[order])
        # Of a constant there is no order: no correlation.
        if any((each == each[0]).all() for each in ranks):
            return 0.0
        return float(np.corrcoef(*ranks)[0, 1])

    rng = np.random.default_rng(0)
    drawn = [size(rng.integers(len(x), size=len(x))) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    found = size(np.arange(len(x)))
    rest = len(x) - 2
    t = found * math.sqrt(rest / max(1 - found**2, 1e-12))
    return Effect(found, low, high, float(2 * stats.t.sf(abs(t), rest)), len(x))


def pareto(scores: np.ndarray) -> np.ndarray:
    """Whether each function is in the Pareto set: none is better on all.

    Args:
        scores: Higher is better, of shape (functions, tasks).
    """
    at_least = (scores[:, None] >= scores[None]).all(axis=2)
    better = (scores[:, None] > scores[None]).any(axis=2)
    return ~(at_least & better).any(axis=0)


def variance_shares(scores: np.ndarray) -> dict[str, float]:
    """Divides the sum of squares of a balanced table, which add up to 1.

    Args:
        scores: Of shape (functions, tasks, seeds), comparable between tasks.
            A seed is another in each task.
    """
    whole = scores - scores.mean()
    function = whole.mean(axis=(1, 2), keepdims=True)
    task = whole.mean(axis=(0, 2), keepdims=True)
    both = whole.mean(axis=2, keepdims=True) - function - task
    seed = whole.mean(axis=0, keepdims=True) - task
    rest = whole - function - task - both - seed
    parts = {
        "task": task,
        "function": function,
        "function and task together": both,
        "seed": seed,
        "function and seed together": rest,
    }
    squares = {
        name: float(np.sum(np.broadcast_to(part, whole.shape) ** 2))
        for name, part in parts.items()
    }
    total = sum(squares.values())
    return {name: value / total for name, value in squares.items()}
