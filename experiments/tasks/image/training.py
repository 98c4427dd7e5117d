"""How a recipe trains a child."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from experiments import datasets
from experiments.tasks.image.recipe import Recipe
from experiments.tasks.training import Descent, epochs


def descent_of(
    recipe: Recipe, model: keras.Model, images, labels, seed: int
) -> Descent:
    """Returns the training of a child, before its first step.

    Args:
        recipe: How.
        model: The child.
        images: Of the training split, standardised.
        labels: Theirs.
        seed: Of the order of the images and of the augmentation.
    """
    order = epochs(len(images), recipe.steps, recipe.batch_size, seed)
    images, labels = tf.constant(images), tf.constant(labels)

    def loss(row):
        chosen, step = row
        batch = tf.gather(images, chosen)
        if recipe.augment:
            batch = datasets.augment(batch, tf.stack([seed, step]))
        logits = model(batch, training=True)
        return cross_entropy(tf.gather(labels, chosen), logits)

    steps = np.arange(recipe.steps, dtype=np.int32)
    return Descent(model, optimizer_of(recipe), loss, (order, steps))


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
