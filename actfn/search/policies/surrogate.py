"""A cheap model of the reward chooses what to train."""

from __future__ import annotations

import collections
import functools
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from actfn.expressions import operators
from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import (
    Call,
    Expression,
    parameters,
    size,
    walk,
)
from actfn.search.checks import check_count, check_finite
from actfn.search.policies.base import BasePolicy
from actfn.search.policies.evolution import mutate
from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import GroupedExpression, parse_functions

_POINTS = 32
_CACHED = 100_000
"""So many functions at most are remembered."""
_PAIRED_POINTS = 7  # of each of two inputs


class SurrogatePolicy(BasePolicy):
    """Extremely randomised trees on the shape of the function.

    The first proposals are random. For each later one the trees are fitted to
    the results so far and predict the rewards of some candidates, half of them
    random and half mutations of the best known functions; the one with the
    highest mean plus deviation between the trees is proposed. A function that
    was trained with several seeds counts by its mean, once a seed.

    Args:
        space: Where the proposals come from.
        seed: Integer from 0.
        warmup: How many random functions come first.
        candidates: How many functions each proposal is chosen from.
        refit_every: After how many results the trees are fitted anew.
        curiosity: Weight of the deviation.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        *,
        warmup: int = 30,
        candidates: int = 64,
        refit_every: int = 5,
        curiosity: float = 1.0,
    ):
        super().__init__(space, seed)
        self.warmup = check_count("warmup", warmup)
        self.candidates = check_count("candidates", candidates)
        self.refit_every = check_count("refit_every", refit_every)
        self.curiosity = check_finite("curiosity", curiosity)
        self._rows: list[tuple[str, float]] = []
        self._runs: dict[str, int] = {}  # of functions with several
        self._fits = 0
        self._fitted = 0  # how many rows the last fit has seen
        self._trees = None
        self._encoded: dict[str, tuple[int, ...] | None] = {}
        self._told: set[str] = set()
        self._candidates = _Candidates(space)

    def tell(self, expression: Expression, reward: float) -> None:
        """Adds a foreign result to what the model is fitted to."""
        reward = check_finite("reward", reward)
        self._results += 1
        self._learn(str(expression), reward)

    def statistics(self) -> dict[str, float]:
        """Returns the counts; an update is a fit."""
        return {**super().statistics(), "updates": self._fits}

    def get_state(self) -> dict[str, Any]:
        """Returns all that has changed since construction, as JSON data."""
        return {
            **super().get_state(),
            "rows": [list(row) for row in self._rows],
            "fits": self._fits,
            "fitted": self._fitted,
            "runs": dict(self._runs),
            "stale": bool(self._fits) and self._trees is None,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` of a like policy returned."""
        super().set_state(state)
        self._rows = [tuple(row) for row in state["rows"]]
        self._told = {text for text, _ in self._rows}
        self._fits, self._fitted = state["fits"], state["fitted"]
        self._runs = dict(state.get("runs", {}))
        fitted = self._fits and not state.get("stale", False)
        self._trees = self._fit() if fitted else None

    def _draw(self, n: int) -> list[tuple[Expression, str]]:
        drawn: list[Expression] = []
        for number in range(self._next_id, self._next_id + n):
            rng = self._rng(number)
            if len(self._rows) < self.warmup:
                drawn.append(self.space.sample(rng))
            else:
                drawn.append(self._choose(rng, drawn))
        return [(expression, str(expression)) for expression in drawn]

    def _choose(self, rng, drawn: list[Expression]) -> Expression:
        if self._trees is None or (
            len(self._rows) - self._fitted >= self.refit_every
        ):
            self._fits, self._fitted = self._fits + 1, len(self._rows)
            self._trees = self._fit()
        here = {*self._open.values(), *map(str, drawn)}
        pool = {
            text: expression
            for text, expression in self._pool(rng).items()
            if text not in self._told and text not in here
        }
        if not pool:
            return self.space.sample(rng)
        shapes = self._candidates.features
        table = np.stack([shapes(text, pool[text]) for text in pool])
        # What `tree.predict` does, without its checks of the table.
        votes = np.stack(
            [tree.tree_.predict(table)[:, 0] for tree in self._trees]
        )
        merits = votes.mean(axis=0) + self.curiosity * votes.std(axis=0)
        return list(pool.values())[int(np.argmax(merits))]

    def _pool(self, rng: np.random.Generator) -> dict[str, Expression]:
        """Returns random functions and mutations of the ten best, by text."""
        best = sorted(self._rows, key=lambda row: -row[1])[:10]
        parents = [self._tokens(text) for text, _ in best]
        parents = [tokens for tokens in parents if tokens is not None]
        pool: dict[str, Expression] = {}
        for index in range(self.candidates):
            if index % 2 and parents:
                parent = parents[rng.integers(len(parents))]
                tokens = mutate(self._candidates, parent, rng)
            else:
                tokens = self.space.sample_tokens(rng)
            expression, text = self._candidates.look(tuple(tokens))
            pool.setdefault(text, expression)
        return pool

    def _tokens(self, text: str) -> tuple[int, ...] | None:
        if text not in self._encoded:
            try:
                self._encoded[text] = self.space.encode(parse_functions(text))
            except ValueError:  # told from elsewhere, and not of this space
                self._encoded[text] = None
        return self._encoded[text]

    def _fit(self) -> list:
        # Imported here since it takes a second, and only this policy needs it.
        import sklearn
        from sklearn.ensemble import ExtraTreesRegressor

        rows = self._rows[: self._fitted]
        shapes = self._candidates.features
        table = np.stack([shapes(text) for text, _ in rows])
        rewards = [reward for _, reward in rows]
        weights = None
        if self._runs:
            weights = [self._runs.get(text, 1) for text, _ in rows]
        forest = ExtraTreesRegressor(
            n_estimators=50,
            max_features=0.5,
            bootstrap=True,
            random_state=(self.seed + self._fits) % 2**32,
        )
        with sklearn.config_context(
            assume_finite=True, skip_parameter_validation=True
        ):
            return forest.fit(table, rewards, weights).estimators_

    def _revise(self, expression: Expression, reward: float, runs: int) -> None:
        text = str(expression)
        self._rows = [
            (row, reward if row == text else before)
            for row, before in self._rows
        ]
        self._runs[text] = runs
        self._trees = None  # they are fitted anew before they choose

    def _learn(self, memory: str, reward: float) -> None:
        self._rows.append((memory, reward))
        self._told.add(memory)


