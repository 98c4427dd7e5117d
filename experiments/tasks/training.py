"""One compiled loop over steps, which leaves at a loss that is not finite."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf


def descend(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable[[tf.Tensor], tf.Tensor],
    batches: np.ndarray,
) -> np.ndarray:
    """Trains a model; a step costs no Python.

    Args:
        model: Its trainable variables are changed.
        optimizer: A new one.
        loss: Takes a row of `batches` and returns the loss to descend.
        batches: What each step is told, such as the indices of its data.

    Returns:
        The loss of each step; one that is not finite is the last.
    """
    optimizer.build(model.trainable_variables)
    steps = len(batches)

    @tf.function(autograph=False)
    def loop(batches):
        def step(index, _, losses):
            with tf.GradientTape() as tape:
                value = loss(batches[index])
            variables = [v.value for v in model.trainable_variables]
            optimizer.apply(tape.gradient(value, variables))
            return index + 1, value, losses.write(index, value)

        def goes_on(index, last, _):
            return (index < steps) & tf.math.is_finite(last)

        losses = tf.TensorArray(tf.float32, steps, element_shape=())
        start = [tf.constant(0), tf.constant(0.0), losses]
        taken, _, losses = tf.while_loop(
            goes_on, step, start, parallel_iterations=1
        )
        return losses.stack()[:taken]

    return loop(tf.constant(batches)).numpy()


def tenths(losses: np.ndarray, steps: int) -> tuple[float, ...]:
    """Returns the mean loss in each tenth of the steps.

    Args:
        losses: What `descend` returns.
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


def cosine_adam(rate: float, steps: int) -> keras.optimizers.Optimizer:
    """Returns Adam whose rate falls to zero by half a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    return keras.optimizers.Adam(schedule)
