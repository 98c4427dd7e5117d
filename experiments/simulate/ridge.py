"""A landscape over any function: random features and a ridge classifier.

A network of random weights stands for a trained one: what a function does to
the signal on its way through several layers, it does in both. Weights are
scaled as by He et al. (arXiv:1502.01852) and nothing is normalised between the
layers, so a function that explodes overflows, and one that flattens the signal
loses it. Only the last layer's linear classifier is fitted, in closed form.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import Expression, parameters

LAYERS, WIDTH = 3, 128
RIDGE = 1e-3
"""Strength of the ridge, in mean squares of the features."""
FLOOR = 0.0
"""The reward of a function that overflows."""


class RidgeLandscape:
    r"""Rewards functions by the held-out accuracy of a ridge classifier.

    Half of scikit-learn's 8x8 digits, standardised, go through `LAYERS` layers
    ``h = f(h W)`` of `WIDTH` in float32, all parameters of f being 1. On the
    features F of the last layer, centred, the one-hot labels Y are fitted by

    .. math:: (F^T F + n \lambda s^2 I)^{-1} F^T Y

    with the mean square s^2 of the features before centring: what varies less
    than the ridge allows for, beside what is constant, is lost. The reward is
    the share of the other half that is classified right.

    Args:
        seed: Of the split and the weights.
        runs: How many splits and weights; the next have the next seeds.
    """

    def __init__(self, seed: int = 0, runs: int = 1):
        self._next = [RidgeLandscape(seed + run) for run in range(1, runs)]
        rng = np.random.default_rng(seed)
        images, labels = load_digits(return_X_y=True)
        order = rng.permutation(len(images))
        images, self._labels = images[order], labels[order]
        self._half = half = len(images) // 2
        # Pixels that never vary are 0 before and after.
        deviation = np.maximum(images[:half].std(axis=0), 1e-3)
        images = (images - images[:half].mean(axis=0)) / deviation
        weights = [
            (rng.normal(size=(rows, WIDTH)) * (2 / rows) ** 0.5)
            for rows in (images.shape[1], *[WIDTH] * (LAYERS - 1))
        ]
        self._first = (images @ weights[0]).astype(np.float32)
        self._weights = [w.astype(np.float32) for w in weights[1:]]
        self._targets = np.eye(10)[self._labels[:half]]

    def reward(self, expression: Expression) -> float:
        """Returns the accuracy to six digits, `FLOOR` if f overflows."""
        features = self.features(expression)
        if not np.all(np.isfinite(features)):
            return FLOOR
        seen = features[: self._half].astype(np.float64)
        unseen = features[self._half :].astype(np.float64)
        centre, labels = seen.mean(axis=0), self._targets.mean(axis=0)
        ridge = len(seen) * RIDGE * np.mean(seen**2)
        seen = seen - centre
        gram = seen.T @ seen + (ridge or 1.0) * np.eye(WIDTH)
        slopes = np.linalg.solve(gram, seen.T @ (self._targets - labels))
        scores = (unseen - centre) @ slopes + labels
        right = scores.argmax(axis=1) == self._labels[self._half :]
        return round(float(right.mean()), 6)

    def runs(self, expression: Expression) -> np.ndarray:
        """Returns the reward in each run, shape (runs,)."""
        return np.array(
            [each.reward(expression) for each in (self, *self._next)]
        )

    def features(self, expression: Expression) -> np.ndarray:
        """Returns the last layer, float32 of shape (images, `WIDTH`)."""
        program = compile_expression(expression)
        betas = [np.ones((), np.float32) for _ in parameters(expression)]
        with np.errstate(all="ignore"):
            hidden = np.asarray(program.value(self._first, betas))
            for weights in self._weights:
                hidden = np.asarray(program.value(hidden @ weights, betas))
        return hidden
