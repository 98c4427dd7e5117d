"""Children of one task trained at once, by products of stacked matrices.

`benchmark population` measures what that is worth; no search does it, as
docs/scaling.md says.

python -m experiments.benchmark.parts.populations JSON
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from actfn.search import memory
from experiments import tasks
from experiments.benchmark.parts.own_process import measured
from experiments.tasks import physics
from experiments.tasks.base import QUICK
from experiments.tasks.candidates import Candidate
from experiments.tasks.training import Descent, cosine_adam, epochs


class Population(keras.Model):
    """Dense networks of one form, each with its own weights and activation.

    Child k is what `implicit.dense` makes after ``set_random_seed(seeds[k])``.
    Takes inputs of shape (children, batch, features).

    Args:
        widths: Of the inputs, the hidden layers and the outputs.
        children: One for each network.
        seeds: Of their weights.
    """

    def __init__(
        self,
        widths: Sequence[int],
        children: Sequence[Candidate],
        seeds: Sequence[int],
    ):
        super().__init__()
        shapes = [*itertools.pairwise(widths)]
        drawn = [_kernels(shapes, seed) for seed in seeds]
        self.kernels, self.biases = [], []
        for kernels in zip(*drawn, strict=True):
            stacked = np.stack(kernels)
            self.kernels.append(self._weight(stacked))
            self.biases.append(self._weight(np.zeros_like(stacked[:, :1])))
        # One for each layer but the last.
        self.activations = [
            [child.layer() for child in children] for _ in widths[2:]
        ]
        for width, layers in zip(widths[1:], self.activations, strict=False):
            for layer in layers:
                layer.build((None, width))
        self.built = True

    def _weight(self, values: np.ndarray) -> keras.Variable:
        return self.add_weight(
            shape=values.shape,
            initializer=lambda *_, **__: tf.constant(values),
        )

    def call(self, inputs, training=None):
        """Returns the outputs, of shape (children, batch, features)."""
        found = inputs
        for place, kernel in enumerate(self.kernels):
            found = tf.matmul(found, kernel.value) + self.biases[place].value
            if place < len(self.activations):
                parts = zip(
                    self.activations[place], tf.unstack(found), strict=True
                )
                found = tf.stack([layer(part) for layer, part in parts])
        return found


def _kernels(shapes, seed: int) -> list[np.ndarray]:
    keras.utils.set_random_seed(seed)
    # As layers do, each draws its own seed when it is made.
    made = [keras.initializers.HeNormal() for _ in shapes]
    return [
        make(shape).numpy() for make, shape in zip(made, shapes, strict=True)
    ]


def implicit_loss(setting, data, seeds) -> tuple[np.ndarray, Callable]:
    """Returns the batches of `tasks.implicit`, and its loss for each child."""
    inputs, colours = map(tf.constant, data.known)

    def loss(model, chosen):
        found = model(tf.gather(inputs, chosen), training=True)
        wrong = found - tf.gather(colours, chosen)
        return tf.reduce_mean(wrong**2, axis=(1, 2))

    count = len(data.known[0])
    drawn = [epochs(count, setting.steps, setting.batch, n) for n in seeds]
    return np.stack(drawn, axis=1), loss


def physics_loss(setting, data, seeds) -> tuple[np.ndarray, Callable]:
    """Returns the points of `tasks.physics`, and its loss for each child."""

    def loss(model, points):
        x, t = points[..., :1], points[..., 1:]
        solved = functools.partial(physics.solved, model)
        rest = physics.residual(solved, x, t, setting)
        return tf.reduce_mean(rest**2, axis=(1, 2))

    size = (setting.steps, setting.batch, 2)
    drawn = [
        np.random.default_rng(n).uniform((-1, 0), (1, 1), size) for n in seeds
    ]
    return np.stack(drawn, axis=1).astype(np.float32), loss


LOSSES = {"implicit": (3, implicit_loss), "physics": (1, physics_loss)}
"""Of each task that is dense: how many outputs, and the loss."""


class Descents:
    """The training of a population in one graph.

    Args:
        task: Name of the task.
        children: Texts of their functions.

    Attributes:
        losses: Of all children in each step taken, of shape (steps, children).
    """

    def __init__(self, task: str, children: Sequence[str]):
        setting = tasks.get(task).settings[QUICK]
        outputs, make = LOSSES[task]
        seeds = [0] * len(children)
        widths = (2, *[setting.width] * setting.depth, outputs)
        self._model = Population(widths, [*map(Candidate, children)], seeds)
        self._optimizer = cosine_adam(setting.rate, setting.steps)
        self._optimizer.build(self._model.trainable_variables)
        data = tasks.get(task).data(setting)
        batches, self._loss = make(setting, data, seeds)
        self._batches = tf.constant(batches)
        self._loop = tf.function(self._graph, autograph=False)
        self.losses = np.zeros((0, len(children)), np.float32)

    def run_to(self, stop: int) -> None:
        """Trains up to a step; a child that diverges goes on with NaN."""
        span = tf.constant(len(self.losses)), tf.constant(stop)
        found = self._loop(self._batches, *span).numpy()
        self.losses = np.concatenate([self.losses, found])

    def _graph(self, batches, start, stop):
        def step(index, losses):
            with tf.GradientTape() as tape:
                value = self._loss(self._model, batches[index])
            weights = [v.value for v in self._model.trainable_variables]
            # Of the sum, of which each child sees its own loss alone.
            self._optimizer.apply(tape.gradient(value, weights))
            return index + 1, losses.write(index - start, value)

        shape = (batches.shape[1],)
        losses = tf.TensorArray(tf.float32, stop - start, element_shape=shape)
        _, losses = tf.while_loop(
            lambda index, _: index < stop,
            step,
            [start, losses],
            parallel_iterations=1,
        )
        return losses.stack()


def alone(task: str, text: str) -> Descent:
    """Returns the training of the task's own child, as `Descents` have it."""
    chosen, child = tasks.get(task), Candidate(text)
    setting = chosen.settings[QUICK]
    data = chosen.data(setting)
    keras.utils.set_random_seed(0)
    model = chosen.build(setting, data, child)
    return chosen.descent(setting, data, model, child, seed=0)


def train(task: str, size: int, functions: Sequence[str]) -> dict[str, Any]:
    """Trains functions, so many at a time; one at a time is the task's child.

    Returns:
        For each function its share of the processor seconds of building,
        tracing and the first step, and of those of the other steps, and its
        last loss; and the most memory.
    """
    steps = tasks.get(task).settings[QUICK].steps
    found: dict[str, Any] = {"traced": [], "steps": [], "last": []}
    for place in range(0, len(functions), size):
        chosen = functions[place : place + size]
        with memory.released():
            times = [time.process_time()]
            made = alone(task, *chosen) if size == 1 else Descents(task, chosen)
            for stop in (1, steps):
                made.run_to(stop)
                times.append(time.process_time())
            shares = np.diff(times) / len(chosen)
            for name, share in zip(("traced", "steps"), shares, strict=True):
                found[name] += [float(share)] * len(chosen)
            found["last"] += np.ravel(made.losses[-1]).tolist()
            del made
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found | {"megabytes": kilobytes / 1024}


def measure(task: str, size: int, functions: Sequence[str]) -> dict[str, Any]:
    """Does `train` in a process of its own with one thread."""
    given = json.dumps([task, size, [*functions]])
    return measured(__spec__.name, given, threads=1)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(json.dumps(train(*json.loads(sys.argv[1]))))
