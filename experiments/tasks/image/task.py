"""Image classification as a task: a deep network without normalisation.

The child of `recipe.py` is one of its settings, to be compared with.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import layers

from experiments.tasks.base import LARGER, QUICK, Metric, Task
from experiments.tasks.candidates import Candidate
from experiments.tasks.image.child import ChildTrainer
from experiments.tasks.image.recipe import Recipe
from experiments.tasks.image.training import cross_entropy, descent_of
from experiments.tasks.training import Descent, cosine_adam, epochs, predict


@dataclasses.dataclass(frozen=True)
class Deep:
    """A plain network of convolutions, none of them normalised.

    Attributes:
        data: What the images are: their set, pooling and split.
        split: Of the held-out images: validation or test.
        width: Channels.
        depth: Convolutions of 3x3 pixels; the resolution is halved twice.
        steps: Of Adam.
        batch: Images a step.
        rate: Learning rate, falling to zero by half a cosine.
    """

    data: Recipe
    split: str
    width: int = 16
    depth: int = 10
    steps: int = 400
    batch: int = 64
    rate: float = 2e-3

    @property
    def places(self) -> float:
        """Pixels of an image, in those of the set's own images."""
        return 1 / self.data.pooling**2


@dataclasses.dataclass(frozen=True)
class Child:
    """The child of a recipe; see there."""

    data: Recipe
    split: str = "validation"

    @property
    def steps(self) -> int:
        """Of training."""
        return self.data.steps


class Image(Task):
    """See the module."""

    title = "Image classification"
    provenance = "the embedded subset of Fashion-MNIST, MIT"
    settings: ClassVar = {
        "child": Child(Recipe()),
        QUICK: Deep(Recipe(validation=0.4), "validation"),
        LARGER: Deep(Recipe(pooling=1), "test", depth=14),
    }
    metrics: ClassVar = {
        "loss": Metric("min", 2 * math.log(10), "nats an image"),
        "accuracy": Metric("max", 0.0, "share of images"),
        "area": Metric("min", 2 * math.log(10), "nats over training"),
    }

    # The last two lead the panel of `benchmark discrimination` in `LARGER`.
    baselines = (*Task.baselines, "selu", "max_tanh")

    def data(self, setting: Any) -> ChildTrainer:
        """Reads the images; the trainer holds them."""
        return ChildTrainer(setting.data)

    def build(self, setting, data, child: Candidate) -> keras.Model:
        """Returns a plain network, or the recipe's."""
        if isinstance(setting, Child):
            return data.build(child.activation)
        inputs = keras.Input(data.input_shape)
        x = inputs
        for number in range(setting.depth):
            halved = number in (setting.depth // 3, 2 * setting.depth // 3)
            x = layers.Conv2D(
                setting.width,
                3,
                2 if halved else 1,
                "same",
                kernel_initializer="he_normal",
            )(x)
            x = child.layer()(x)
        x = layers.GlobalAveragePooling2D()(x)
        return keras.Model(inputs, layers.Dense(data.classes)(x))

    def descent(self, setting, data, model, child, seed) -> Descent:
        """Descends the cross-entropy."""
        images, labels = data.images("train")
        if isinstance(setting, Child):
            return descent_of(setting.data, model, images, labels, seed)
        images, labels = tf.constant(images), tf.constant(labels)

        def loss(chosen):
            logits = model(tf.gather(images, chosen), training=True)
            return cross_entropy(tf.gather(labels, chosen), logits)

        return Descent(
            model,
            cosine_adam(setting.rate * child.rate, setting.steps),
            loss,
            epochs(len(images), setting.steps, setting.batch, seed),
        )

    def score(self, setting, data, model) -> dict[str, float]:
        """Returns accuracy and cross-entropy on the held-out images."""
        images, labels = data.images(setting.split)
        logits = predict(model, images, 500)
        return {
            "loss": float(cross_entropy(labels, logits)),
            "accuracy": float((logits.argmax(axis=-1) == labels).mean()),
        }
