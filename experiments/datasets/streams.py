"""Labelled images one by one, from any point of an endless training."""

import dataclasses
from typing import Protocol

import numpy as np
import tensorflow as tf

from experiments.datasets.images import ImageDataset

_BLOCK = 128
"""Images that are looked up together, since each look-up has its price."""


class Source(Protocol):
    """Where images come from.

    Attributes:
        classes: Number of classes.
        provenance: Which data this is.
        size: Number of training images.
    """

    classes: int
    provenance: str
    size: int

    def training(self, start: int, seed: int) -> tf.data.Dataset:
        """Returns endless (number, image, label), from number `start`.

        Each epoch is a new order of all training images. What comes at a
        number depends on it and the seed alone, not on where one started.
        """

    def evaluation(self, split: str, limit: int = 0) -> tf.data.Dataset:
        """Returns (image, label) of "validation" or "test" in a fixed order.

        Args:
            split: Which one.
            limit: How many to take; 0 for all.
        """


@dataclasses.dataclass
class ArraySource:
    """Images in memory; an order is computed where it is needed.

    Attributes:
        data: The set.
    """

    data: ImageDataset

    def __post_init__(self) -> None:
        self.classes = len(self.data.classes)
        self.provenance = self.data.provenance
        self.size = len(self.data.train)

    def training(self, start: int, seed: int) -> tf.data.Dataset:
        """See `Source`."""
        images = tf.constant(self.data.train.images)
        labels = tf.constant(self.data.train.labels)

        def examples(numbers: tf.Tensor) -> tuple[tf.Tensor, ...]:
            # `tf.random.experimental.index_shuffle` of each number; it takes
            # only one seed and puts the first of these words before it.
            epochs = numbers // self.size
            words = [np.int64(498247692), np.int64(seed)]
            same = [tf.fill(tf.shape(epochs), word) for word in words]
            positions = tf.raw_ops.RandomIndexShuffle(
                index=numbers % self.size,
                seed=tf.stack([*same, epochs], axis=1),
                max_index=np.int64(self.size - 1),
                rounds=4,
            )
            found = tf.gather(images, positions), tf.gather(labels, positions)
            return numbers, *found

        numbers = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
        blocks = numbers.batch(_BLOCK).map(
            examples, tf.data.AUTOTUNE, deterministic=True
        )
        return blocks.unbatch()

    def evaluation(self, split: str, limit: int = 0) -> tf.data.Dataset:
        """See `Source`."""
        chosen = getattr(self.data, split)
        arrays = (chosen.images, chosen.labels)
        if limit:
            arrays = tuple(array[:limit] for array in arrays)
        return tf.data.Dataset.from_tensor_slices(arrays)
