"""The child: a small network trained briefly to judge one activation.

A child is built, trained by one compiled loop over steps, and evaluated. The
loop takes its batches from memory inside the graph and leaves at the first
loss that is not finite, so a step costs no Python and a diverged child little.
"""

from __future__ import annotations

import dataclasses
import math
import time

import keras
import numpy as np
import tensorflow as tf

import actfn
import models
from experiments import datasets

_EVALUATION_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a child is built and trained.

    Attributes:
        dataset: The image set, see `experiments.datasets.names`.
        model: A name of `models.names()`.
        width: Channels of the model's first stage.
        pooling: Images are averaged over squares of this side first.
        steps: Training steps.
        batch_size: Images a step.
        learning_rate: Of SGD with Nesterov momentum 0.9, decayed to zero by
            half a cosine.
        weight_decay: The factor of the weights in the gradient.
        augment: Whether to shift by up to 4 pixels and to mirror.
        validation: The share of the training images held out; its accuracy
            is the reward.
    """

    dataset: str = datasets.SUBSET
    model: str = "resnet8"
    width: int = 8
    pooling: int = 2
    steps: int = 400
    batch_size: int = 64
    learning_rate: float = 0.1
    weight_decay: float = 0.0
    augment: bool = False
    validation: float = 0.25


PRESETS = {
    "quick": Recipe(),
    # The child of arXiv:1710.05941: ResNet-20, CIFAR-10, 10,000 steps. Batch,
    # learning rate and decay, which it does not state, are those of He et
    # al., arXiv:1512.03385; the cosine stands for their two drops.
    "paper": Recipe(
        dataset="cifar10",
        model="resnet20",
        width=16,
        pooling=1,
        steps=10_000,
        batch_size=128,
        weight_decay=1e-4,
        augment=True,
        validation=0.1,
    ),
}


@dataclasses.dataclass(frozen=True)
class ChildResult:
    """What one child came to.

    Attributes:
        accuracy: The share of evaluation images classified correctly; NaN if
            training diverged.
        loss: The mean cross-entropy on them; NaN if training diverged.
        seconds: Wall time of building, training and evaluation.
    """

    accuracy: float
    loss: float
    seconds: float

    @property
    def diverged(self) -> bool:
        """Whether there is no finite loss."""
        return not (math.isfinite(self.loss) and math.isfinite(self.accuracy))


class ChildTrainer:
    """Trains children of one recipe; reads the data once.

    Args:
        recipe: How to train.
        data_dir: Where TFDS sets lie, see `experiments.datasets.load`.

    Raises:
        ValueError: The recipe names an unknown data set or model, or one of
            its numbers is out of range.
    """

    def __init__(self, recipe: Recipe, data_dir: str | None = None):
        self.recipe = recipe
        data = datasets.load(recipe.dataset, data_dir, recipe.validation)
        self.provenance = data.provenance
        self.classes = len(data.classes)
        pooled = {
            name: _pool(getattr(data, name).images, recipe.pooling)
            for name in ("train", "validation", "test")
        }
        statistics = datasets.channel_statistics(pooled["train"])
        self._splits = {
            name: (
                datasets.standardise(images, *statistics),
                getattr(data, name).labels,
            )
            for name, images in pooled.items()
        }
        self.input_shape = self._splits["train"][0].shape[1:]

    def train(
        self, activation: str, seed: int, evaluate_on: str = "validation"
    ) -> ChildResult:
        """Trains one child from scratch.

        Args:
            activation: What `actfn.get` takes.
            seed: Decides the first weights and the order of the images.
            evaluate_on: ``"validation"`` or ``"test"``.

        Raises:
            ValueError: The activation is not one.
        """
        start = time.perf_counter()
        keras.utils.set_random_seed(seed % 2**32)
        model = self.build(activation)
        loss = self._fit(model, seed)
        accuracy = math.nan
        if math.isfinite(loss):
            accuracy, loss = self._evaluate(model, evaluate_on)
        keras.backend.clear_session()
        return ChildResult(accuracy, loss, time.perf_counter() - start)

    def build(self, activation: str) -> keras.Model:
        """Returns a new child with the activation at each site."""
        return models.build(
            self.recipe.model,
            # Memory is no concern here: share work with the backward pass.
            activation=lambda: actfn.get(activation, recompute=False),
            classes=self.classes,
            input_shape=self.input_shape,
            width=self.recipe.width,
            weight_decay=self.recipe.weight_decay,
            batch_norm_momentum=0.9,
        )

    def _fit(self, model: keras.Model, seed: int) -> float:
        """Trains in one graph; returns the last loss, NaN if it diverged."""
        recipe = self.recipe
        images, labels = self._splits["train"]
        optimizer = keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(
                recipe.learning_rate, recipe.steps
            ),
            momentum=0.9,
            nesterov=True,
        )
        optimizer.build(model.trainable_variables)
        order = _batches(len(images), recipe.steps, recipe.batch_size, seed)

        @tf.function(autograph=False)
        def fit(images, labels, order):
            def step(index, _):
                chosen = order[index]
                batch = tf.gather(images, chosen)
                if recipe.augment:
                    batch = datasets.augment(batch, tf.stack([seed, index]))
                with tf.GradientTape() as tape:
                    logits = model(batch, training=True)
                    loss = _cross_entropy(tf.gather(labels, chosen), logits)
                    total = tf.add_n([loss, *model.losses])
                variables = [v.value for v in model.trainable_variables]
                gradients = tape.gradient(total, variables)
                optimizer.apply(gradients)
                return index + 1, loss

            def goes_on(index, loss):
                return (index < recipe.steps) & tf.math.is_finite(loss)

            return tf.while_loop(
                goes_on,
                step,
                [tf.constant(0), tf.constant(0.0)],
                parallel_iterations=1,
            )

        _, loss = fit(
            tf.constant(images), tf.constant(labels), tf.constant(order)
        )
        return float(loss)

    def _evaluate(self, model: keras.Model, split: str) -> tuple[float, float]:
        """Returns accuracy and mean cross-entropy on a split."""
        images, labels = self._splits[split]

        @tf.function(autograph=False, reduce_retracing=True)
        def predict(images):
            return model(images, training=False)

        logits = tf.concat(
            [
                predict(tf.constant(images[start : start + _EVALUATION_BATCH]))
                for start in range(0, len(images), _EVALUATION_BATCH)
            ],
            axis=0,
        )
        hits = np.argmax(logits, axis=-1) == labels
        return float(hits.mean()), float(_cross_entropy(labels, logits))


def _cross_entropy(labels, logits):
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, tf.cast(logits, tf.float32)
        )
    )


def _batches(images: int, steps: int, batch: int, seed: int) -> np.ndarray:
    """Returns the images of each step: epochs in random order, end to end."""
    rng = np.random.default_rng(seed)
    epochs = math.ceil(steps * batch / images)
    order = np.concatenate([rng.permutation(images) for _ in range(epochs)])
    return order[: steps * batch].reshape(steps, batch).astype(np.int32)


def _pool(images: np.ndarray, side: int) -> np.ndarray:
    """Averages over squares; a rest at the lower and right edge is cut off."""
    if side == 1:
        return images
    count, height, width, channels = images.shape
    rows, columns = height // side, width // side
    if not rows or not columns:
        raise ValueError(
            f"`pooling` must not exceed the images' side, {min(height, width)}."
            f" Received: {side}"
        )
    images = images[:, : rows * side, : columns * side]
    squares = images.reshape(count, rows, side, columns, side, channels)
    return np.round(squares.mean(axis=(2, 4))).astype(np.uint8)
