"""What a search method is: it proposes functions and hears their rewards."""

from __future__ import annotations

import abc
import base64
import dataclasses
import inspect
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np

from actfn.expressions.expression import Expression
from actfn.search.checks import check_count, check_finite, check_seed
from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import GroupedExpression, GroupedSpace


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A function that a policy wants to know the reward of.

    Attributes:
        id: The policy's running number, to be given back with the reward.
        expression: The function, or that of each group.
    """

    id: int
    expression: Expression | GroupedExpression


@runtime_checkable
class Policy(Protocol):
    """The interface of every search method (ask and tell)."""

    space: SearchSpace | GroupedSpace
    seed: int

    def propose(self, n: int = 1) -> list[Proposal]:
        """Returns n functions to evaluate; fewer if no more are left."""

    def update(self, results: Iterable[tuple[int, float]]) -> None:
        """Takes (proposal id, reward) pairs, higher is better.

        Any subset of the open proposals, in any order, each only once.

        Raises:
            ValueError: A reward is not finite or an id is not open; then
                nothing has changed.
        """

    def tell(self, expression: Expression, reward: float) -> None:
        """Takes a result that comes from elsewhere (an earlier search).

        Raises:
            ValueError: The reward is not finite, or the policy learns from
                token strings and the space cannot say the expression.
        """

    def statistics(self) -> dict[str, float]:
        """Returns numbers about the policy for a report.

        Always ``results`` (rewards heard) and ``updates`` (times it learned);
        ``entropy`` (nats) and ``kl_from_start`` (nats, from the distribution
        it began with) where the policy is a distribution; others of its own.
        """

    def get_state(self) -> dict[str, Any]:
        """Returns all that has changed since construction, as JSON data."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` of a like policy returned."""


class BasePolicy(abc.ABC):
    """Numbers the proposals, keeps the open ones, checks the rewards.

    A subclass draws in `_draw`, learns in `_learn` and `tell`, and adds what
    it has learned to `get_state` and `set_state`.

    Args:
        space: Where the proposals come from.
        seed: Integer from 0; the same seed gives the same proposals.

    Raises:
        ValueError: The seed is not a non-negative integer.
    """

    def __init__(self, space: SearchSpace, seed: int = 0):
        self.space = space
        self.seed = check_seed(seed)
        self._next_id = 0
        self._open: dict[int, Any] = {}
        self._results = 0

    @property
    def settings(self) -> dict[str, Any]:
        """What it was made with beside space and seed, as JSON data.

        These are the arguments of the class that it keeps under their names.
        """
        kept = vars(self)
        return {
            name: _plain(kept[name])
            for name in inspect.signature(type(self)).parameters
            if name in kept and name not in ("space", "seed")
        }

    def propose(self, n: int = 1) -> list[Proposal]:
        """Returns n functions to evaluate; fewer if no more are left."""
        check_count("n", n)
        proposals = []
        for expression, memory in self._draw(n):
            self._open[self._next_id] = memory
            proposals.append(Proposal(self._next_id, expression))
            self._next_id += 1
        return proposals

    def update(self, results: Iterable[tuple[int, float]]) -> None:
        """Takes (proposal id, reward) pairs; see `Policy.update`."""
        results = [
            (key, check_finite("reward", reward)) for key, reward in results
        ]
        ids = [key for key, _ in results]
        unknown = [key for key in ids if key not in self._open]
        if unknown or len(set(ids)) < len(ids):
            raise ValueError(
                "`results` must name open proposals, each once. "
                f"Received: {unknown or ids}"
            )
        self._results += len(results)
        for key, reward in results:
            self._learn(self._open.pop(key), reward)

    @abc.abstractmethod
    def tell(self, expression: Expression, reward: float) -> None:
        """Takes a result that comes from elsewhere; see `Policy.tell`."""

    def revise(self, expression: Expression, reward: float, runs: int) -> None:
        """Takes a better estimate of a reward that was told before.

        The function has been trained again, and `reward` is the mean. What a
        policy remembers of it is replaced; one that remembers no rewards, as
        random choice or a controller whose step is made, goes on as it was.

        Args:
            expression: The function, in the words in which it was proposed.
            reward: The mean over its children; higher is better.
            runs: How many these are.

        Raises:
            ValueError: The reward is not finite, or `runs` no positive
                integer.
        """
        check_count("runs", runs)
        self._revise(expression, check_finite("reward", reward), runs)

    def _revise(self, expression: Expression, reward: float, runs: int) -> None:
        """Replaces what is remembered of a reward, if anything is."""
        return  # a policy may remember nothing

    def statistics(self) -> dict[str, float]:
        """Returns numbers about the policy; see `Policy.statistics`."""
        return {"results": self._results, "updates": 0}

    def get_state(self) -> dict[str, Any]:
        """Returns all that has changed since construction, as JSON data."""
        return {
            "policy": type(self).__name__,
            "token_sizes": list(self.space.token_sizes),
            "settings": self.settings,
            "seed": self.seed,
            "next_id": self._next_id,
            "open": [[key, memory] for key, memory in self._open.items()],
            "results": self._results,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` of a like policy returned.

        Raises:
            ValueError: The state is another policy's or another space's, or
                of one with other settings.
        """
        mine = {
            "policy": type(self).__name__,
            "token_sizes": list(self.space.token_sizes),
            "settings": self.settings,
        }
        theirs = {name: state.get(name) for name in mine}
        if theirs != mine:
            raise ValueError(
                f"`state` must be of {mine}. Received one of {theirs}"
            )
        self.seed = state["seed"]
        self._next_id = state["next_id"]
        self._open = dict(state["open"])
        self._results = state["results"]

    @abc.abstractmethod
    def _draw(self, n: int) -> list[tuple[Expression, Any]]:
        """Returns up to n functions, each with JSON data to remember."""

    @abc.abstractmethod
    def _learn(self, memory: Any, reward: float) -> None:
        """Takes the reward of one proposal and what was remembered of it."""

    def _rng(self, number: int, stream: int = 0) -> np.random.Generator:
        """A generator of its own for each number: nothing to save."""
        return np.random.default_rng((self.seed, stream, number))


def settings_of(policy: Policy | None) -> dict[str, Any]:
    """Returns what tells a policy from others of its class, if it says so."""
    return getattr(policy, "settings", {})


def _plain(value: Any) -> Any:
    """Returns a setting as JSON data; of a prior, its digest."""
    if isinstance(value, np.generic):
        return value.item()
    return getattr(value, "digest", value)


def pack_array(array: np.ndarray) -> dict[str, Any]:
    """Returns an array as JSON data, bit by bit."""
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "base64": base64.b64encode(array.tobytes()).decode("ascii"),
    }


def unpack_array(data: dict[str, Any]) -> np.ndarray:
    """Returns the array that `pack_array` made JSON data of."""
    flat = np.frombuffer(base64.b64decode(data["base64"]), data["dtype"])
    return flat.reshape(data["shape"]).copy()
