"""What the keys of a config decide, looked at from outside."""

import dataclasses
import pathlib
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from experiments.train import __main__ as program
from experiments.train import optimizers, session
from experiments.train.run import Run
from experiments.train.step import Learner


def rate(step):
    """The learning rate of a step, where an epoch has 160 images."""
    return lambda recipe: float(optimizers.schedule(recipe, 0.1, 160)(step))


def moved(recipe):
    """Where a weight is after the gradients 1, 2 and 4 at rate 0.1."""
    weight = keras.Variable([0.0])
    optimizer = optimizers.optimizer(recipe, 0.1)
    optimizer.build([weight])
    for gradient in (1.0, 2.0, 4.0):
        optimizer.apply([tf.constant([gradient])])
    return -float(weight.numpy()[0])


def sgd(momentum, nesterov=False, gradients=(1, 2, 4)):
    weight = velocity = 0.0
    for gradient in gradients:
        velocity = momentum * velocity + 0.1 * gradient
        ahead = momentum * velocity + 0.1 * gradient
        weight += ahead if nesterov else velocity
    return weight


def rmsprop(momentum=0.9, rho=0.9, epsilon=1.0):
    weight, velocity, square = 0.0, 0.0, 1.0
    for gradient in (1, 2, 4):
        square = rho * square + (1 - rho) * gradient**2
        velocity = momentum * velocity + 0.1 * gradient / np.sqrt(
            square + epsilon
        )
        weight += velocity
    return weight


def adam(beta_1=0.9, beta_2=0.98, epsilon=1.0):
    weight = mean = square = 0.0
    for step, gradient in enumerate((1, 2, 4), 1):
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        scale = np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        weight += 0.1 * scale * mean / (np.sqrt(square) + epsilon)
    return weight


def task(recipe):
    return session.make_task(recipe)


def batch(recipe):
    return next(iter(task(recipe).batches(0, 0)))


def loss(recipe):
    """Of two classes with logits 0 and 2, where the first is right."""
    logits = tf.constant([[[0.0, 2.0]]])
    labels = tf.constant([[0]])
    if recipe.preprocessing != "tokens":
        logits, labels = logits[0], labels[0]
    else:  # where token 0 is padding
        logits, labels = tf.reverse(logits, [-1]), labels + 1
    if recipe.auxiliary_weight:
        logits = {"logits": logits, "auxiliary": 2 * logits}
    return float(task(recipe).loss(logits, labels))


def convolutions(recipe):
    """The number of 3x3 convolutions and the channels of the first."""
    kernels = [
        weight.shape
        for weight in task(recipe).build(keras.layers.ReLU).weights
        if weight.shape[:2] == (3, 3)
    ]
    return len(kernels), kernels[0][-1]


def auxiliary_head(recipe):
    """Whether the model is asked to have one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "build", lambda name, **options: options)
        options = task(recipe).build(keras.layers.ReLU)
    return options.get("auxiliary_head", False)


def evaluated(recipe):
    """How many images are looked at to evaluate on the test split."""
    seen = []

    def model(images, training):
        tf.py_function(lambda n: seen.append(int(n)), [tf.shape(images)[0]], [])
        return tf.zeros((tf.shape(images)[0], 10))

    task(recipe).evaluate(model, "test")
    return sum(seen)


class Line:
    """A task of one weight."""

    provenance, examples = "none", 160

    def build(self, activation):
        return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def batches(self, start, seed):
        return tf.data.Dataset.from_tensors((tf.ones((2, 1)),) * 2).repeat()

    def loss(self, outputs, targets):
        return tf.reduce_mean(tf.square(outputs - targets))

    def evaluate(self, model, split):
        return {}


def trained_steps(recipe):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "run"
        return Run(Line(), recipe, "relu", 0.1, 0, path).train().trained_steps


def average(recipe):
    """The average of a weight that goes from 0 to 1 in step 90."""
    learner = Learner(Line(), recipe, None, 0.1, tf.distribute.get_strategy())
    if learner.average is None:
        return None
    for variable, mean in zip(
        learner.model.trainable_variables,
        learner.average.variables,
        strict=True,
    ):
        mean.assign(tf.zeros_like(mean.value))
        variable.assign(tf.ones_like(variable.value))
    learner.average.update(90)
    return float(learner.average.variables[0].numpy().ravel()[0])


def grid(recipe):
    """The learning rates that the program trains with."""
    seen = []

    class Recorder:
        def __init__(self, *arguments, **options):
            pass

        def refuse_to_repeat(self, cells):
            seen.extend(cell.learning_rate for cell in cells)

        def work(self, cells):
            return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "Session", Recorder)
        patch.setattr(program, "_config", lambda options: recipe)
        program.main(["--config", "keys"])
    return seen


def pad(recipe):
    """Whether shifted images have corners of the mean colour.

    That is 0, and no pixel of the data has it.
    """
    images, _ = batch(recipe)
    corners = images.numpy()[:, [0, 0, -1, -1], [0, -1, 0, -1], 0]
    return bool((corners == 0).any())


def colours(recipe):
    """Whether more than the crop differs from the image."""
    images, _ = batch(recipe)
    crops, _ = batch(dataclasses.replace(recipe, colour=False))
    return not np.allclose(images, crops, atol=1e-3)


def share(recipe):
    """Whether each image shows nearly all there is, without distortion."""
    original = dataclasses.replace(recipe, colour=False)
    images, _ = batch(original)
    source = task(original)._source.training(0, 0)
    whole = [
        tf.image.resize(tf.cast(raw, tf.float32), (32, 32)).numpy()
        for _, raw, _ in source.take(len(images))
    ]
    scaled = [image / 127.5 - 1 for image in whole]
    near = [
        min(np.abs(image - other).mean() for other in (plain, plain[:, ::-1]))
        for image, plain in zip(images.numpy(), scaled, strict=True)
    ]
    return bool(np.mean(near) < 0.1)


def examples(recipe):
    return task(recipe).examples
