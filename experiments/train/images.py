"""Classification of images, small ones in memory or ImageNet."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

import models
from experiments import datasets
from experiments.datasets import imagenet, inception
from experiments.datasets.streams import ArraySource, Source
from experiments.train.config import Config
from experiments.train.task import Activation

_EVALUATION_BATCH = 100
_COLUMNS = {
    "validation": {"validation_accuracy": 1},
    "test": {"test_accuracy": 1, "test_top5": 5},
}


class ImageTask:
    """See `experiments.train.task.Task`.

    Args:
        config: With the preprocessing "cifar" or "inception".
        data_dir: TFDS folder, see `experiments.datasets.load`.

    Raises:
        ValueError: If the data are not there, or do not suit the config.
    """

    def __init__(self, config: Config, data_dir: str | None = None) -> None:
        self._config = config
        self._small = config.preprocessing == "cifar"
        self._source = self._find_source(data_dir)
        self.provenance = self._source.provenance
        self.examples = self._source.size
        if config.batch_size > self.examples:
            raise ValueError(
                "batch_size should be at most the number of training images, "
                f"{self.examples}. Received: {config.batch_size}"
            )

    def _find_source(self, data_dir: str | None) -> Source:
        config = self._config
        if config.dataset == imagenet.NAME:
            if self._small:
                raise ValueError(
                    'preprocessing should be "inception" for images of many '
                    f"sizes. Received: {config.preprocessing!r}"
                )
            return imagenet.ImageNetSource(data_dir, config.validation)
        data = datasets.load(config.dataset, data_dir, config.validation)
        if self._small:
            self._shape = self._small_shape(data.train.images.shape[1:])
            self._statistics = datasets.channel_statistics(data.train.images)
        return ArraySource(data)

    def _small_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the shape that the model sees of images of this shape."""
        height, width, channels = shape
        size = self._config.image_size
        if not size:
            return shape
        if size < 0 or height != width or height % size:
            raise ValueError(
                "image_size should divide the side of square images of "
                f"{height} x {width}. Received: {size}"
            )
        return size, size, channels

    def build(self, activation: Activation) -> keras.Model:
        """See `Task`."""
        config = self._config
        size = config.image_size
        options = dict(config.model_options)
        if config.auxiliary_weight:
            options["auxiliary_head"] = True
        return models.build(
            config.model,
            activation=activation,
            classes=self._source.classes,
            input_shape=self._shape if self._small else (size, size, 3),
            **options,
        )

    def batches(self, start: int, seed: int) -> tf.data.Dataset:
        """See `Task`."""
        config = self._config
        size = config.batch_size
        stream = self._source.training(start * size, seed)

        def shift(step: tf.Tensor, batch: tuple) -> tuple:
            _, images, labels = batch
            images = datasets.standardise(images, *self._statistics)
            key = tf.stack([np.int64(seed), step])
            images = datasets.augment(images, key, mode=config.padding)
            return datasets.shrink(images, self._shape[0]), labels

        def view(number: tf.Tensor, image: tf.Tensor, label: tf.Tensor):
            key = tf.stack([np.int64(seed), number])
            image = inception.training_view(
                image, key, config.image_size, config.crop_area, config.colour
            )
            return image, label

        if self._small:
            batches = stream.batch(size, drop_remainder=True)
            return self._map(batches.enumerate(start), shift)
        return self._map(stream, view).batch(size, drop_remainder=True)

    def loss(self, outputs: Any, targets: tf.Tensor) -> tf.Tensor:
        """Returns cross-entropy, that of the auxiliary head weighted."""
        if isinstance(outputs, dict):
            side = self._cross_entropy(outputs["auxiliary"], targets)
            main = self._cross_entropy(outputs["logits"], targets)
            return main + self._config.auxiliary_weight * side
        return self._cross_entropy(outputs, targets)

    def _cross_entropy(self, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        losses = keras.losses.categorical_crossentropy(
            tf.one_hot(labels, logits.shape[-1]),
            tf.cast(logits, tf.float32),
            from_logits=True,
            label_smoothing=self._config.label_smoothing,
        )
        return tf.reduce_mean(losses)

    def evaluate(self, model: keras.Model, split: str) -> dict[str, float]:
        """Returns shares of images whose class is among the first k.

        Logits that are not finite are never right.
        """
        config = self._config

        def standard(images: tf.Tensor, labels: tf.Tensor) -> tuple:
            images = datasets.standardise(images, *self._statistics)
            return datasets.shrink(images, self._shape[0]), labels

        def view(image: tf.Tensor, label: tf.Tensor) -> tuple:
            return inception.evaluation_view(image, config.image_size), label

        @tf.function(autograph=False, reduce_retracing=True)
        def hits(images: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
            logits = model(images, training=False)
            if isinstance(logits, dict):
                logits = logits["logits"]
            logits = tf.cast(logits, tf.float32)
            return [
                tf.math.in_top_k(labels, logits, k)
                for k in _COLUMNS[split].values()
            ]

        examples = self._source.evaluation(split, config.evaluation_limit)
        if self._small:
            batches = self._map(examples.batch(_EVALUATION_BATCH), standard)
        else:
            batches = self._map(examples, view).batch(_EVALUATION_BATCH)
        found = [hits(*batch) for batch in batches]
        return {
            column: float(np.mean(np.concatenate(each)))
            for column, each in zip(
                _COLUMNS[split], zip(*found, strict=True), strict=False
            )
        }

    @staticmethod
    def _map(examples: tf.data.Dataset, function: Any) -> tf.data.Dataset:
        return examples.map(function, tf.data.AUTOTUNE, deterministic=True)
