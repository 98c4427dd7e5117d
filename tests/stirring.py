"""Makes a fresh model's logits depend on its activations."""

import keras
import numpy as np


def batch_norms(model):
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
        elif hasattr(layer, "layers"):
            yield from batch_norms(layer)


def stir(model, inputs, seed=0):
    """Randomises gamma and beta, takes moving statistics from `inputs`."""
    rng = np.random.default_rng(seed)
    for layer in batch_norms(model):
        if layer.scale:
            layer.gamma.assign(rng.uniform(0.5, 1.5, layer.gamma.shape))
        layer.beta.assign(rng.normal(0, 0.5, layer.beta.shape))
    momenta = [layer.momentum for layer in batch_norms(model)]
    for layer in batch_norms(model):
        layer.momentum = 0.0
    model(inputs, training=True)
    for layer, momentum in zip(batch_norms(model), momenta, strict=True):
        layer.momentum = momentum


def images(batch, side, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(batch, side, side, channels)).astype("float32")


def difference(one, two):
    """The largest deviation relative to the largest value."""
    one, two = (keras.ops.convert_to_numpy(values) for values in (one, two))
    return np.abs(one - two).max() / np.abs(one).max()
