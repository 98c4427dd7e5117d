"""Translation with a trained Transformer by beam search.

Sources: Vaswani et al., arXiv:1706.03762, section 6.1 (width 4, length penalty
0.6, outputs of up to the length of the input plus 50); the penalty is that of
Wu et al., arXiv:1609.08144, equation 14.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from models.parts import check_positive
from models.transformer import PADDING

Step = Callable[[np.ndarray], np.ndarray]


def _penalty(length: int, alpha: float) -> float:
    return ((5 + length) / 6) ** alpha


def beam_search(
    step: Step,
    start: int,
    end: int,
    limit: int,
    width: int = 4,
    length_penalty: float = 0.6,
) -> list[int]:
    """Finds a likely sequence of tokens.

    A finished sequence of n tokens, with `end`, scores its log probability
    divided by ((5 + n) / 6) ** length_penalty.

    Args:
        step: From prefixes (prefixes, tokens), each beginning with `start`,
            to log probabilities of the next token (prefixes, vocabulary).
        start: The token before the first.
        end: The token after the last.
        limit: Largest number of tokens, with `end`.
        width: Number of prefixes that are kept.
        length_penalty: Exponent; larger ones favour long sequences.

    Returns:
        The best finished sequence without `start` and `end`; if none has
        finished, the best unfinished one.

    Raises:
        ValueError: If `limit` or `width` is not positive.
    """
    check_positive(limit=limit, width=width)
    prefixes = np.array([[start]])
    scores = np.zeros(1)
    best, best_score = None, -np.inf
    for length in range(1, limit + 1):
        totals = scores[:, None] + step(prefixes)
        # Every prefix may end, and still `width` others are left.
        top = np.argsort(-totals, axis=None)[: 2 * width]
        top = top[np.isfinite(totals.flat[top])]
        rows, tokens = np.unravel_index(top, totals.shape)
        for row in rows[tokens == end]:
            score = totals[row, end] / _penalty(length, length_penalty)
            if score > best_score:
                best, best_score = prefixes[row, 1:].tolist(), score
        rows, tokens = (part[tokens != end][:width] for part in (rows, tokens))
        if not len(rows):
            break
        prefixes = np.hstack([prefixes[rows], tokens[:, None]])
        scores = totals[rows, tokens]
        # Log probabilities only fall, so this is the most one can reach.
        if scores.max() / _penalty(limit, length_penalty) <= best_score:
            break
    return prefixes[0, 1:].tolist() if best is None else best


class Translator:
    """Translates with a model of `models.transformer`.

    Args:
        model: From a dict of "source" and "target" tokens to logits.
        start: Token that begins each target.
        end: Token that ends each source and target.
        width: Prefixes kept by the beam search.
        length_penalty: Exponent of the length penalty.
        extra: How many tokens a translation may be longer than its source.
    """

    def __init__(
        self,
        model: keras.Model,
        start: int,
        end: int,
        width: int = 4,
        length_penalty: float = 0.6,
        extra: int = 50,
    ) -> None:
        source, target = model.input["source"], model.input["target"]
        memory = model.get_layer("memory").output
        self._encoder = keras.Model(source, memory)
        self._decoder = keras.Model([source, memory, target], model.output)
        self._start, self._end, self._extra = start, end, extra
        self._width, self._length_penalty = width, length_penalty

    def __call__(self, source: Sequence[int]) -> list[int]:
        """Returns the translation of one sentence, without `start` and `end`.

        Args:
            source: The tokens of the sentence, with `end`.
        """
        source = np.asarray(source, "int32")
        limit = len(source) + self._extra
        # One shape for all steps, and few of them for all sentences.
        room = -(-limit // 32) * 32
        rows = np.full((self._width, room), PADDING, "int32")
        rows[:, : len(source)] = source
        memory = self._encoder.predict_on_batch(rows)

        def step(prefixes: np.ndarray) -> np.ndarray:
            target = np.full((self._width, room), PADDING, "int32")
            target[: len(prefixes), : prefixes.shape[1]] = prefixes
            logits = self._decoder.predict_on_batch([rows, memory, target])
            logits = logits[: len(prefixes), prefixes.shape[1] - 1]
            logits = logits.astype("float64")
            top = logits.max(axis=-1, keepdims=True)
            total = np.exp(logits - top).sum(axis=-1, keepdims=True)
            return logits - top - np.log(total)

        return beam_search(
            step,
            self._start,
            self._end,
            limit,
            self._width,
            self._length_penalty,
        )
