"""Trains a child in one compiled loop over steps.

The loop takes its batches from memory inside the graph and leaves at the first
loss that is not finite, so a step costs no Python and a diverged child little.
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from experiments import datasets
from experiments.tasks.image.recipe import Recipe
from experiments.tasks.training import epochs

_DECAY = 0.95
"""Weight of the past in the moving mean of the loss."""


class Training:
    """The training of one child, in one graph that may pause at any step.

    Args:
        recipe: How.
        model: The child.
        images: Of the training split, standardised.
        labels: Theirs.
        seed: Of the order of the images and of the augmentation.

    Attributes:
        step: How many steps have been taken.
        loss: The moving mean of the training loss; not finite as soon as one
            loss is not.
    """

    def __init__(
        self, recipe: Recipe, model: keras.Model, images, labels, seed: int
    ):
        self._recipe, self._model, self._seed = recipe, model, seed
        self._optimizer = optimizer_of(recipe)
        self._optimizer.build(model.trainable_variables)
        order = epochs(len(images), recipe.steps, recipe.batch_size, seed)
        self._data = [tf.constant(a) for a in (images, labels, order)]
        self._loop = tf.function(self._graph, autograph=False)
        self.step, self.loss = 0, 0.0

    def run_to(self, stop: int) -> bool:
        """Trains up to a step; returns whether all losses are finite."""
        step, loss = self._loop(
            *self._data,
            tf.constant(self.step),
            tf.constant(stop),
            tf.constant(self.loss),
        )
        self.step, self.loss = int(step), float(loss)
        return math.isfinite(self.loss)

    def _graph(self, images, labels, order, start, stop, average):
        def step(index, average):
            chosen = order[index]
            batch = tf.gather(images, chosen)
            if self._recipe.augment:
                batch = datasets.augment(batch, tf.stack([self._seed, index]))
            loss = self._descend(batch, tf.gather(labels, chosen))
            mean = _DECAY * average + (1 - _DECAY) * loss
            return index + 1, tf.where(index > 0, mean, loss)

        def goes_on(index, average):
            return (index < stop) & tf.math.is_finite(average)

        return tf.while_loop(
            goes_on, step, [start, average], parallel_iterations=1
        )

    def _descend(self, batch, labels):
        """Takes one step on a batch; returns its loss."""
        model = self._model
        with tf.GradientTape() as tape:
            logits = model(batch, training=True)
            loss = cross_entropy(labels, logits)
            total = tf.add_n([loss, *model.losses])
        variables = [v.value for v in model.trainable_variables]
        self._optimizer.apply(tape.gradient(total, variables))
        return loss


def optimizer_of(recipe: Recipe) -> keras.optimizers.Optimizer:
    """Returns Nesterov's momentum with a rate that falls by half a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate, recipe.steps
    )
    return keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)


def cross_entropy(labels, logits) -> tf.Tensor:
    """Returns the mean over a batch, computed in float32."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, tf.cast(logits, tf.float32)
        )
    )
