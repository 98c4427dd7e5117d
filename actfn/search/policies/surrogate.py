"""A cheap model of the reward chooses what to train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from actfn.expressions.expression import Expression
from actfn.search.checks import check_count, check_finite
from actfn.search.policies import fits_prior
from actfn.search.policies.base import BasePolicy
from actfn.search.policies.evolution import mutate
from actfn.search.policies.prior import Prior, normal_scores
from actfn.search.policies.shapes import Shapes, remember
from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import GroupedExpression, parse_functions

_PARENTS = 10
_GROWTH = 0.1
"""Trees are fitted anew after so many more results, in shares."""
_TREES = 20
_COLUMNS = 0.2
"""Share of the features among which a node's best random cut is taken."""
_FIRST_FIT = 5
"""After how many results trees are first fitted beside a prior."""
_PRIOR_RESULTS = 10
"""How many results a prior weighs."""
_PRIOR_CANDIDATES = 64
"""How many functions are always candidates, the best by the prior."""


class SurrogatePolicy(BasePolicy):
    """Extremely randomised trees on the shape of the function.

    The first proposals are random. For each later one the trees (Geurts et al.
    2006, each on a bootstrap sample) predict the rewards of some candidates,
    half of them random and half mutations of the best known functions; the one
    with the highest mean plus deviation between the trees is proposed. The
    trees are fitted anew to all results as these grow by a tenth. A function
    that was trained with several seeds counts by its mean, once a seed.

    With a prior, what functions came to on other tasks takes the place of the
    random ones: the merit of a candidate is the mean of its normal score there
    and of the trees', which are fitted to normal scores from the fifth result
    on. The prior weighs as much as ten results, and less and less; the best
    functions by it are candidates too.

    Args:
        space: Where the proposals come from.
        seed: Integer from 0.
        warmup: How many random functions come first; none with a prior.
        candidates: How many functions each proposal is chosen from.
        refit_every: After how many results, at least, the trees are fitted
            anew.
        curiosity: Weight of the deviation.
        prior: ``"table"`` for what the open table knows, another `Prior`, or
            None. In spaces of functions of one input, without groups.

    Raises:
        ValueError: A number is out of range, or the prior does not fit.
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
        prior: Prior | str | None = None,
    ):
        super().__init__(space, seed)
        self.warmup = check_count("warmup", warmup)
        self.candidates = check_count("candidates", candidates)
        self.refit_every = check_count("refit_every", refit_every)
        self.curiosity = check_finite("curiosity", curiosity)
        self.prior = _prior(prior, space)
        if self.prior:
            self.warmup = 0
        self._rows: list[tuple[str, float]] = []
        self._runs: dict[str, int] = {}  # of functions with several
        self._fits = 0
        self._fitted = 0  # how many rows the last fit has seen
        self._trees = None
        self._encoded: dict[str, tuple[int, ...] | None] = {}
        self._told: set[str] = set()
        self._decoder = _Decoder(space)
        self._shapes = Shapes(space.inputs, space.own_operators)
        known = self.prior.best(_PRIOR_CANDIDATES) if self.prior else ()
        self._known_best = [
            text for text in known if self._tokens(text) is not None
        ]

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
        results = len(self._rows)
        enough = _FIRST_FIT if self.prior else 1
        new = results - self._fitted
        if results >= enough and (
            self._trees is None
            or new >= max(self.refit_every, _GROWTH * self._fitted)
        ):
            self._fits, self._fitted = self._fits + 1, results
            self._trees = self._fit()
        here = {*self._open.values(), *map(str, drawn)}
        pool = [
            expression
            for text, expression in self._pool(rng).items()
            if text not in self._told and text not in here
        ]
        if not pool:
            return self.space.sample(rng)
        return pool[int(np.argmax(self._merits(pool)))]

    def _merits(self, pool: list[Expression]) -> np.ndarray:
        """Returns what is hoped of each candidate."""
        table, merits = self._shapes.table(pool), np.zeros(len(pool))
        if self._trees:
            # What `tree.predict` does, without its checks of the table.
            votes = np.hstack(
                [tree.tree_.predict(table) for tree in self._trees]
            )
            merits = votes.mean(axis=1) + self.curiosity * votes.std(axis=1)
        if not self.prior:
            return merits
        before = self.prior.predict(self._shapes.outlines(table))
        share = _PRIOR_RESULTS / (_PRIOR_RESULTS + len(self._rows))
        return share * before + (1 - share) * merits

    def _pool(self, rng: np.random.Generator) -> dict[str, Expression]:
        """Returns random functions and mutations of the best, by text."""
        best = sorted(self._rows, key=lambda row: -row[1])[:_PARENTS]
        parents = [self._tokens(text) for text, _ in best]
        parents = [tokens for tokens in parents if tokens is not None]
        mutations = self._mutations(parents, rng)
        sizes = self._decoder.token_sizes
        shape = (self.candidates - len(mutations), len(sizes))
        strings = [*rng.integers(sizes, size=shape).tolist(), *mutations]
        pool: dict[str, Expression] = {}
        for tokens in strings:
            expression, text = self._decoder.look(tuple(tokens))
            pool.setdefault(text, expression)
        for text in self._known_best:
            pool.setdefault(text, self._decoder.read(text))
        return pool

    def _mutations(
        self, parents: list[tuple[int, ...]], rng: np.random.Generator
    ) -> list[list[int]]:
        """Returns a mutation of a parent for each second candidate."""
        sizes = np.array(self._decoder.token_sizes)
        (free,) = np.nonzero(sizes > 1)
        if not parents or not len(free):
            return []
        # As `mutate` does, for all at once.
        count = self.candidates // 2
        drawn = rng.integers(len(parents), size=count)
        places = free[rng.integers(len(free), size=count)]
        strings, rows = np.array(parents)[drawn], np.arange(count)
        steps = rng.integers(1, sizes[places])
        strings[rows, places] = (strings[rows, places] + steps) % sizes[places]
        decode = self._decoder.decode
        return [
            string
            if decode(string) != decode(parents[parent])
            else mutate(self._decoder, string, rng)
            for string, parent in zip(strings.tolist(), drawn, strict=True)
        ]

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
        from sklearn.tree import ExtraTreeRegressor

        texts, rewards = zip(*self._rows[: self._fitted], strict=True)
        table = self._shapes.table([self._decoder.read(each) for each in texts])
        if self.prior:
            rewards = normal_scores(rewards)
        rewards = np.array(rewards)[:, None]
        runs = None  # scikit-learn looks at each weight
        if self._runs:
            runs = np.array([self._runs.get(text, 1.0) for text in texts])
        rng = np.random.RandomState((self.seed + self._fits) % 2**32)
        trees = []
        with sklearn.config_context(
            assume_finite=True, skip_parameter_validation=True
        ):
            # A forest of scikit-learn, without its time for each tree.
            for _ in range(_TREES):
                drawn = rng.randint(len(table), size=len(table))
                tree = ExtraTreeRegressor(
                    max_features=_COLUMNS, random_state=rng
                )
                trees.append(
                    tree.fit(
                        table[drawn],
                        rewards[drawn],
                        None if runs is None else runs[drawn],
                        check_input=False,
                    )
                )
        return trees

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


def _prior(given: Prior | str | None, space: SearchSpace) -> Prior | None:
    """Returns the prior, or raises ValueError."""
    if given is None:
        return None
    if not fits_prior("surrogate", space):
        raise ValueError(
            "`prior` must go with a space of functions of one input, without "
            f"groups. Received: {space}"
        )
    if not isinstance(given, Prior) and given != "table":
        raise ValueError(
            f"`prior` must be 'table', a Prior or None. Received: {given!r}"
        )
    return Prior.load() if isinstance(given, str) else given


class _Decoder:
    """Functions of a space, each decoded, printed and read once."""

    def __init__(self, space: SearchSpace):
        self.token_sizes = space.token_sizes
        self._space = space
        self._looked: dict[tuple[int, ...], tuple[Expression, str]] = {}
        self._read: dict[str, Expression | GroupedExpression] = {}

    def look(self, tokens: tuple[int, ...]) -> tuple[Expression, str]:
        """Returns the function of a token string and its text."""
        if tokens not in self._looked:
            expression = self._space.decode(tokens)
            remember(self._looked, tokens, (expression, str(expression)))
        return self._looked[tokens]

    def decode(self, tokens: Sequence[int]) -> Expression:
        """Returns the function of a token string, as the space does."""
        return self.look(tuple(tokens))[0]

    def read(self, text: str) -> Expression | GroupedExpression:
        """Returns the function of a text."""
        if text not in self._read:
            remember(self._read, text, parse_functions(text))
        return self._read[text]
