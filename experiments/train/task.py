"""What a trainer needs to know of images or of sentences."""

from collections.abc import Callable
from typing import Any, Protocol

import keras
import tensorflow as tf

Activation = Callable[[], keras.Layer]


class Task(Protocol):
    """Data, loss and scores of a config.

    Attributes:
        provenance: Which data this is.
        examples: What an epoch is for the learning rate: training images, or
            tokens.
    """

    provenance: str
    examples: int

    def build(self, activation: Activation) -> keras.Model:
        """Returns a new model with the activation at each site."""

    def batches(self, start: int, seed: int) -> tf.data.Dataset:
        """Returns endless (inputs, targets) from step `start` on.

        A step's batch depends on the step and the seed alone.
        """

    def loss(self, outputs: Any, targets: tf.Tensor) -> tf.Tensor:
        """Returns the mean loss of a batch, a scalar."""

    def evaluate(self, model: keras.Model, split: str) -> dict[str, float]:
        """Returns the scores on "validation" or "test" by column.

        Empty if there is no such split.
        """
