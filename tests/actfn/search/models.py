"""Three small models with their data, as users of any backend have them."""

import keras
import numpy as np
from keras import layers, ops

import actfn

CLASSES = 3
EAGERLY = keras.backend.backend() == "tensorflow"
"""Without a graph, whose making takes longer than the few steps of a test."""


def examples(count=96, seed=0):
    """Images (count, 8, 8, 1) whose class is where the light is."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, count)
    x = rng.normal(0, 0.3, (count, 8, 8, 1)).astype("float32")
    x[np.arange(count), 2 * y + 1] += 1
    return x, y


def compiled(model, **options):
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **{"run_eagerly": EAGERLY, **options},
    )
    return model


def mlp(hp):
    """A sequential network on (batch, 64)."""
    return compiled(
        keras.Sequential(
            [
                layers.Dense(8),
                actfn.get(hp.get("activation")),
                layers.Dense(CLASSES),
            ]
        )
    )


def cnn(hp):
    """A functional network on (batch, 8, 8, 1), trained in a graph."""
    inputs = x = keras.Input((8, 8, 1))
    for filters in (4, 8):
        x = layers.Conv2D(filters, 3, strides=2, padding="same")(x)
        x = actfn.get(hp.get("activation"))(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(CLASSES)(x))
    return compiled(model, run_eagerly=False)


def transformer(hp):
    """One block on (batch, 8) tokens."""
    inputs = keras.Input((8,), dtype="int32")
    x = layers.Embedding(16, 8)(inputs)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    hidden = actfn.get(hp.get("activation"))(layers.Dense(16)(x))
    x = layers.LayerNormalization()(x + layers.Dense(8)(hidden))
    x = layers.GlobalAveragePooling1D()(x)
    return compiled(keras.Model(inputs, layers.Dense(CLASSES)(x)))


class Tokens(keras.utils.PyDataset):
    """Batches of sequences whose class is their commonest token."""

    def __init__(self, batches=6, seed=0):
        super().__init__()
        self._batches, self._seed = batches, seed

    def __len__(self):
        return self._batches

    def __getitem__(self, index):
        rng = np.random.default_rng((self._seed, index))
        y = rng.integers(0, CLASSES, 16)
        x = rng.integers(3, 16, (16, 8))
        x[:, ::2] = y[:, None]
        return ops.convert_to_numpy(x).astype("int32"), y
