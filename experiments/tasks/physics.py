"""Physics: a network learns a solution of Burgers' equation from it alone.

u_t + u u_x = viscosity u_xx for x from -1 to 1 and t from 0 to 1, with
u(0, x) = -sin(pi x) and u = 0 at both ends (Raissi et al., arXiv:1711.10561).
The output is put between these, u = -sin(pi x) + t (1 - x^2) n(x, t),
so that only the equation has to be learnt. The score is the relative L2 error
on a grid, against a solution by SciPy.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from scipy import integrate

from experiments.tasks.base import LARGER, QUICK, Metric, Task
from experiments.tasks.candidates import Candidate, family, siren
from experiments.tasks.implicit import dense
from experiments.tasks.training import Descent, cosine_adam, predict

_INTERVALS = 512
"""Of x, in the reference solution."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """How the equation is learnt.

    Attributes:
        viscosity: Of the equation; the smaller, the steeper the front.
        width: Of the dense layers.
        depth: How many there are.
        steps: Of Adam.
        batch: Random points a step.
        rate: Learning rate, falling to zero by half a cosine.
    """

    viscosity: float
    width: int = 32
    depth: int = 4
    steps: int = 600
    batch: int = 256
    rate: float = 5e-3


@dataclasses.dataclass(frozen=True)
class Solution:
    """Points of x and t, one a row, and the solution there."""

    points: np.ndarray
    values: np.ndarray


def tanh(scale: float, rate: float) -> Candidate:
    """Tanh of a scaled input; the scale is fixed, unlike arXiv:1906.01170."""
    return Candidate(f"tanh({scale:g} * x)", rate=rate)


class Physics(Task):
    """See the module."""

    title = "Physics-informed network"
    provenance = "Burgers' equation; the reference solution is SciPy's"
    settings: ClassVar = {
        QUICK: Setting(0.1),
        LARGER: Setting(0.03, width=64, steps=1200),
    }
    metrics: ClassVar = {
        "error": Metric("min", 2.0, "relative L2 error"),
        "area": Metric("min", 1e3, "squared residual over training"),
    }
    baselines = ("relu", "gelu", "swish_1", "tanh", "sin(x)")
    families = (
        family("tanh", tanh, scale=(0.5, 1, 1.5, 2, 3), rate=(0.5, 1, 2)),
        family("siren", siren, frequency=(1, 2, 3, 5, 8), rate=(0.5, 1, 2)),
    )

    def data(self, setting: Setting) -> Solution:
        """Solves the equation."""
        x, t, values = solution(setting.viscosity)
        points = np.stack(np.meshgrid(x[::8], t, indexing="ij"), axis=-1)
        return Solution(
            points.reshape(-1, 2).astype(np.float32), values[::8].reshape(-1)
        )

    def build(self, setting, data, child: Candidate) -> keras.Model:
        """Returns a dense network without normalisation."""
        return dense(2, setting.width, setting.depth, 1, child)

    def descent(self, setting, data, model, child, seed) -> Descent:
        """Descends the mean squared residual at random points."""
        rng = np.random.default_rng(seed)
        size = (setting.steps, setting.batch, 2)
        points = rng.uniform((-1, 0), (1, 1), size).astype(np.float32)

        def loss(chosen):
            x, t = chosen[..., :1], chosen[..., 1:]
            rest = residual(functools.partial(solved, model), x, t, setting)
            return tf.reduce_mean(rest**2)

        optimizer = cosine_adam(setting.rate * child.rate, setting.steps)
        return Descent(model, optimizer, loss, points)

    def score(self, setting, data, model) -> dict[str, float]:
        """Returns the relative L2 error."""
        x, t = data.points[:, :1], data.points[:, 1:]
        found = start(x) + t * (1 - x**2) * predict(model, data.points, 4096)
        wrong = found[:, 0] - data.values
        error = np.linalg.norm(wrong) / np.linalg.norm(data.values)
        return {"error": float(error)}


def start(x):
    """Returns u(0, x), of an array or a tensor."""
    sine = tf.sin if tf.is_tensor(x) else np.sin
    return -sine(np.pi * x)


def solved(model: keras.Model, x: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """Returns u, which keeps to the start and the ends by its form."""
    network = model(tf.concat([x, t], axis=-1), training=True)
    return start(x) + t * (1 - x**2) * network


def residual(u, x: tf.Tensor, t: tf.Tensor, setting: Setting) -> tf.Tensor:
    """Returns u_t + u u_x - viscosity u_xx of a function u(x, t)."""
    with tf.GradientTape() as second:
        second.watch(x)
        with tf.GradientTape() as first:
            first.watch([x, t])
            value = u(x, t)
        u_x, u_t = first.gradient(value, [x, t], unconnected_gradients="zero")
    u_xx = second.gradient(u_x, x, unconnected_gradients="zero")
    return u_t + value * u_x - setting.viscosity * u_xx


@functools.cache
def solution(viscosity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solves the equation by central differences and SciPy's LSODA.

    Args:
        viscosity: At least 0.005, for which the grid is fine enough.

    Returns:
        x, t and u, of shape (x, t).
    """
    x = np.linspace(-1, 1, _INTERVALS + 1)
    t = np.linspace(0, 1, 51)
    step = x[1] - x[0]

    def slope(_, inner):
        u = np.pad(inner, 1)
        flow = (u[2:] ** 2 - u[:-2] ** 2) / (4 * step)
        spread = (u[2:] - 2 * u[1:-1] + u[:-2]) / step**2
        return viscosity * spread - flow

    found = integrate.solve_ivp(
        slope, (0, 1), start(x[1:-1]), "LSODA", t, rtol=1e-6, atol=1e-8,
        lband=1, uband=1,
    )  # fmt: skip
    return x, t, np.pad(found.y, ((1, 1), (0, 0)))
