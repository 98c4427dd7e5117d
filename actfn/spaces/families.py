r"""Functions compared over all values of their parameters.

A trained parameter does not stay where it began, so that two functions that
differ at the start may be one in the end: ``sin(beta * x)`` has ``sin(x)``
among its members. A family contains a function g if each member of g that is
looked at is a member of the family:

.. math:: \min_\beta \max_x |f(x, \beta) - g(x, \gamma)| \le
    \tau (1 + \max_x |g(x, \gamma)|)

for all combinations of five values :math:`\gamma` of each parameter, at 64
points from -4 to 4. The minimum is that of SciPy's nonlinear least squares
(`scipy.optimize.least_squares`) from several starts: one that it misses makes
two functions differ that are the same, never the reverse.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import optimize

from actfn.expressions.expression import Expression, inputs, parameters
from actfn.spaces import fingerprint
from actfn.spaces.groups import GroupedExpression

TOLERANCE = 1e-4
_NEAR = 0.01
VALUES = (0.5, 2**-0.5, 1.0, 2**0.5, 2.0)
"""Of each parameter of the function that may be contained; all start at 1."""
_MOST = 125
"""Combinations of values at most; of more, as many are drawn."""
_STARTS = (1.0, 0.0, -1.0, 2.0, 0.5)
"""All parameters at the same value; of several, these are drawn besides:"""
_DRAWN = 8
_RNG = np.random.Generator(np.random.PCG64(1710_05941))
# No point is 0, where an epsilon would show.
_X = np.linspace(-4, 4, 64)
_Y = _RNG.permutation(_X)
_FAR = 1e6
"""What a value that is not finite is away from one that is."""

Function = Expression | GroupedExpression


def same_family(first: Function, second: Function) -> bool:
    """Whether one of two functions contains the other; see `contains`.

    Example:
        >>> from actfn import parse
        >>> same_family(parse("sin(x)"), parse("sin(beta * x)"))
        True
        >>> same_family(parse("sin(x)"), parse("tanh(beta * x)"))
        False
    """
    return contains(first, second) or contains(second, first)


def same_start(first: Function, second: Function) -> bool:
    """Whether two functions are nearly one where their parameters are 1.

    Values at 64 points from -4 to 4 differ by at most 1 percent of the largest
    and 1. A function of one input counts as the same with the sign of its
    input or output turned, as a network can turn both by its weights.

    Example:
        >>> from actfn import parse
        >>> same_start(parse("mix(sin(x), x, beta)"), parse("sin(x)"))
        True
        >>> same_start(parse("max(x, 0)"), parse("min(x, 0)"))
        True
    """
    groups = [dict(getattr(f, "functions", ())) for f in (first, second)]
    if groups[0] or groups[1]:
        return groups[0].keys() == groups[1].keys() and all(
            same_start(groups[0][n], groups[1][n]) for n in groups[0]
        )
    one, other = (
        _values(f, (1.0,) * len(parameters(f))) for f in (first, second)
    )
    turned = [one]
    if inputs(first) == inputs(second) == 1:
        turned = [one, -one, one[::-1], -one[::-1]]
    return any(_near(each, other) for each in turned)


def _near(one: np.ndarray, other: np.ndarray) -> bool:
    finite = np.isfinite(other)
    if not np.array_equal(np.isfinite(one), finite):
        return False
    largest = np.abs(other[finite]).max(initial=0)
    gaps = np.abs(one[finite] - other[finite])
    return bool(gaps.max(initial=0) <= _NEAR * (1 + largest))


def contains(family: Function, member: Function) -> bool:
    """Whether a function is another with its parameters at some value.

    Args:
        family: The function whose parameters are free. Of one for each group,
            each contains its own.
        member: The other one; this holds for each of its parameters' `VALUES`.

    Raises:
        ValueError: One of them is for groups that the other has not.
    """
    groups = [dict(getattr(f, "functions", ())) for f in (family, member)]
    if groups[0].keys() != groups[1].keys():
        raise ValueError(
            "`member` must be for the groups of `family`, "
            f"{[*groups[0]] or 'none'}. Received: {str(member)!r}"
        )
    if groups[0]:
        return all(contains(groups[0][n], groups[1][n]) for n in groups[0])
    return all(_has(family, _values(member, s)) for s in _settings(member))


def _settings(function: Expression) -> list[tuple[float, ...]]:
    """Returns values of the parameters, those at the start first."""
    count = len(parameters(function))
    start = (1.0,) * count
    if len(VALUES) ** count <= _MOST:
        every = itertools.product(VALUES, repeat=count)
        return [start, *(s for s in every if s != start)]
    rng = np.random.Generator(np.random.PCG64(count))
    drawn = rng.choice(VALUES, (_MOST - 1, count))
    return [start, *map(tuple, drawn.tolist())]


def _values(function: Expression, settings) -> np.ndarray:
    given = [np.full(_X.shape, value) for value in settings]
    return fingerprint.values(function, _X, given, _Y)[0]


def _has(family: Expression, wanted: np.ndarray) -> bool:
    finite = np.isfinite(wanted)
    target = np.where(finite, wanted, 0.0)
    limit = TOLERANCE * (1 + np.abs(target).max())

    def miss(settings) -> np.ndarray:
        found = _values(family, settings)
        alike = np.isfinite(found) == finite
        with np.errstate(all="ignore"):
            gap = np.where(finite, found - target, 0.0)
        return np.clip(np.where(alike, gap, _FAR), -_FAR, _FAR)

    count = len(parameters(family))
    if not count:
        return bool(np.abs(miss(())).max() <= limit)
    rng = np.random.Generator(np.random.PCG64(count))
    starts = [np.full(count, value) for value in _STARTS]
    starts += [*rng.uniform(-2.5, 2.5, (_DRAWN * (count > 1), count))]
    for start in starts:
        fit = optimize.least_squares(
            miss, start, xtol=1e-12, ftol=1e-12, gtol=1e-12
        )
        if np.abs(fit.fun).max() <= limit:
            return True
    return False
