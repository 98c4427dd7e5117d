"""Implicit image: a network of two coordinates learns a picture.

Every second pixel, as the black squares of a chessboard, is learnt; the score
is the peak signal-to-noise ratio on the others.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from sklearn import datasets

from experiments.tasks.base import LARGER, QUICK, Metric, Task
from experiments.tasks.candidates import (
    Candidate,
    family,
    finer,
    gaussian,
    siren,
    wire,
)
from experiments.tasks.training import Descent, cosine_adam, epochs, predict

_SIDE = 384
"""Of the square in the middle of a picture that is kept."""
_REACH = 3.0
"""Coordinates go from minus to plus this."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """How a picture is learnt.

    Attributes:
        picture: One of scikit-learn's two.
        side: The picture's, in pixels; divides 384.
        width: Of the dense layers.
        depth: How many there are.
        steps: Of Adam.
        batch: Pixels a step.
        rate: Learning rate, falling to zero by half a cosine.
    """

    picture: str
    side: int = 64
    width: int = 96
    depth: int = 4
    steps: int = 400
    batch: int = 1024
    rate: float = 3e-3


@dataclasses.dataclass(frozen=True)
class Pixels:
    """Coordinates and colours from 0 to 1: learnt ones, and others."""

    known: tuple[np.ndarray, np.ndarray]
    hidden: tuple[np.ndarray, np.ndarray]


class Implicit(Task):
    """See the module."""

    title = "Implicit image"
    provenance = (
        "the two sample pictures of scikit-learn, CC BY: china by Yann Forget, "
        "flower by dany13"
    )
    settings: ClassVar = {
        QUICK: Setting("china"),
        LARGER: Setting("flower", side=128, width=128, steps=800),
    }
    metrics: ClassVar = {
        "psnr": Metric("max", 0.0, "dB"),
        "loss": Metric("min", 1.0, "squared error"),
        "area": Metric("min", 1.0, "squared error, mean over training"),
    }
    baselines = ("relu", "gelu", "swish_1", "sin(x)")
    specials: ClassVar = {
        "siren": siren(30),
        "gaussian": gaussian(0.1),
        "wire": wire(20, 10),
        "finer": finer(30, 1 / math.sqrt(2)),
    }
    families = (
        family("siren", siren, frequency=(3, 5, 8, 12, 20), rate=(0.3, 1, 2)),
        family(
            "gaussian", gaussian,
            width=(0.1, 0.2, 0.35, 0.6, 1), rate=(0.3, 1, 2),
        ),
        family(
            "wire", wire,
            frequency=(1, 2, 4, 8), scale=(0.5, 1, 2, 4),
        ),
        family("finer", finer, frequency=(1.5, 3, 6, 12), bias=(0.7, 2, 5, 10)),
    )  # fmt: skip

    def data(self, setting: Setting) -> Pixels:
        """Reads a picture."""
        colours = picture(setting.picture, setting.side).reshape(-1, 3)
        places = np.stack(
            np.meshgrid(*[np.arange(setting.side)] * 2, indexing="ij"), axis=-1
        ).reshape(-1, 2)
        black = places.sum(axis=1) % 2 == 0
        inputs = (2 * places / (setting.side - 1) - 1) * _REACH
        inputs = inputs.astype(np.float32)
        return Pixels(
            (inputs[black], colours[black]), (inputs[~black], colours[~black])
        )

    def build(self, setting, data, child: Candidate) -> keras.Model:
        """Returns a dense network without normalisation."""
        return dense(2, setting.width, setting.depth, 3, child)

    def descent(self, setting, data, model, child, seed) -> Descent:
        """Descends the mean squared error on the known pixels."""
        inputs, colours = map(tf.constant, data.known)

        def loss(chosen):
            found = model(tf.gather(inputs, chosen), training=True)
            return tf.reduce_mean((found - tf.gather(colours, chosen)) ** 2)

        return Descent(
            model,
            cosine_adam(setting.rate * child.rate, setting.steps),
            loss,
            epochs(len(data.known[0]), setting.steps, setting.batch, seed),
        )

    def score(self, setting, data, model) -> dict[str, float]:
        """Returns squared error and PSNR on the hidden pixels."""
        inputs, colours = data.hidden
        found = predict(model, inputs, 8192).astype(np.float64)
        error = float(np.mean((found - colours) ** 2))
        return {"psnr": psnr(error), "loss": error}


def dense(
    inputs: int, width: int, depth: int, outputs: int, child: Candidate
) -> keras.Model:
    """Returns dense layers, each but the last with the activation after it."""
    layers: list = [keras.Input((inputs,))]
    for number in range(depth):
        before = width if number else inputs
        layers += [child.dense(width, before, number == 0), child.layer()]
    return keras.Sequential([*layers, child.dense(outputs, width)])


def psnr(error: float) -> float:
    """Returns the ratio of the largest value, 1, to a squared error in dB."""
    return math.inf if error == 0 else -10 * math.log10(error)


def picture(name: str, side: int) -> np.ndarray:
    """Returns the middle of a picture, averaged over squares of pixels.

    Args:
        name: One of scikit-learn's two.
        side: Of what is returned.

    Returns:
        Colours from 0 to 1, of shape (side, side, 3).

    Raises:
        ValueError: The file is missing or damaged, or the side does not fit.
    """
    if side < 1 or _SIDE % side:
        raise ValueError(f"`side` must divide {_SIDE}. Received: {side}")
    file = f"{name}.jpg"
    try:
        pixels = datasets.load_sample_image(file)
    except (OSError, AttributeError, SyntaxError) as error:
        raise ValueError(
            f"The picture {file} of scikit-learn cannot be read: {error}"
        ) from error
    rows, columns = ((size - _SIDE) // 2 for size in pixels.shape[:2])
    middle = pixels[rows : rows + _SIDE, columns : columns + _SIDE]
    if middle.shape != (_SIDE, _SIDE, 3):
        raise ValueError(
            f"The picture {file} of scikit-learn must have at least {_SIDE} "
            f"pixels a side and three colours. Received: {pixels.shape}"
        )
    square = _SIDE // side
    squares = middle.reshape(side, square, side, square, 3)
    return (squares.mean(axis=(1, 3)) / 255).astype(np.float32)
