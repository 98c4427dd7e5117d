"""Published scores of a network that is not trained.

Each is of the loss on the first batch of its training, at the first weights.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from experiments.tasks.training import Descent

SIGNS = ("gradient_norm", "snip")


def signs(model: keras.Model, descent: Descent) -> dict[str, float]:
    """Returns the scores by the names in `SIGNS`.

    With weights w and gradients g of all layers, `gradient_norm` is the
    Euclidean norm of g (Abdelfattah et al., arXiv:2101.08134) and `snip` the
    sum of abs(g w) (Lee et al., arXiv:1810.02340). Scores that presume ReLU,
    as SynFlow and counts of linear regions do, say nothing of other functions.

    Args:
        model: With its first weights, which stay as they are.
        descent: Of the model, before its first step.
    """
    batch = tf.nest.map_structure(lambda rows: rows[0], descent.batches)
    variables = [v.value for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        loss = descent.loss(batch)
    gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
    squares = snip = 0.0
    for gradient, variable in zip(gradients, variables, strict=True):
        gradient = tf.cast(tf.convert_to_tensor(gradient), tf.float64)
        squares += tf.reduce_sum(gradient**2)
        weights = tf.cast(variable, tf.float64)
        snip += tf.reduce_sum(tf.abs(gradient * weights))
    return {"gradient_norm": float(squares) ** 0.5, "snip": float(snip)}
