"""A landscape of small networks that are trained, each function in several.

The task is to tell German from English by eight characters. No policy and no
setting of a policy was chosen on it.
"""

from __future__ import annotations

import itertools
import pathlib

import numpy as np

from actfn.expressions.evaluate import Program, compile_expression
from actfn.expressions.expression import Expression, parameters

PAIRS = pathlib.Path(__file__).parents[1] / "data/django_de_en/pairs.tsv"
LETTERS = " abcdefghijklmnopqrstuvwxyzäöüß"
LENGTH = 8
WIDTH, STEPS, BATCH = 32, 100, 64
RATE, BETA1, BETA2, EPSILON = 0.01, 0.9, 0.999, 1e-7
RUNS = 8
FLOOR = 0.0
"""The reward of a function whose network overflows in one of the runs."""


def snippets(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns one-hot snippets and their language, half to train on.

    Of each sentence, in lower case and with all but letters made blanks, the
    windows of `LENGTH` characters that do not overlap. Sentences are divided
    between the halves as pairs, so that no translation is on both sides.

    Returns:
        Inputs, float32 of shape (2, n, `LENGTH` * letters), and labels, int of
        shape (2, n), 1 for German; the languages are equally frequent.
    """
    rng = np.random.default_rng(seed)
    lines = PAIRS.read_text(encoding="utf-8").splitlines()
    lines = [lines[i] for i in rng.permutation(len(lines))]
    middle = len(lines) // 2
    halves = []
    for part in (lines[:middle], lines[middle:]):
        for language in zip(*(line.split("\t") for line in part), strict=True):
            found = np.array([w for text in language for w in _windows(text)])
            halves.append(found[rng.permutation(len(found))])
    size = min(map(len, halves))
    codes = np.stack([each[:size] for each in halves]).reshape(2, -1, LENGTH)
    inputs = np.eye(len(LETTERS), dtype=np.float32)[codes]
    labels = np.tile(np.repeat([0, 1], size), (2, 1))
    return inputs.reshape(*codes.shape[:2], -1), labels


def _windows(text: str):
    plain = "".join(c if c in LETTERS else " " for c in text.lower())
    codes = [LETTERS.index(c) for c in " ".join(plain.split())]
    for start in range(0, len(codes) - LENGTH + 1, LENGTH):
        yield codes[start : start + LENGTH]


class PerceptronLandscape:
    r"""Rewards functions by the held-out accuracy of trained perceptrons.

    A network ``softmax(f(f(x W1) W2) W3)`` of width `WIDTH`, He-normal weights
    (arXiv:1502.01852), no biases and nothing normalised, all parameters of f
    being 1, is trained on the cross-entropy by `STEPS` steps of Adam
    (arXiv:1412.6980) on `BATCH` snippets, in float32. The reward is the share
    of the other half that it tells right, mean of `RUNS` runs of different
    weights and batches; all functions have the same ones.

    Args:
        runs: How many runs.
    """

    def __init__(self, runs: int = RUNS):
        (self._seen, self._unseen), (self._labels, self._truth) = snippets()
        rng = np.random.default_rng(1)
        sizes = (self._seen.shape[1], WIDTH, WIDTH, 2)
        self._start = [
            rng.normal(0, (2 / rows) ** 0.5, (runs, rows, columns)).astype("f")
            for rows, columns in itertools.pairwise(sizes)
        ]
        # `LENGTH` of the inputs are 1, all others 0: as if of unit variance.
        self._start[0] *= np.float32((sizes[0] / LENGTH) ** 0.5)
        shape = (STEPS, runs, BATCH)
        self._batches = rng.integers(0, len(self._labels), shape)

    def runs(self, expression: Expression) -> np.ndarray:
        """Returns each run's accuracy, `FLOOR` where it overflows."""
        program = compile_expression(expression)
        betas = [np.ones((), np.float32) for _ in parameters(expression)]
        with np.errstate(all="ignore"):
            weights = self._train(program, betas)
            layers, _ = _forward(program, betas, self._unseen, weights)
        logits = layers[-1]
        fine = np.isfinite(logits).all(axis=(1, 2))
        right = np.mean(logits.argmax(axis=2) == self._truth, axis=1)
        return np.where(fine, right, FLOOR)

    def _train(self, program: Program, betas: list) -> list[np.ndarray]:
        weights = [w.copy() for w in self._start]
        moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
        for step, rows in enumerate(self._batches, 1):
            layers, slopes = _forward(program, betas, self._seen[rows], weights)
            if not np.isfinite(layers[-1]).any():
                break
            gradients = _backward(layers, slopes, weights, self._labels[rows])
            rate = RATE * (1 - BETA2**step) ** 0.5 / (1 - BETA1**step)
            for w, g, (m, v) in zip(weights, gradients, moments, strict=True):
                m += (1 - BETA1) * (g - m)
                v += (1 - BETA2) * (g * g - v)
                w -= np.float32(rate) * m / (np.sqrt(v) + np.float32(EPSILON))
        return weights


def _forward(program, betas, inputs, weights):
    """Returns inputs of the layers with the logits, and the slopes of f."""
    layers, slopes = [inputs], []
    for w in weights[:-1]:
        value, slope = program.value_and_slope(layers[-1] @ w, betas)
        layers.append(value)
        slopes.append(slope)
    return [*layers, layers[-1] @ weights[-1]], slopes


def _backward(layers, slopes, weights, labels):
    """Returns the gradients of the mean cross-entropy by the weights."""
    logits = layers[-1] - layers[-1].max(axis=2, keepdims=True)
    shares = np.exp(logits)
    shares /= shares.sum(axis=2, keepdims=True)
    error = (shares - np.eye(2, dtype="f")[labels]) / labels.shape[1]
    gradients = []
    for index in reversed(range(len(weights))):
        gradients.append(np.swapaxes(layers[index], 1, 2) @ error)
        if index:
            error = error @ np.swapaxes(weights[index], 1, 2)
            error = error * slopes[index - 1]
    return gradients[::-1]
