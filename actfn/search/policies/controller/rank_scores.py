"""What a controller learns from: scores by rank, or the rewards themselves."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable


class SavageScores:
    r"""Scores each reward by its place among all rewards so far.

    With u the share of the rewards so far that are lower, those that are equal
    counted half,

    .. math:: s = -\log(1 - u),

    the quantile of the exponential distribution (Savage, Annals of
    Mathematical Statistics 27, 1956). Mean and deviation are about 1 whatever
    the rewards are; the step from the median to the best tenth is 1.6, that
    from the worst to the median 0.7. Of raw rewards most of the deviation is
    that between functions that train and functions that do not.
    """

    def __init__(self, rewards: Iterable[float] = ()):
        self.rewards = sorted(rewards)

    def add(self, reward: float) -> None:
        """Takes one more reward."""
        bisect.insort(self.rewards, reward)

    def score(self, reward: float) -> float:
        """Returns the score of one of the rewards."""
        lower = bisect.bisect_left(self.rewards, reward)
        equal = bisect.bisect_right(self.rewards, reward) - lower
        return -math.log(1.0 - (lower + equal / 2) / len(self.rewards))


class RawScores:
    """Scores each reward by itself, as the published algorithms do."""

    def __init__(self, rewards: Iterable[float] = ()):
        del rewards  # nothing depends on the earlier ones
        self.rewards: list[float] = []

    def add(self, reward: float) -> None:
        """Takes one more reward."""

    def score(self, reward: float) -> float:
        """Returns the reward."""
        return reward


SCORES = {"ranks": SavageScores, "raw": RawScores}
"""By the name that policies take."""
