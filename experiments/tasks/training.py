"""One compiled loop over steps, which leaves at a loss that is not finite."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Descent:
    """The training of one model, in one graph that may pause at any step.

    A step costs no Python. What regularises the model, `model.losses`, is
    descended too, and is not among the losses.

    Args:
        model: Its trainable variables are changed.
        optimizer: A new one.
        loss: Takes a row of `batches` and returns the loss to descend.
        batches: What each step is told, such as the indices of its data: an
            array, or several in any structure that `tf.nest` knows.

    Attributes:
        optimizer: As given.
        loss: As given.
        batches: As given, in tensors.
        losses: Of each step that has been taken; one that is not finite is the
            last.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss: Callable[[Any], tf.Tensor],
        batches: Any,
    ):
        optimizer.build(model.trainable_variables)
        self._model, self.optimizer, self.loss = model, optimizer, loss
        self.batches = tf.nest.map_structure(tf.constant, batches)
        self._loop = tf.function(self._graph, autograph=False)
        self.losses = np.zeros(0, np.float32)

    def run_to(self, stop: int) -> bool:
        """Trains up to a step; returns whether all losses are finite."""
        if self.finite:
            span = tf.constant(len(self.losses)), tf.constant(stop)
            found = self._loop(self.batches, *span).numpy()
            self.losses = np.concatenate([self.losses, found])
        return self.finite

    @property
    def finite(self) -> bool:
        """Whether all losses so far are."""
        return bool(np.isfinite(self.losses).all())

    def _graph(self, batches, start, stop):
        def step(index, _, losses):
            rows = tf.nest.map_structure(lambda rows: rows[index], batches)
            value = self.step(rows)
            return index + 1, value, losses.write(index - start, value)

        def goes_on(index, last, _):
            return (index < stop) & tf.math.is_finite(last)

        losses = tf.TensorArray(tf.float32, stop - start, element_shape=())
        taken, _, losses = tf.while_loop(
            goes_on,
            step,
            [start, tf.constant(0.0), losses],
            parallel_iterations=1,
        )
        return losses.stack()[: taken - start]

    def step(self, rows) -> tf.Tensor:
        """Takes one step, on a row of the batches; returns its loss."""
        model = self._model
        with tf.GradientTape() as tape:
            value = self.loss(rows)
            total = tf.add_n([value, *model.losses])
        variables = [v.value for v in model.trainable_variables]
        self.optimizer.apply(tape.gradient(total, variables))
        return value


def tenths(losses: np.ndarray, steps: int) -> tuple[float, ...]:
    """Returns the mean loss in each tenth of the steps.

    Args:
        losses: Those of a `Descent`.
        steps: How many there should be.

    Returns:
        Ten numbers; NaN from the tenth on in which a loss is not finite, and
        for a tenth that has no step because there are fewer than ten.
    """
    losses = np.asarray(losses, np.float64)
    edges = [steps * n // 10 for n in range(11)]
    parts = [losses[a:b] for a, b in itertools.pairwise(edges)]
    means = [np.mean(part) if len(part) else math.nan for part in parts]
    return tuple(float(m) if math.isfinite(m) else math.nan for m in means)


def moving_mean(losses: np.ndarray) -> float:
    """Returns what losses have come to, the weight of the past being 0.95."""
    return functools.reduce(
        lambda mean, loss: 0.95 * mean + 0.05 * loss, map(float, losses)
    )


def predict(model: keras.Model, inputs: np.ndarray, batch: int) -> np.ndarray:
    """Returns a model's outputs, computed in batches by one graph."""

    @tf.function(autograph=False, reduce_retracing=True)
    def call(inputs):
        return model(inputs, training=False)

    parts = range(0, len(inputs), batch)
    return np.concatenate(
        [call(tf.constant(inputs[i : i + batch])) for i in parts]
    )


def epochs(count: int, steps: int, batch: int, seed: int) -> np.ndarray:
    """Returns the indices of each step: epochs in random order, end to end."""
    rng = np.random.default_rng(seed)
    rounds = math.ceil(steps * batch / count)
    order = np.concatenate([rng.permutation(count) for _ in range(rounds)])
    return order[: steps * batch].reshape(steps, batch).astype(np.int32)


class FusedAdam(keras.optimizers.Adam):
    """Adam by TensorFlow's own kernel, which costs less to trace and to run.

    Equal to Keras's up to rounding, but for embeddings: what several places
    of a batch give to one row is summed before it is squared, not after.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Takes the step of a variable, of TensorFlow."""
        place = self._get_variable_index(variable)
        slots = self._momentums[place], self._velocities[place]
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=slots[0].value.handle,
            v=slots[1].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )


def cosine_adam(rate: float, steps: int) -> keras.optimizers.Optimizer:
    """Returns Adam whose rate falls to zero by half a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    return FusedAdam(schedule)
