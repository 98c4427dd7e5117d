"""Proximal policy optimisation, the paper's search method."""

from __future__ import annotations

import functools
import math
from typing import Any

import tensorflow as tf

from actfn.search.policies.controller.policy_gradient import PolicyGradient
from actfn.search.policies.controller.train_step import Loss
from actfn.spaces.grammar import SearchSpace


class PPOPolicy(PolicyGradient):
    """A recurrent controller trained by PPO with a moving-average baseline.

    The paper (arXiv:1710.05941) names the method and the baseline but none of
    the settings; `published` has the nearest ones there are. The defaults here
    are others, chosen for searches of some hundred functions (docs/search.md
    says on what): rewards count by rank, a large entropy bonus, in the same
    unit, keeps the controller from collapsing onto one function, and only new
    functions are proposed, which biases the gradient (see `PolicyGradient`).

    Rewards may come back late and in any order: each is weighted by the ratio
    of the string's probability now to that when it was drawn.

    Args:
        space: Where the proposals come from.
        seed: Integer from 0, of the initial weights and of the sampling.
        learning_rate: Adam's.
        batch_size: How many rewards make a batch.
        epochs: How many steps are taken on each batch.
        clip: How far the probability ratio may leave 1 before it stops
            counting; 0.2 in arXiv:1707.06347.
        entropy_weight: Weight of the entropy bonus.
        baseline_decay: Weight of the past in the moving mean of the scores.
        units: Width of the LSTM.
        rewards: "ranks": a reward counts by its place among all so far;
            "raw": as it is.
        only_new: Whether of some strings drawn the first is proposed whose
            function is new, or just the first one.

    Raises:
        ValueError: A number is out of range.

    Example:
        >>> from actfn import SearchSpace
        >>> policy = PPOPolicy(SearchSpace(core_units=2), seed=0)
        >>> proposals = policy.propose(8)
        >>> policy.update([(p.id, 0.5) for p in proposals])
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        *,
        learning_rate: float = 0.006,
        batch_size: int = 10,
        epochs: int = 4,
        clip: float = 0.2,
        entropy_weight: float = 0.8,
        baseline_decay: float = 0.95,
        units: int = 100,
        rewards: str = "ranks",
        only_new: bool = True,
    ):
        super().__init__(
            space,
            seed,
            learning_rate,
            batch_size,
            epochs,
            entropy_weight,
            baseline_decay,
            units,
            clipped_loss(clip),
            rewards,
            only_new,
        )
        self.clip = clip

    @classmethod
    def published(
        cls, space: SearchSpace, seed: int = 0, **changes: Any
    ) -> PPOPolicy:
        """Returns the algorithm as published, with no addition of ours.

        Raw rewards, their exponential moving average as the baseline, and each
        string that is drawn is proposed, known or not. What the paper leaves
        open is as in its group's nearest controller (NASNet, arXiv:1707.07012,
        appendix A.1): one LSTM layer of 100 units, weights uniform in +-0.1,
        learning rate 0.00035, batches of 20, baseline decay 0.95, entropy
        weight 0.00001 a nat. That one used PPO too and names neither clip nor
        epochs: clip 0.2 is that of arXiv:1707.06347, 4 epochs are ours. These
        settings are meant for 20,000 children; within 400 they hardly move
        the controller.

        Args:
            space: Where the proposals come from.
            seed: As of the class.
            changes: Other arguments of the class.
        """
        nasnet = {
            "learning_rate": 0.00035,
            "batch_size": 20,
            # The class counts in units of the uniform distribution's entropy.
            "entropy_weight": 1e-5 * max(1.0, math.log(space.size)),
        }
        plain = {"rewards": "raw", "only_new": False}
        return cls(space, seed, **nasnet | plain | changes)


@functools.cache
def clipped_loss(clip: float) -> Loss:
    r"""Returns PPO's loss (arXiv:1707.06347, equation 7), to be minimised.

    .. math:: -\frac{1}{n} \sum_i \min(r_i A_i,
        \mathrm{clip}(r_i, 1 - \epsilon, 1 + \epsilon) A_i),
        \quad r_i = \exp(\log p_i - \log p_i^\mathrm{old})

    Raises:
        ValueError: `clip` is not between 0 and 1.
    """
    if not 0.0 < clip < 1.0:
        raise ValueError(
            f"`clip` must be above 0 and below 1. Received: {clip!r}"
        )

    def loss(log_probs, old_log_probs, advantages):
        ratios = tf.exp(log_probs - old_log_probs)
        clipped = tf.clip_by_value(ratios, 1.0 - clip, 1.0 + clip)
        return -tf.reduce_mean(
            tf.minimum(ratios * advantages, clipped * advantages)
        )

    return loss
