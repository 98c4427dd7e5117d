"""REINFORCE, the plain policy gradient."""

from __future__ import annotations

import tensorflow as tf

from actfn.search.policies.controller.policy_gradient import PolicyGradient
from actfn.spaces.grammar import SearchSpace


class ReinforcePolicy(PolicyGradient):
    """A recurrent controller trained by REINFORCE (Williams, 1992).

    The method of arXiv:1611.01578, with the same controller and baseline as
    `PPOPolicy`: one step on each batch, then the batch is forgotten. Rewards
    that come back late are taken as if drawn from the controller as it is.

    Args:
        space: Where the proposals come from.
        seed: Integer from 0, of the initial weights and of the sampling.
        learning_rate: Adam's.
        batch_size: How many rewards make a batch.
        entropy_weight: Weight of the entropy bonus.
        baseline_decay: Weight of the past in the moving mean of the scores.
        units: Width of the LSTM.
        rewards: As for `PPOPolicy`.
        only_new: As for `PPOPolicy`; it biases the gradient (see
            `PolicyGradient`).

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        *,
        learning_rate: float = 0.01,
        batch_size: int = 10,
        entropy_weight: float = 1.2,
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
            1,
            entropy_weight,
            baseline_decay,
            units,
            reinforce_loss,
            rewards,
            only_new,
        )


def reinforce_loss(
    log_probs: tf.Tensor, old_log_probs: tf.Tensor, advantages: tf.Tensor
) -> tf.Tensor:
    r"""Returns :math:`-\frac{1}{n} \sum_i A_i \log p_i`, to be minimised."""
    del old_log_probs
    return -tf.reduce_mean(log_probs * advantages)
