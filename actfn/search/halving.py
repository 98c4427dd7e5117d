"""Successive halving: who is among the worse half trains no further."""

from __future__ import annotations

import bisect
import collections
import math

from actfn.search.checks import check_count


class SuccessiveHalving:
    """Asynchronous successive halving (ASHA, Li et al., arXiv:1810.05934).

    While it trains, a child reports its reward at some steps, the rungs. At
    each it goes on if it is among the best ``1 / reduction`` of all that have
    come there so far. The first few at a rung always go on, as does, of
    course, the best so far.

    Args:
        reduction: One of how many goes on; 2 stops the worse half.
        grace: How many are waited for at a rung before any is stopped.

    Raises:
        ValueError: A number is not an integer from 1, or `reduction` is 1.
    """

    def __init__(self, reduction: int = 2, grace: int = 8):
        if check_count("reduction", reduction) == 1:
            raise ValueError("`reduction` must be at least 2. Received: 1")
        self.reduction = reduction
        self.grace = check_count("grace", grace)
        self._rungs: dict[int, list[float]] = collections.defaultdict(list)
        self._seen: dict[tuple[int, str], float] = {}

    def add(self, step: int, reward: float, child: str) -> bool:
        """Takes what a child has at a rung; returns whether it goes on.

        A child that comes to a rung again, since it is trained once more,
        counts there by its last reward alone. One without a finite reward has
        diverged: it stops, and nobody is compared with it.
        """
        if not math.isfinite(reward):
            return False
        rung = self._rungs[step]
        before = self._seen.get((step, child))
        if before is not None:
            del rung[bisect.bisect_left(rung, before)]
        self._seen[step, child] = reward
        bisect.insort(rung, reward)
        better = len(rung) - bisect.bisect_right(rung, reward)
        return len(rung) <= self.grace or better < len(rung) / self.reduction

    def clear(self) -> None:
        """Forgets all rungs."""
        self._rungs.clear()
        self._seen.clear()
