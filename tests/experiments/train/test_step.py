import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from experiments.train.averaging import WeightAverage
from experiments.train.step import Learner


def learned(task, recipe, strategy):
    keras.utils.set_random_seed(0)
    learner = Learner(task, recipe, keras.layers.ReLU, 0.1, strategy)
    batches = learner.distribute(task.batches(0, 0))
    losses = [
        float(learner.step(number, *batch))
        for number, batch in zip(range(3), batches, strict=False)
    ]
    return losses, learner


def test_a_step_minimises_loss_and_weight_decay(task, quick):
    _, learner = learned(task, quick, tf.distribute.get_strategy())
    inputs, targets = next(iter(task.batches(3, 0)))
    outputs = learner.model(inputs, training=True)
    plain = float(task.loss(outputs, targets))
    total = plain + float(sum(learner.model.losses))
    assert float(learner.step(3, inputs, targets)) == pytest.approx(
        total, rel=1e-4
    )
    assert total > plain


def test_mirrored_training_runs_through_the_same_step(task, quick):
    alone, _ = learned(task, quick, tf.distribute.get_strategy())
    mirrored = tf.distribute.MirroredStrategy(["CPU:0"])
    together, _ = learned(task, quick, mirrored)
    np.testing.assert_allclose(together, alone, rtol=1e-4)


def test_clipping_limits_the_gradient(task, change):
    recipe = change(clip_norm=1e-6, momentum=0.0)
    _, learner = learned(task, recipe, tf.distribute.get_strategy())
    before = [v.numpy() for v in learner.model.trainable_variables]
    learner.step(3, *next(iter(task.batches(3, 0))))
    after = [v.numpy() for v in learner.model.trainable_variables]
    moved = np.sqrt(
        sum(np.sum((a - b) ** 2) for a, b in zip(after, before, strict=True))
    )
    assert moved <= 1.1e-7


def test_mixed_precision_keeps_weights_and_scales_the_loss(task, quick):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        losses, learner = learned(task, quick, tf.distribute.get_strategy())
    finally:
        keras.config.set_dtype_policy("float32")
    assert isinstance(learner.optimizer, keras.optimizers.LossScaleOptimizer)
    assert {v.dtype for v in learner.model.trainable_variables} == {"float32"}
    assert np.isfinite(losses).all()


def test_the_average_follows_the_formula():
    variable = keras.Variable([1.0, -2.0])
    average = WeightAverage([variable], 0.5)
    expected = np.array([1.0, -2.0])
    for step, value in enumerate(([3.0, 0.0], [5.0, 1.0], [0.0, 0.0])):
        variable.assign(value)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * np.array(value)
    np.testing.assert_allclose(average.variables[0].numpy(), expected, 1e-6)
    with average.applied():
        np.testing.assert_allclose(variable.numpy(), expected, 1e-6)
    np.testing.assert_array_equal(variable.numpy(), [0.0, 0.0])


def test_dropout_is_part_of_what_a_checkpoint_holds(task, change):
    recipe = dataclasses.replace(
        change(),
        model="wide_resnet",
        model_options={"depth": 10, "width": 1, "dropout": 0.5},
    )
    other = type(task)(recipe)
    _, learner = learned(other, recipe, tf.distribute.get_strategy())
    kinds = {variable.dtype for variable in learner.variables}
    # The states of the random generators are integers.
    assert tf.uint32 in kinds or tf.int64 in kinds


def on_two_devices(word):
    """Returns what two_replicas.py prints."""
    program = pathlib.Path(__file__).with_name("two_replicas.py")
    done = subprocess.run(
        [sys.executable, program, word],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_two_devices_come_to_the_same_weights_as_one(recipe):
    text = recipe.read_text() + "clip_norm = 0.5\n"
    recipe.write_text(text)
    alone, together = on_two_devices(recipe)
    np.testing.assert_allclose(together["losses"], alone["losses"], rtol=1e-4)
    first, second = together["weights"]
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, alone["weights"][0], atol=1e-5)


@pytest.mark.slow
def test_tokens_count_alike_however_sentences_are_divided():
    """A replica may have none of the three."""
    alone, *divided = on_two_devices("sentences")
    assert len(divided) == 3
    np.testing.assert_allclose(divided, alone, rtol=1e-5)
