"""Steps of Adam on the controller's weights, compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

from actfn.search.policies.controller.network import Controller

Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
"""(log-probabilities, those when drawn, advantages), each (batch,) -> scalar"""


class TrainStep:
    """Compiled steps of Adam on a loss of log-probabilities.

    All steps on one batch are one call: so small a network costs less than
    the way into TensorFlow and back.

    Adam (arXiv:1412.6980, algorithm 1) is written out, since Keras's
    optimizers keep their state in variables of their own on TensorFlow; here
    state comes in and goes out, so that all policies share one compilation.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(
        self,
        controller: Controller,
        loss: Loss,
        learning_rate: float,
        entropy_weight: float,
        epochs: int = 1,
    ):
        self._controller = controller
        self._loss = loss
        self._learning_rate = learning_rate
        self._entropy_weight = entropy_weight
        self._epochs = epochs
        weights = [tf.TensorSpec(v.shape) for v in controller.variables]
        width = len(controller.token_sizes)
        self.train = tf.function(
            self._train_graph,
            [
                weights,
                [tf.TensorSpec((), tf.float32), *weights, *weights],
                tf.TensorSpec((None, width), tf.int32),
                tf.TensorSpec((None,), tf.float32),
                tf.TensorSpec((None,), tf.float32),
            ],
            autograph=False,
        )

    @staticmethod
    def start(weights: list[tf.Tensor]) -> list[tf.Tensor]:
        """Returns Adam's state before the first step: count and moments."""
        return [tf.constant(0.0), *[tf.zeros_like(w) for w in weights * 2]]

    def gradients(self, weights, tokens, old_log_probs, advantages):
        """Returns the gradients of the loss with the entropy bonus."""
        with tf.GradientTape() as tape:
            tape.watch(weights)
            log_probs, entropies = self._controller.log_probs_and_entropies(
                weights, tokens
            )
            loss = self._loss(log_probs, old_log_probs, advantages)
            loss -= self._entropy_weight * tf.reduce_mean(entropies)
        return tape.gradient(loss, weights)

    def _train_graph(self, weights, adam, *batch):
        with tf.device("CPU"):
            return tf.while_loop(
                lambda *_: True,
                lambda weights, adam: self._step(weights, adam, *batch),
                (weights, adam),
                maximum_iterations=self._epochs,
            )

    def _step(self, weights, adam, tokens, old_log_probs, advantages):
        with tf.device("CPU"):
            gradients = self.gradients(
                weights, tokens, old_log_probs, advantages
            )
            count, moments = adam[0] + 1.0, adam[1:]
            rate = self._learning_rate * (
                tf.sqrt(1.0 - self.BETA2**count) / (1.0 - self.BETA1**count)
            )
            first, second, changed = [], [], []
            for weight, gradient, m, v in zip(
                weights,
                map(tf.convert_to_tensor, gradients),
                moments[: len(weights)],
                moments[len(weights) :],
                strict=True,
            ):
                first.append(m + (1.0 - self.BETA1) * (gradient - m))
                second.append(v + (1.0 - self.BETA2) * (gradient**2 - v))
                move = first[-1] / (tf.sqrt(second[-1]) + self.EPSILON)
                changed.append(weight - rate * move)
        return changed, [count, *first, *second]


@functools.lru_cache(maxsize=16)
def compiled_step(
    controller: Controller,
    loss: Loss,
    learning_rate: float,
    entropy_weight: float,
    epochs: int,
) -> TrainStep:
    """Returns the one compilation of these settings."""
    return TrainStep(controller, loss, learning_rate, entropy_weight, epochs)
