"""The recurrent controller: a distribution over token strings."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

MASK = -1e9
"""Logit of a choice that a position does not have; its probability is 0."""


class Controller:
    """A one-layer LSTM that chooses the tokens one after the other.

    Each choice is a softmax over the choices of its position and is fed to the
    next step through an embedding, as in arXiv:1611.01578 and
    arXiv:1707.07012 (appendix A.1). The object holds the structure and its
    compiled functions; the weights are arguments, so that any number of
    policies (many seeds) share one compilation. It runs on the CPU: the matrix
    products are tiny.

    Args:
        token_sizes: Number of choices of each position.
        units: Width of the LSTM and of the embedding.
    """

    def __init__(self, token_sizes: Sequence[int], units: int = 100):
        if keras.backend.backend() != "tensorflow":
            raise ValueError(
                "The controller needs Keras's backend to be 'tensorflow'. "
                f"Received: {keras.backend.backend()!r}"
            )
        self.token_sizes = tuple(token_sizes)
        self.units = units
        total = sum(self.token_sizes)
        ends = np.cumsum(self.token_sizes)
        self._offsets = ends - np.array(self.token_sizes)
        self._mask = np.full((len(ends), total), MASK, np.float32)
        for row, start, end in zip(
            self._mask, self._offsets, ends, strict=True
        ):
            row[start:end] = 0.0
        self._embedding = keras.layers.Embedding(
            total + 1, units, dtype="float32"
        )
        self._cell = keras.layers.LSTMCell(units, dtype="float32")
        self._head = keras.layers.Dense(total, dtype="float32")
        with tf.device("CPU"):
            self._embedding.build()
            self._cell.build((None, units))
            self._head.build((None, units))
        self.variables = [
            variable
            for layer in (self._embedding, self._cell, self._head)
            for variable in layer.trainable_variables
        ]
        width = len(self.token_sizes)
        weights = [tf.TensorSpec(v.shape, tf.float32) for v in self.variables]
        self._sample = tf.function(
            self._sample_graph,
            [weights, tf.TensorSpec((None, width), tf.float32)],
            autograph=False,
        )
        self._score = tf.function(
            self.log_probs_and_entropies,
            [weights, tf.TensorSpec((None, width), tf.int32)],
            autograph=False,
        )

    def initial_weights(self, seed: int) -> list[tf.Tensor]:
        """Returns weights uniform in (-0.1, 0.1), NASNet's initialisation."""
        rng = np.random.default_rng((seed, 1))
        with tf.device("CPU"):
            return [
                tf.constant(rng.uniform(-0.1, 0.1, v.shape), tf.float32)
                for v in self.variables
            ]

    def sample(
        self, weights: list[tf.Tensor], noise: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws token strings.

        Args:
            weights: As from `initial_weights`.
            noise: Uniform numbers in [0, 1), shape ``(batch, positions)``;
                the same noise gives the same strings.

        Returns:
            Tokens ``(batch, positions)`` and the natural logarithm of each
            string's probability ``(batch,)``.
        """
        tokens, log_probs = self._sample(weights, noise.astype(np.float32))
        return tokens.numpy(), log_probs.numpy()

    def score(
        self, weights: list[tf.Tensor], tokens: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns log-probabilities and entropies, each ``(batch,)``.

        The entropy is the sum over the positions of that of the choice there,
        given the tokens before it, in nats.
        """
        log_probs, entropies = self._score(weights, tokens.astype(np.int32))
        return log_probs.numpy(), entropies.numpy()

    def log_probs_and_entropies(
        self, weights: list[tf.Tensor], tokens: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """`score` on tensors, to be differentiated inside a `tf.function`."""
        choices = tokens + self._offsets.astype(np.int32)
        with tf.device("CPU"), self._with(weights):
            outputs, states = [], self._start(tf.shape(tokens)[0])
            for position in range(len(self.token_sizes)):
                output, states = self._step(choices, position, states)
                outputs.append(output)
            logits = self._head(tf.stack(outputs, axis=1)) + self._mask
        log_probs = tf.nn.log_softmax(logits)
        chosen = tf.gather(log_probs, choices, batch_dims=2)
        entropies = -tf.reduce_sum(tf.exp(log_probs) * log_probs, axis=-1)
        return tf.reduce_sum(chosen, 1), tf.reduce_sum(entropies, 1)

    def _sample_graph(self, weights, noise):
        with tf.device("CPU"), self._with(weights):
            batch = tf.shape(noise)[0]
            choices, chosen, states = [], [], self._start(batch)
            for position, size in enumerate(self.token_sizes):
                before = tf.stack(choices, axis=1) if choices else None
                output, states = self._step(before, position, states)
                start = self._offsets[position]
                logits = self._head(output)[:, start : start + size]
                token = _inverse_cdf(logits, noise[:, position])
                log_probs = tf.nn.log_softmax(logits)
                chosen.append(tf.gather(log_probs, token, batch_dims=1))
                choices.append(token + int(start))
        tokens = tf.stack(choices, axis=1) - self._offsets.astype(np.int32)
        return tokens, tf.add_n(chosen)

    def _with(self, weights):
        pairs = list(zip(self.variables, weights, strict=True))
        return keras.StatelessScope(state_mapping=pairs)

    def _start(self, batch):
        return [tf.zeros((batch, self.units))] * 2

    def _step(self, choices, position, states):
        """Feeds the choice before `position`, or the start symbol."""
        if position:
            before = choices[:, position - 1]
        else:
            rows = tf.shape(states[0])[0]
            before = tf.fill([rows], sum(self.token_sizes))
        return self._cell(self._embedding(before), states)


def _inverse_cdf(logits: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Returns, for each row, the choice in whose share the noise falls."""
    shares = tf.cumsum(tf.nn.softmax(logits), axis=-1)
    below = shares[:, :-1] <= noise[:, None]
    return tf.reduce_sum(tf.cast(below, tf.int32), axis=-1)


@functools.lru_cache(maxsize=16)
def shared_controller(token_sizes: tuple[int, ...], units: int) -> Controller:
    """Returns the one controller of this structure."""
    return Controller(token_sizes, units)
