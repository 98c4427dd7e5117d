"""What a reward is compared with."""

from __future__ import annotations


class Baseline:
    """Moving mean of the rewards, and their deviation since the beginning.

    The mean is exponential and corrected for its start from zero, so that at
    first it is the first reward.

    Args:
        decay: Weight of the past in the mean; 0.95 in NASNet
            (arXiv:1707.07012).
    """

    def __init__(self, decay: float = 0.95):
        self.decay = decay
        self.sums = [0.0] * 5

    def add(self, reward: float) -> None:
        """Takes one more reward."""
        weight, moving, count, total, squares = self.sums
        self.sums = [
            self.decay * weight + (1.0 - self.decay),
            self.decay * moving + (1.0 - self.decay) * reward,
            count + 1.0,
            total + reward,
            squares + reward * reward,
        ]

    @property
    def mean(self) -> float:
        """The moving mean; 0 before the first reward."""
        weight, moving = self.sums[:2]
        return moving / weight if weight else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation of all rewards."""
        count, total, squares = self.sums[2:]
        if not count:
            return 0.0
        return max(0.0, squares / count - (total / count) ** 2) ** 0.5
