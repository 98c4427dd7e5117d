"""Trains three steps on one and on two devices; prints what they came to.

With "sentences" in the place of a recipe: the loss of a batch of sentences, and
that of two devices by how the batch is divided among them.

Run by test_step.py in a process of its own: the number of devices is fixed
when TensorFlow starts.
"""

import json
import sys
import types

import keras
import numpy as np
import tensorflow as tf

from experiments.train import config, session
from experiments.train.step import Learner
from experiments.train.translation import TranslationTask


def learned(recipe, devices):
    keras.utils.set_random_seed(0)
    strategy = tf.distribute.get_strategy()
    if len(devices) > 1:
        strategy = tf.distribute.MirroredStrategy(devices)
    task = session.make_task(recipe)
    learner = Learner(task, recipe, keras.layers.ReLU, 0.1, strategy)
    # Batch norm would see half of a batch on each device.
    for layer in learner.model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    batches = learner.distribute(task.batches(0, 0))
    losses = [
        float(learner.step(number, *batch))
        for number, batch in zip(range(3), batches, strict=False)
    ]
    values = [v.value for v in learner.model.trainable_variables]
    values += [v.value for v in learner.average.variables]
    copies = [
        [np.ravel(x.numpy()) for x in getattr(v, "values", [v])] for v in values
    ]
    flat = [np.concatenate(each) for each in zip(*copies, strict=True)]
    return {"losses": losses, "weights": [x.tolist() for x in flat]}


def losses_of_sentences():
    """Returns the loss of all, and those of two replicas by their shares."""
    task = object.__new__(TranslationTask)
    task._config = types.SimpleNamespace(label_smoothing=0.1)
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(3, 4, 7)).astype("float32")
    targets = np.array([[5, 3, 0, 0], [4, 5, 6, 3], [3, 0, 0, 0]], "int32")
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    @tf.function(autograph=False, reduce_retracing=True)
    def spread(values):
        losses = strategy.run(task.loss, values)
        return strategy.reduce("MEAN", losses, axis=None)

    found = [float(task.loss(outputs, targets))]
    for first in (3, 2, 1):
        parts = [slice(0, first), slice(first, 3)]
        values = [
            strategy.experimental_distribute_values_from_function(
                lambda context, of=of, parts=parts: tf.constant(
                    of[parts[context.replica_id_in_sync_group]]
                )
            )
            for of in (outputs, targets)
        ]
        found.append(float(spread(values)))
    return found


def main(path):
    (cpu,) = tf.config.list_physical_devices("CPU")
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, devices)
    if path == "sentences":
        print(json.dumps(losses_of_sentences()))
        return
    recipe = config.load(path)
    both = [learned(recipe, names) for names in (["CPU:0"], ["CPU:0", "CPU:1"])]
    print(json.dumps(both))


if __name__ == "__main__":
    main(sys.argv[1])
