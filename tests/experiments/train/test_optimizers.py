import keras
import numpy as np
import pytest

from experiments.train import config
from experiments.train.optimizers import RMSProp, Schedule, optimizer, schedule


def tensorflow_1_rmsprop(start, gradients, rates, rho, momentum, epsilon, ms0):
    """Transcribed from tensorflow/python/training/rmsprop.py, in float64."""
    weights = start.astype("float64")
    mean_square, step = np.full_like(weights, ms0), np.zeros_like(weights)
    for gradient, rate in zip(gradients.astype("float64"), rates, strict=True):
        mean_square = rho * mean_square + (1 - rho) * gradient**2
        step = momentum * step + rate * gradient / np.sqrt(
            mean_square + epsilon
        )
        weights = weights - step
    return weights


def trained(optimizer, start, gradients):
    variable = keras.Variable(start)
    optimizer.build([variable])
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return keras.ops.convert_to_numpy(variable)


@pytest.mark.parametrize("epsilon", [1.0, 1e-3])
@pytest.mark.parametrize("mean_square", [1.0, 0.0])
def test_rmsprop_is_that_of_tensorflow_1(epsilon, mean_square):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 3)).astype("float32")
    gradients = rng.normal(size=(100, 4, 3)).astype("float32")
    rates = 0.01 * 0.94 ** (np.arange(100) // 20)
    rate = Schedule("exponential", 0.01, decay=0.94, decay_steps=20)
    ours = trained(
        RMSProp(rate, epsilon=epsilon, initial_mean_square=mean_square),
        start,
        gradients,
    )
    expected = tensorflow_1_rmsprop(
        start, gradients, rates, 0.9, 0.9, epsilon, mean_square
    )
    np.testing.assert_allclose(ours, expected, atol=1e-6, rtol=1e-6)


def test_rmsprop_without_the_first_mean_square_is_that_of_keras():
    rng = np.random.default_rng(1)
    start = rng.normal(size=(5,)).astype("float32")
    gradients = rng.normal(size=(10, 5)).astype("float32")
    ours = RMSProp(0.01, epsilon=1e-3, initial_mean_square=0.0)
    theirs = keras.optimizers.RMSprop(0.01, 0.9, 0.9, epsilon=1e-3)
    plain = RMSProp(0.01, epsilon=1e-3)
    expected = trained(theirs, start, gradients)
    np.testing.assert_array_equal(trained(ours, start, gradients), expected)
    assert np.abs(trained(plain, start, gradients) - expected).max() > 1e-3


def test_the_first_step_of_keras_is_longer():
    gradients = np.full((1, 1), 1e-3, "float32")
    start = np.zeros(1, "float32")
    steps = [
        trained(RMSProp(1.0, initial_mean_square=first), start, gradients)
        for first in (0.0, 1.0)
    ]
    np.testing.assert_allclose(steps[0] / steps[1], 1.9**0.5, rtol=1e-4)


def test_rmsprop_survives_its_config():
    original = RMSProp(0.1, initial_mean_square=0.5)
    copy = RMSProp.from_config(original.get_config())
    assert copy.get_config() == original.get_config()


def values(rate, steps):
    return [float(rate(step)) for step in steps]


def test_resnet_rates():
    recipe = config.load("cifar10_resnet164")
    rate = schedule(recipe, 0.1, 50_000)
    steps = [0, 399, 400, 31_999, 32_000, 47_999, 48_000, 63_999]
    expected = [0.01, 0.01, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    np.testing.assert_allclose(values(rate, steps), expected, rtol=1e-5)


def test_wide_resnet_rates_drop_at_epochs_60_120_and_160():
    rate = schedule(config.load("cifar10_wide_resnet_28_10"), 0.1, 50_000)
    epoch = 50_000 / 128
    steps = [round(epoch * e) for e in (59, 61, 119, 121, 159, 161)]
    expected = [0.1, 0.02, 0.02, 0.004, 0.004, 0.0008]
    np.testing.assert_allclose(values(rate, steps), expected, rtol=1e-5)


def test_imagenet_rates_are_a_staircase_of_epochs():
    rate = schedule(config.load("imagenet_inception_v3"), 0.045, 1_281_167)
    epoch = 1_281_167 / 1600
    steps = [0, int(1.99 * epoch), int(2.01 * epoch), int(20.1 * epoch)]
    expected = 0.045 * 0.94 ** np.array([0, 0, 1, 10])
    np.testing.assert_allclose(values(rate, steps), expected, rtol=1e-4)


def test_noam_rates():
    rate = schedule(config.load("wmt14_transformer_base"), 1.0, 1)
    steps = np.array([1, 10, 3999, 4000, 4001, 100_000])
    expected = 512**-0.5 * np.minimum(steps**-0.5, steps * 4000**-1.5)
    np.testing.assert_allclose(values(rate, steps - 1), expected, rtol=1e-4)


def test_a_floor_holds():
    rate = Schedule("exponential", 1.0, decay=0.1, decay_steps=1, floor=0.01)
    np.testing.assert_allclose(values(rate, [0, 1, 2, 9]), [1, 0.1, 0.01, 0.01])


def test_published_constants():
    rmsprop = optimizer(config.load("imagenet_nasnet_a_mobile"), 0.1)
    assert isinstance(rmsprop, RMSProp)
    assert (rmsprop.rho, rmsprop.momentum, rmsprop.epsilon) == (0.9, 0.9, 1)
    assert rmsprop.global_clipnorm == 10
    adam = optimizer(config.load("wmt14_transformer_base"), 0.1)
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.9, 0.98, 1e-9)
    sgd = optimizer(config.load("cifar100_densenet_100_12"), 0.1)
    assert (sgd.momentum, sgd.nesterov) == (0.9, True)
