"""What a reward is compared with."""

from __future__ import annotations


class Baseline:
    """Moving mean of the rewards' scores.

    It is exponential and corrected for its start from zero, so that at first
    it is the first score.

    Args:
        decay: Weight of the past; 0.95 in NASNet (arXiv:1707.07012).
    """

    def __init__(self, decay: float = 0.95):
        self.decay = decay
        self.sums = [0.0, 0.0]

    def add(self, score: float) -> None:
        """Takes one more score."""
        weight, moving = self.sums
        self.sums = [
            self.decay * weight + (1.0 - self.decay),
            self.decay * moving + (1.0 - self.decay) * score,
        ]

    @property
    def mean(self) -> float:
        """The moving mean; 0 before the first score."""
        weight, moving = self.sums
        return moving / weight if weight else 0.0
