"""The distinct functions of one core unit, told apart by their values."""

from __future__ import annotations

import functools
import itertools

import numpy as np

from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import (
    Expression,
    Parameter,
    Variable,
    number_parameters,
    parameters,
    size,
    substitute,
)
from actfn.spaces import fingerprint
from actfn.spaces.algebra import simplify
from actfn.spaces.fingerprint import (
    OTHER_POINTS,
    OTHER_PROBES,
    PARAMETERS,
    POINTS,
    PROBES,
    SETTINGS,
)
from actfn.spaces.grammar import (
    BINARY,
    UNARY,
    SearchSpace,
    function_template,
)

_HOLES = {Variable("x1"): Parameter("#1"), Variable("x2"): Parameter("#2")}
_MEMBERS = 30
_NEAR = np.abs(POINTS) <= 4


class SmallFunctions:
    """The classes of equal functions among all strings of one core unit.

    Args:
        inputs: Whether the unit reads (x, x) or, if 2, (x, y).

    Attributes:
        classes: For each class the token strings of its members.
    """

    def __init__(self, inputs: int = 1):
        self._space = SearchSpace(core_units=1, inputs=inputs)
        values, sizes = _in_order(inputs)
        places = _place(values)
        by_place = np.argsort(places, kind="stable")
        self.classes: list[list[int]] = []
        self._places: list[float] | np.ndarray = []
        first: list[int] = []
        for index in by_place:
            known = self._near(places[index])
            rows = [first[i] for i in range(*known)]
            equal = fingerprint.same(
                (values[index], sizes[index]), (values[rows], sizes[rows])
            )
            if equal.any():
                self.classes[known[0] + int(equal.argmax())].append(int(index))
                continue
            self.classes.append([int(index)])
            self._places.append(float(places[index]))
            first.append(int(index))
        self._places = np.array(self._places)
        self._values, self._sizes = values[first], sizes[first]

    def _near(self, place: float) -> tuple[int, int]:
        window = np.searchsorted(self._places, [place - 1e-8, place + 1e-8])
        return int(window[0]), int(window[1])

    def find(self, expression: Expression) -> Expression | None:
        """Returns the simplest expression of the same function, if any."""
        order = fingerprint.order(expression)
        if len(order) > PARAMETERS:
            return None
        by_name = dict(zip(order, SETTINGS, strict=False))
        settings = [by_name[name] for name in parameters(expression)]
        values, sizes = fingerprint.values(
            expression, POINTS, settings, OTHER_POINTS
        )
        known = slice(*self._near(float(_place(values))))
        equal = fingerprint.same(
            (values, sizes), (self._values[known], self._sizes[known])
        )
        if not equal.any():
            return None
        simplest = self.simplest(known.start + int(equal.argmax()))
        names = zip(_ordinals(len(order)), order, strict=True)
        return substitute(simplest, dict(names))

    @functools.lru_cache(maxsize=8192)  # noqa: B019 - there is one instance.
    def simplest(self, index: int) -> Expression:
        """Returns the simplest expression of a class.

        Its parameters are called ``#0``, ``#1``, ... in the order of
        `fingerprint.order`.
        """
        members = [
            self._space.decode(_tokens(number, self._space.inputs))
            for number in self.classes[index]
        ]
        found = []
        for member in sorted(members, key=_simplicity)[:_MEMBERS]:
            order = fingerprint.order(member)
            names = zip(order, _ordinals(len(order)), strict=True)
            named = substitute(member, dict(names))
            found += [simplify(named), named]
        return min(found, key=_simplicity)


@functools.cache
def small_functions(inputs: int = 1) -> SmallFunctions:
    """Returns the classes; they are found at the first call, in a second."""
    return SmallFunctions(inputs)


def _simplicity(expression: Expression) -> tuple:
    """How hard an expression is to read."""
    text = str(number_parameters(expression))
    distinct = len(compile_expression(expression).nodes)
    return distinct + 2 * text.count("gate("), size(expression), len(text)


