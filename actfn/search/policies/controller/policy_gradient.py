"""What PPO and REINFORCE share: the controller, the baseline, the batches."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from actfn.expressions.expression import Expression
from actfn.search.checks import check_count, check_finite
from actfn.search.policies.base import BasePolicy, pack_array, unpack_array
from actfn.search.policies.controller.baseline import Baseline
from actfn.search.policies.controller.network import shared_controller
from actfn.search.policies.controller.rank_scores import SCORES
from actfn.search.policies.controller.train_step import Loss, compiled_step
from actfn.search.policies.novelty import Proposed
from actfn.spaces.grammar import SearchSpace

_SAMPLES = 256  # strings on which `statistics` estimates its means
_TRIES = 32  # strings at most until one is of a new function
_AT_ONCE = 8  # of these are drawn together

_Drawn = tuple[list[list[int]], list[float]]  # strings, log-probabilities


class PolicyGradient(BasePolicy):
    """A controller that learns when a batch of rewards is complete.

    A reward counts by its Savage score among all rewards so far (or by itself:
    `rewards`). Raw rewards tell above all which functions do not train; a
    controller that learns from them soon proposes what is good on average and
    then misses the best. Its advantage is the score's distance from the moving
    mean before the batch (from the batch's mean in the first one). The scale
    does not shrink as the controller narrows down: the gain fades, the entropy
    bonus does not, and the controller comes to rest on many good functions.

    Of some strings drawn the first is proposed whose function is new (or just
    the first: `only_new`). A known one would teach the controller the same
    once more, each time more strongly. This filter biases the gradient, and
    nothing corrects it: with p the controller's probabilities and N the new
    strings, what is proposed follows q(s) = p(s) / p(N) on N (up to the limit
    of tries), but the log-probability that is kept and differentiated is that
    of p. The log-gradient of q lacks the term -grad log p(N) then, so that the
    expected update is not the gradient of the mean reward under q: it also
    raises p(N) in proportion to the mean advantage. PPO's ratio is that of p,
    now against then, without the change of p(N).

    Args:
        space: Where the proposals come from.
        seed: Integer from 0, of the initial weights and of the sampling.
        learning_rate: Adam's.
        batch_size: How many rewards make a batch.
        epochs: How many steps are taken on each batch.
        entropy_weight: Weight of the entropy bonus: how many units of
            the score the entropy of the uniform distribution is worth.
        baseline_decay: Weight of the past in the moving mean of the scores.
        units: Width of the LSTM.
        loss: What to minimise, without the entropy bonus.
        rewards: "ranks" or "raw": what a reward counts by.
        only_new: Whether the first new function of some is proposed.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        learning_rate: float,
        batch_size: int,
        epochs: int,
        entropy_weight: float,
        baseline_decay: float,
        units: int,
        loss: Loss,
        rewards: str,
        only_new: bool,
    ):
        super().__init__(space, seed)
        _check("learning_rate", learning_rate, learning_rate > 0, "positive")
        batch_size = check_count("batch_size", batch_size)
        epochs = check_count("epochs", epochs)
        units = check_count("units", units)
        _check("entropy_weight", entropy_weight, entropy_weight >= 0, "from 0")
        _check(
            "baseline_decay",
            baseline_decay,
            0 <= baseline_decay < 1,
            "at least 0 and below 1",
        )
        _check("rewards", rewards, rewards in SCORES, f"one of {[*SCORES]}")
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.entropy_weight = entropy_weight
        self.baseline_decay = baseline_decay
        self.units = units
        self.baseline = Baseline(baseline_decay)
        self.rewards = rewards
        self.only_new = only_new
        self._scores = SCORES[rewards]()
        self.controller = shared_controller(tuple(space.token_sizes), units)
        most = max(1.0, math.log(space.size))
        self._train = compiled_step(
            self.controller,
            loss,
            learning_rate,
            entropy_weight / most,
            epochs,
        )
        self._weights = self.controller.initial_weights(self.seed)
        self._adam = self._train.start(self._weights)
        self._updates = 0
        self._batch: list[tuple[list[int], float, float]] = []
        self._decode = functools.lru_cache(maxsize=4096)(space.decode)
        self._block: int | None = None
        self._drawn: list[_Drawn] = []
        self._proposed = Proposed()

    def tell(self, expression: Expression, reward: float) -> None:
        """Learns from a foreign result as if the controller had drawn it."""
        reward = check_finite("reward", reward)
        tokens = self.space.encode(expression)
        log_probs, _ = self.controller.score(self._weights, np.array([tokens]))
        self._results += 1
        self._proposed.add(expression)
        self._learn([list(tokens), float(log_probs[0])], reward)

    def statistics(self) -> dict[str, float]:
        """Returns counts, baseline, entropy and distance from the start.

        The last two are means over 256 strings drawn from the controller as
        it is now; drawing them changes nothing.
        """
        noise = self._rng(self._updates, stream=2).random(
            (_SAMPLES, len(self.space.token_sizes))
        )
        tokens, now = self.controller.sample(self._weights, noise)
        _, entropies = self.controller.score(self._weights, tokens)
        start = self.controller.initial_weights(self.seed)
        before, _ = self.controller.score(start, tokens)
        return {
            **super().statistics(),
            "updates": self._updates,
            "baseline": self.baseline.mean,
            "entropy": float(np.mean(entropies)),
            "kl_from_start": max(0.0, float(np.mean(now - before))),
        }

    def get_state(self) -> dict[str, Any]:
        """Returns all that has changed since construction, as JSON data."""
        return {
            **super().get_state(),
            "weights": [pack_array(w.numpy()) for w in self._weights],
            "adam": [pack_array(v.numpy()) for v in self._adam],
            "baseline": list(self.baseline.sums),
            "rewards": list(self._scores.rewards),
            "batch": [list(row) for row in self._batch],
            "updates": self._updates,
            "proposed": self._proposed.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` of a like policy returned."""
        super().set_state(state)
        self._weights = _unpack_like(self._weights, state["weights"])
        self._adam = _unpack_like(self._adam, state["adam"])
        self.baseline.sums = list(state["baseline"])
        self._scores = SCORES[self.rewards](state["rewards"])
        self._batch = [tuple(row) for row in state["batch"]]
        self._updates = state["updates"]
        self._proposed.set_state(state["proposed"])
        self._block = None

    def _draw(self, n: int) -> list[tuple[Expression, Any]]:
        numbers = range(self._next_id, self._next_id + n)
        if not self.only_new:
            return [next(self._functions(number)) for number in numbers]
        return [
            self._proposed.first_new(self._functions(number))
            for number in numbers
        ]

    def _functions(self, number: int) -> Iterator[tuple[Expression, Any]]:
        for tokens, log_prob in self._strings(number):
            yield self._decode(tuple(tokens)), [tokens, log_prob]

    def _strings(self, number: int) -> Iterator[tuple[list[int], float]]:
        """Yields `_TRIES` token strings and their log-probabilities.

        They depend on the weights and the number alone, to the last bit: the
        strings of a block of numbers are drawn together, since rounding
        depends on how many rows a matrix product has.
        """
        block, place = divmod(number, self.batch_size)
        if self._block != block:
            self._block, self._drawn = block, []
        for turn in range(_TRIES // _AT_ONCE):
            if turn == len(self._drawn):
                self._drawn.append(self._draw_turn(turn))
            rows = slice(place * _AT_ONCE, (place + 1) * _AT_ONCE)
            tokens, log_probs = self._drawn[turn]
            yield from zip(tokens[rows], log_probs[rows], strict=True)

    def _draw_turn(self, turn: int) -> _Drawn:
        """Draws the next strings of all the numbers of the block."""
        shape = (_TRIES, len(self.space.token_sizes))
        rows = slice(turn * _AT_ONCE, (turn + 1) * _AT_ONCE)
        first = self._block * self.batch_size
        noise = [
            self._rng(number).random(shape)[rows]
            for number in range(first, first + self.batch_size)
        ]
        tokens, log_probs = self.controller.sample(
            self._weights, np.concatenate(noise)
        )
        return tokens.tolist(), log_probs.tolist()

    def _learn(self, memory: Any, reward: float) -> None:
        tokens, log_prob = memory
        self._batch.append((tokens, log_prob, reward))
        if len(self._batch) == self.batch_size:
            self._learn_batch()

    def _learn_batch(self) -> None:
        tokens, log_probs, rewards = zip(*self._batch, strict=True)
        self._batch = []
        for reward in rewards:
            self._scores.add(reward)
        scores = np.array([self._scores.score(reward) for reward in rewards])
        known = self._updates > 0
        advantages = scores - (self.baseline.mean if known else scores.mean())
        for score in scores:
            self.baseline.add(float(score))
        self._updates += 1
        self._block = None
        data = (
            np.array(tokens, np.int32),
            np.array(log_probs, np.float32),
            advantages.astype(np.float32),
        )
        self._weights, self._adam = self._train.train(
            self._weights, self._adam, *data
        )


def _unpack_like(tensors: list[tf.Tensor], data: list[Any]) -> list[tf.Tensor]:
    arrays = [unpack_array(item) for item in data]
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if [array.shape for array in arrays] != shapes:
        raise ValueError(
            f"`state` must hold arrays of shapes {shapes} (the same `units`). "
            f"Received: {[array.shape for array in arrays]}"
        )
    with tf.device("CPU"):
        return [tf.constant(array) for array in arrays]


def _check(name: str, value: float, fine: bool, expected: str) -> None:
    if not fine:
        raise ValueError(f"`{name}` must be {expected}. Received: {value!r}")