class _Candidates:
    """Functions of a space, each decoded, printed and described once."""

    def __init__(self, space: SearchSpace):
        self.token_sizes = space.token_sizes
        self._space = space
        self._looked: dict[tuple[int, ...], tuple[Expression, str]] = {}
        self._features: dict[str, np.ndarray] = {}

    def look(self, tokens: tuple[int, ...]) -> tuple[Expression, str]:
        """Returns the function of a token string and its text."""
        if tokens not in self._looked:
            expression = self._space.decode(tokens)
            _add(self._looked, tokens, (expression, str(expression)))
        return self._looked[tokens]

    def decode(self, tokens: Sequence[int]) -> Expression:
        """Returns the function of a token string, as the space does."""
        return self.look(tuple(tokens))[0]

    def features(
        self, text: str, expression: Expression | None = None
    ) -> np.ndarray:
        """Returns the features of the function with a text."""
        if text not in self._features:
            if expression is None:
                expression = parse_functions(text)
            found = features(expression, self._space.inputs)
            _add(self._features, text, found)
        return self._features[text]


def _add(cache: dict, key: Any, value: Any) -> None:
    if len(cache) >= _CACHED:
        del cache[next(iter(cache))]
    cache[key] = value


def features(
    expression: Expression | GroupedExpression, inputs: int = 1
) -> np.ndarray:
    """Describes a function by its shape and its operators.

    Its values at quantiles of the standard normal distribution, with all
    parameters 1, and their slopes, both compressed to a sign and a logarithm;
    how many nodes it has and how often it has each operator.

    Args:
        expression: The function; the vector of a function for each group is
            that of one after the other.
        inputs: 2 in a space of two inputs. Then the values are those at all
            pairs of fewer quantiles, and the slopes those by x and by y.

    Returns:
        A vector of float32, of the same length for all functions.
    """
    if isinstance(expression, GroupedExpression):
        each = [features(one, inputs) for _, one in expression.functions]
        return np.concatenate(each)
    grid = _quantiles(_POINTS if inputs == 1 else _PAIRED_POINTS)
    axes = np.meshgrid(*[grid] * inputs, indexing="ij")
    program = compile_expression(expression, inputs)
    betas = [np.ones((), np.float32) for _ in parameters(expression)]
    with np.errstate(all="ignore"):
        values = program.value(axes[0], [*axes[1:], *betas])
        values = np.array(values, np.float64)
        slopes = [
            np.diff(values, axis=axis) / np.diff(points, axis=axis)
            for axis, points in enumerate(axes)
        ]
    names = collections.Counter(
        node.operator for node in walk(expression) if isinstance(node, Call)
    )
    counts = [names[name] for name in operators.names()]
    parts = [values, *slopes]
    shape = _compress(np.concatenate([part.ravel() for part in parts]))
    return np.concatenate([shape, counts, [size(expression)]]).astype("float32")


def _compress(values: np.ndarray) -> np.ndarray:
    finite = np.nan_to_num(values, nan=1e9, posinf=1e9, neginf=-1e9)
    return np.sign(finite) * np.log1p(np.abs(finite))


@functools.cache
def _quantiles(count: int) -> np.ndarray:
    normal = statistics.NormalDist()
    shares = (np.arange(count) + 0.5) / count
    return np.array([normal.inv_cdf(share) for share in shares], np.float32)
