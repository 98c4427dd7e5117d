"""A small model of one's own, as the notebooks and the guide search with it.

Copy it and put your layers in: all that the search needs is an activation
taken from the hyperparameters, a new layer at each site.
"""

import keras
from keras import layers

import actfn


def build(hp) -> keras.Model:
    """Builds and compiles a small convolutional network.

    Args:
        hp: Of Keras Tuner, with the activation's text as "activation" and the
            trial's seed as "seed".

    Returns:
        A compiled model from (batch, 28, 28, 1) to logits (batch, 10).
    """
    keras.utils.set_random_seed(hp.get("seed"))
    activation = hp.get("activation")
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (8, 16, 32):
        model.add(layers.Conv2D(filters, 3, strides=2, padding="same"))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(actfn.get(activation))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10))
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model
