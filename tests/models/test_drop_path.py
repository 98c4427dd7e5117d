import keras
import numpy as np
import pytest

from models.drop_path import ScheduledDropPath
from models.nasnet import nasnet_a


def test_drops_whole_examples_and_keeps_the_mean():
    layer = ScheduledDropPath(0.4, seed=0)
    x = np.ones((4000, 2, 3), "float32")
    y = keras.ops.convert_to_numpy(layer(x, training=True))
    assert np.all(y == y[:, :1, :1])
    assert set(np.unique(y)) == {0.0, np.float32(1) / np.float32(0.6)}
    assert y.mean() == pytest.approx(1, abs=0.05)
    assert np.all(keras.ops.convert_to_numpy(layer(x)) == 1)


def test_the_rate_grows_with_the_steps():
    layer = ScheduledDropPath(0.5, steps=4, seed=0)
    x = np.ones((2000, 1), "float32")
    dropped = [
        np.mean(keras.ops.convert_to_numpy(layer(x, training=True)) == 0)
        for _ in range(6)
    ]
    expected = [0, 0.125, 0.25, 0.375, 0.5, 0.5]
    assert dropped == pytest.approx(expected, abs=0.05)
    assert int(layer.step) == 6


def test_the_rate_grows_with_depth():
    model = nasnet_a(1, 8, "cifar", input_shape=(8, 8, 3), drop_path=0.5)
    rates = [
        layer.rate
        for layer in model.layers
        if isinstance(layer, ScheduledDropPath)
    ]
    assert sorted(set(rates)) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
