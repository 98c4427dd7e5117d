"""Byte-level text: a small transformer predicts the next byte of prose.

The first nine tenths of a text are learnt; the score is the mean
cross-entropy a byte on windows of the last tenth.
"""

from __future__ import annotations

import dataclasses
import gzip
import math
import pathlib
import zlib
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

import actfn
from experiments.tasks.base import LARGER, QUICK, Metric, Task
from experiments.tasks.candidates import Candidate, family
from experiments.tasks.training import Descent, cosine_adam, predict
from models.transformer import gated_hidden

FOLDER = pathlib.Path(__file__).parents[1] / "data" / "documentation"
_BYTES = 256
_HELD_OUT = 0.1


@dataclasses.dataclass(frozen=True)
class Setting:
    """How a text is learnt.

    Attributes:
        text: A file of the folder, without its suffix.
        depth: How many blocks of attention and feed-forward layers.
        width: Of the stream between them; the feed-forward is 4 times wider,
            two thirds of that for a gate, so that parameters match.
        heads: Of attention.
        context: Bytes of a window.
        steps: Of Adam.
        batch: Windows a step.
        rate: Learning rate, falling to zero by half a cosine.
        windows: Held out, for the score.
    """

    text: str
    depth: int = 2
    width: int = 64
    heads: int = 4
    context: int = 64
    steps: int = 300
    batch: int = 32
    rate: float = 3e-3
    windows: int = 512


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The bytes that are learnt, and windows of others, one byte longer."""

    known: np.ndarray
    hidden: np.ndarray


def relu_squared(scale: float, rate: float) -> Candidate:
    """Squared ReLU by a factor, So et al., arXiv:2109.08668."""
    return Candidate(f"{scale:g} * max(x, 0) ** 2", rate=rate)


class Text(Task):
    """See the module."""

    title = "Byte-level text"
    provenance = "the documentation of Django and of Flask, BSD-3-Clause"
    settings: ClassVar = {
        QUICK: Setting("django"),
        LARGER: Setting("flask", depth=4, width=128),
    }
    metrics: ClassVar = {
        "loss": Metric("min", math.log(_BYTES), "nats a byte"),
        "area": Metric("min", math.log(_BYTES), "nats a byte over training"),
    }
    baselines = ("relu", "gelu", "swish_1", "relu_squared")
    families = (
        family(
            "relu_squared", relu_squared,
            scale=(0.25, 0.5, 1, 2), rate=(0.5, 0.7, 1, 1.4, 2),
        ),
    )  # fmt: skip

    def data(self, setting: Setting) -> Corpus:
        """Reads a text."""
        text = read(setting.text)
        cut = round(len(text) * (1 - _HELD_OUT))
        length = setting.context + 1
        rest = text[cut:]
        last = len(rest) - length
        if cut < length or last < 0:
            raise ValueError(
                f"`context` must be shorter than a tenth of the text, "
                f"{len(rest)} bytes. Received: {setting.context}"
            )
        starts = np.linspace(0, last, setting.windows).astype(int)
        hidden = np.stack([rest[start : start + length] for start in starts])
        return Corpus(text[:cut], hidden)

    def build(self, setting, data, child: Candidate) -> keras.Model:
        """Returns a transformer with layer norm before each sublayer."""
        inputs = keras.Input((setting.context,), dtype="int32")
        places = layers.Embedding(setting.context, setting.width)
        x = layers.Embedding(_BYTES, setting.width)(inputs)
        x = x + places(ops.arange(setting.context))
        hidden = 4 * setting.width
        if isinstance(child.layer(), actfn.GatedFunction):
            hidden = 2 * gated_hidden(setting.width, hidden)
        for _ in range(setting.depth):
            attend = layers.MultiHeadAttention(
                setting.heads, setting.width // setting.heads
            )
            normed = layers.LayerNormalization()(x)
            x = x + attend(normed, normed, use_causal_mask=True)
            normed = layers.LayerNormalization()(x)
            inner = layers.Dense(hidden)(normed)
            x = x + layers.Dense(setting.width)(child.layer()(inner))
        outputs = layers.Dense(_BYTES)(layers.LayerNormalization()(x))
        return keras.Model(inputs, outputs)

    def descent(self, setting, data, model, child, seed) -> Descent:
        """Descends the cross-entropy on random windows."""
        text = tf.constant(data.known)
        last = len(data.known) - setting.context - 1
        starts = np.random.default_rng(seed).integers(
            last + 1, size=(setting.steps, setting.batch), dtype=np.int32
        )
        window = tf.range(setting.context + 1)

        def loss(chosen):
            found = tf.gather(text, chosen[:, None] + window)
            found = tf.cast(found, tf.int32)
            return cross_entropy(model(found[:, :-1], training=True), found)

        optimizer = cosine_adam(setting.rate * child.rate, setting.steps)
        return Descent(model, optimizer, loss, starts)

    def score(self, setting, data, model) -> dict[str, float]:
        """Returns the cross-entropy on the held-out windows."""
        inputs = data.hidden[:, :-1].astype(np.int32)
        logits = predict(model, inputs, 128)
        return {"loss": float(cross_entropy(logits, data.hidden))}


def cross_entropy(logits, windows) -> tf.Tensor:
    """Returns the mean over all bytes but the first of each window."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.cast(windows[:, 1:], tf.int32), logits
        )
    )


def read(name: str) -> np.ndarray:
    """Returns the bytes of a text of the folder.

    Raises:
        ValueError: Its file is missing or damaged.
    """
    path = FOLDER / f"{name}.txt.gz"
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"The text {path} cannot be read: {error}") from error
    if not content:
        raise ValueError(f"The text {path} is empty.")
    return np.frombuffer(content, np.uint8)