def _ordinals(count: int) -> list[Parameter]:
    return [Parameter(f"#{index}") for index in range(count)]


def _tokens(number: int, inputs: int) -> tuple[int, ...]:
    first, rest = divmod(number, len(UNARY) * len(BINARY))
    return 0, inputs - 1, first, *divmod(rest, len(BINARY))


def _place(values: np.ndarray) -> np.ndarray:
    """Returns one number per function, equal for equal functions."""
    weights = np.cos(np.arange(_NEAR.sum()))
    bounded = np.arctan(values[..., _NEAR])
    return np.nan_to_num(bounded) @ weights / len(weights)


def _in_order(inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the values of all strings, parameters in their proper order."""
    shape = (len(UNARY) * len(UNARY) * len(BINARY), POINTS.size)
    values, sizes = np.empty(shape), np.empty(shape)
    ranks = _ranks(inputs)
    second = POINTS if inputs == 1 else OTHER_POINTS
    for rank in itertools.permutations(range(PARAMETERS)):
        chosen = (ranks == rank).all(axis=-1)
        found = _all_strings(POINTS, second, SETTINGS[list(rank)])
        values[chosen], sizes[chosen] = found[0][chosen], found[1][chosen]
    return values, sizes


def _ranks(inputs: int) -> np.ndarray:
    """Returns, for each string, the place of each parameter in the order."""
    second = (PROBES, OTHER_PROBES)[inputs - 1]
    rows = [
        _all_strings(PROBES, second, settings)[0]
        for settings in fingerprint.probe_settings(PARAMETERS)
    ]
    counts = _counts()
    ranks = np.tile(np.arange(PARAMETERS), (len(counts), 1))
    for index in np.flatnonzero(counts > 1):
        count = counts[index]
        probed = np.array([values[index] for values in rows[:count]])
        keys = fingerprint.probe_keys(probed)
        order = sorted(range(count), key=keys.__getitem__)
        ranks[index, order] = np.arange(count)
    return ranks


def _counts() -> np.ndarray:
    """Returns how many parameters each string has."""
    unary = _parameter_counts(UNARY, 1)
    binary = _parameter_counts(BINARY, 2)
    total = unary[:, None, None] + unary[:, None] + binary
    return total.reshape(-1)


def _parameter_counts(names, arity: int) -> np.ndarray:
    templates = (function_template(name, arity) for name in names)
    return np.array([len(parameters(template)) for template in templates])


def _all_strings(x: np.ndarray, y: np.ndarray, settings: np.ndarray) -> tuple:
    """Returns values and sizes of all 6,250 strings, one row a string.

    Args:
        x: Points of the first input.
        y: Points of the second input.
        settings: Values of the parameters.
    """
    counts = _parameter_counts(UNARY, 1)
    left = np.array(_unary_values(x, settings[0]))
    # (setting, function, value or size, point)
    right = np.array([_unary_values(y, setting) for setting in settings[:2]])
    first, second = np.broadcast_arrays(left[:, None], right[counts])
    given = [first[:, :, 0], second[:, :, 0]]
    given.append(settings[counts[:, None] + counts])
    inner = np.maximum(first[:, :, 1], second[:, :, 1])
    x = np.broadcast_to(x, inner.shape)
    outer = []
    for name in BINARY:
        template = substitute(function_template(name, 2), _HOLES)
        count = len(parameters(template))
        outer.append(fingerprint.values(template, x, given[:count]))
    values, sizes = np.moveaxis(np.array(outer), 0, 3)
    shape = (len(UNARY) ** 2 * len(BINARY), -1)
    return values.reshape(shape), np.maximum(sizes, inner[:, :, None]).reshape(
        shape
    )


def _unary_values(x: np.ndarray, setting: np.ndarray) -> list[tuple]:
    """Returns values and sizes of each unary function."""
    counts = _parameter_counts(UNARY, 1)
    return [
        fingerprint.values(function_template(name, 1), x, [setting] * count)
        for name, count in zip(UNARY, counts, strict=True)
    ]
