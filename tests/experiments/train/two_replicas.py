"""Trains three steps on one and on two devices; prints what they came to.

Run by test_step.py in a process of its own: the number of devices is fixed
when TensorFlow starts.
"""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

from experiments.train import config, session
from experiments.train.step import Learner


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


def main(path):
    (cpu,) = tf.config.list_physical_devices("CPU")
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, devices)
    recipe = config.load(path)
    both = [learned(recipe, names) for names in (["CPU:0"], ["CPU:0", "CPU:1"])]
    print(json.dumps(both))


if __name__ == "__main__":
    main(sys.argv[1])
