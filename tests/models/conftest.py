import functools

import keras
import numpy as np
import pytest

import actfn
import models
from experiments import datasets


@pytest.fixture(scope="session")
def swish_model():
    """Builds each model at full size once, with Swish."""
    return functools.cache(
        lambda name, **options: models.build(
            name, activation=lambda: actfn.get("swish"), **options
        )
    )


@pytest.fixture(scope="session")
def clothes():
    """Returns real images of a size and channel count, with labels."""
    split = datasets.load(datasets.SUBSET).train

    def scaled(side, channels, count=16):
        images = keras.ops.image.resize(
            split.images[:count].astype("float32"), (side, side), antialias=True
        )
        images = keras.ops.convert_to_numpy(images)
        images = images / 127.5 - 1
        return np.repeat(images, channels, axis=-1), split.labels[:count]

    return scaled
