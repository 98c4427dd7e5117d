"""A task outside the package: one unit learns a parabola.

As a program it is `experiments.search` that knows the task.
"""

import dataclasses
import sys
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from experiments import tasks
from experiments.search import __main__ as search
from experiments.tasks.base import Metric, Task
from experiments.tasks.candidates import Candidate, family
from experiments.tasks.implicit import dense
from experiments.tasks.training import Descent, cosine_adam, epochs, predict


@dataclasses.dataclass(frozen=True)
class Setting:
    width: int
    steps: int = 5


PLACE = "tests.experiments.toy_task:Toy"


def tanh(scale, rate):
    return Candidate(f"tanh({scale:g} * x)", rate=rate)


class Toy(Task):
    title = "A parabola"
    provenance = "none"
    settings: ClassVar = {"quick": Setting(4), "larger": Setting(6)}
    metrics: ClassVar = {
        "error": Metric("min", 1e3, "squared"),
        "area": Metric("min", 1e3, "squared"),
    }
    baselines = ("relu", "tanh")
    families = (family("tanh", tanh, scale=(0.5, 1, 2), rate=(1, 2)),)

    def data(self, setting):
        x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
        return x, x**2

    def build(self, setting, data, child) -> keras.Model:
        return dense(1, setting.width, 1, 1, child)

    def descent(self, setting, data, model, child, seed):
        x, y = map(tf.constant, data)

        def loss(chosen):
            found = model(tf.gather(x, chosen), training=True)
            return tf.reduce_mean((found - tf.gather(y, chosen)) ** 2)

        order = epochs(64, setting.steps, 16, seed)
        return Descent(model, cosine_adam(0.01, setting.steps), loss, order)

    def score(self, setting, data, model):
        found = predict(model, data[0], 64)
        return {"error": float(np.mean((found - data[1]) ** 2))}


if __name__ == "__main__":
    tasks.REGISTRY["toy"] = PLACE
    sys.exit(search.main())
