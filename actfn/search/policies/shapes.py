"""What a surrogate knows of a function: its shape and its operators."""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from actfn.expressions import operators, words
from actfn.expressions.evaluate import apply_operator
from actfn.expressions.expression import (
    Call,
    Constant,
    Expression,
    Variable,
    X,
    Y,
)
from actfn.spaces.groups import GroupedExpression

CACHED = 100_000
"""So many functions at most are remembered."""
_POINTS = 32
_PAIRED_POINTS = 7  # of each of two inputs


@dataclasses.dataclass(frozen=True)
class _Known:
    """A sub-expression: its value, how often it has each operator, its size."""

    value: Any
    counts: np.ndarray
    size: int


class Shapes:
    """Describes functions by their shape and their operators.

    A function's features are its values at quantiles of the standard normal
    distribution, with all parameters 1, and their slopes, both compressed to
    ``sign(v) log(1 + abs(v))``; how often it has each operator and how many
    nodes. Each function is described once, and each sub-expression that
    functions share is computed once.

    Args:
        inputs: 2 in a space of two inputs. Then the values are those at all
            pairs of fewer quantiles, and the slopes those by x and by y.
        own: Names of the user's operators that are counted besides those of
            the library: a space's, so that what else a program has registered
            changes nothing.
    """

    def __init__(self, inputs: int = 1, own: Collection[str] = ()):
        grid = _quantiles(_POINTS if inputs == 1 else _PAIRED_POINTS)
        self._axes = np.meshgrid(*[grid] * inputs, indexing="ij")
        self._steps = [
            np.diff(points.astype(float), axis=axis)
            for axis, points in enumerate(self._axes)
        ]
        counted = [
            name
            for name in operators.names()
            if name in operators.BUILT_IN or name in own
        ]
        self._names = {name: i for i, name in enumerate(counted)}
        self._none = np.zeros(len(self._names), int)
        self._nodes: dict[Expression, _Known] = {}
        self._features: dict[Expression, np.ndarray] = {}

    def table(
        self, functions: Sequence[Expression | GroupedExpression]
    ) -> np.ndarray:
        """Returns the features of functions, a row each.

        Args:
            functions: At least one. The row of a vector with a function for
                each group is that of one after the other.

        Returns:
            An array of float32, of as many columns for all functions.
        """
        each = [
            [one for _, one in function.functions]
            if isinstance(function, GroupedExpression)
            else [function]
            for function in functions
        ]
        flat = [one for group in each for one in group]
        rows = {one: self._features.get(one) for one in flat}
        if new := [one for one, row in rows.items() if row is None]:
            for one, row in zip(new, self._described(new), strict=True):
                rows[one] = row
                remember(self._features, one, row)
        return np.stack([rows[one] for one in flat]).reshape(len(each), -1)

    def outlines(self, table: np.ndarray) -> np.ndarray:
        """Returns the columns of values and slopes of a table of functions."""
        return table[:, : -len(self._names) - 1]

    def _described(self, functions: Sequence[Expression]) -> np.ndarray:
        with np.errstate(all="ignore"):
            known = [self._known(one) for one in functions]
            shape = (len(functions), *self._axes[0].shape)
            values = np.empty(shape)
            for row, each in zip(values, known, strict=True):
                row[...] = each.value
            slopes = [
                np.diff(values, axis=axis + 1) / steps
                for axis, steps in enumerate(self._steps)
            ]
            parts = [part.reshape(len(known), -1) for part in (values, *slopes)]
            shapes = _compress(np.hstack(parts))
        counts = [[*each.counts, each.size] for each in known]
        return np.hstack([shapes, counts]).astype("float32")

    def _known(self, node: Expression) -> _Known:
        if node not in self._nodes:
            remember(self._nodes, node, self._looked_at(node))
        return self._nodes[node]

    def _looked_at(self, node: Expression) -> _Known:
        below = [self._known(argument) for argument in node.arguments]
        counts = sum((each.counts for each in below), self._none)
        size = 1 + sum(each.size for each in below)
        if not isinstance(node, Call):
            return _Known(self._leaf(node), counts, size)
        if words.known(node.operator):
            value = self._known(words.expand(node)).value
            return _Known(value, counts, size)
        if node.operator in self._names:
            counts = counts.copy()
            counts[self._names[node.operator]] += 1
        operands = [each.value for each in below]
        value = apply_operator(node.operator, operands, self._axes[0])
        return _Known(value, counts, size)

    def _leaf(self, node: Expression) -> Any:
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Variable):
            return self._axes[(X, Y).index(node)]
        return np.ones((), np.float32)


def remember(cache: dict, key: Any, value: Any) -> None:
    """Adds an entry; if there are too many, the oldest goes."""
    if len(cache) >= CACHED:
        del cache[next(iter(cache))]
    cache[key] = value


def _compress(values: np.ndarray) -> np.ndarray:
    finite = np.nan_to_num(values, nan=1e9, posinf=1e9, neginf=-1e9)
    return np.sign(finite) * np.log1p(np.abs(finite))


@functools.cache
def _quantiles(count: int) -> np.ndarray:
    normal = statistics.NormalDist()
    shares = (np.arange(count) + 0.5) / count
    return np.array([normal.inv_cdf(share) for share in shares], np.float32)
