"""Functions as numbers: values in float64 at points and parameter values.

Two expressions are taken for the same function if their values agree at every
point, to 1e-9 of the value and 1e-12 of the largest intermediate result. (An
epsilon changes a value by 1e-7 or more at most points; rounding by 1e-15.)
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import (
    Constant,
    Expression,
    Parameter,
    Variable,
    inputs,
    parameters,
    walk,
)
from actfn.expressions.operators import EPSILON

PARAMETERS = 3
"""How many parameters a function of one core unit has at most."""
_RNG = np.random.Generator(np.random.PCG64(1710_05941))
# Points near 0, then ever farther ones, where other terms win.
POINTS = np.concatenate(
    [
        np.linspace(-4, 4, 121) + _RNG.uniform(-0.02, 0.02, 121),
        np.array([1, -1]).repeat(14) * np.tile(np.geomspace(4.3, 300, 14), 2),
    ]
)
_SIGNS = _RNG.choice([-1, 1], (PARAMETERS, POINTS.size))
SETTINGS = _SIGNS * _RNG.uniform(0.3, 2, (PARAMETERS, POINTS.size))
"""The value of each parameter at each point."""

# Values of y for those of x: any near 0, and a far one with a far x.
OTHER_POINTS = np.concatenate(
    [_RNG.uniform(-4, 4, 121), _RNG.permutation(POINTS[121:])]
)

PROBES = np.array([-1.7, -0.9, -0.31, 0.23, 0.57, 1.13, 2.2])
OTHER_PROBES = np.array([0.71, -1.23, 1.93, -0.43, 2.1, -1.9, 0.19])
_PROBE, _OTHERS = 0.61, 1.37


def values(expression: Expression, x, settings, y=None) -> tuple:
    """Returns the values and the size of the intermediate results.

    Args:
        expression: The function.
        x: Points, in float64.
        settings: An array for each parameter of the expression.
        y: Points of the second input, if it has two.
    """
    given = settings if inputs(expression) == 1 else [y, *settings]
    with in_float64():
        steps = [
            # An operator of the user may have made tensors of the arrays.
            step if isinstance(step, float) else ops.convert_to_numpy(step)
            for step in compile_expression(expression).steps(x, given)
        ]
    shape = np.broadcast_shapes(np.shape(x), *(s.shape for s in settings))
    size = np.zeros(shape)
    for step in steps:
        size = np.maximum(size, np.abs(step))
    return np.broadcast_to(steps[-1], shape), size


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """Lets the backend compute in float64; only JAX needs to be told."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(np.errstate(all="ignore"))
        if keras.backend.backend() == "jax":
            import jax

            stack.enter_context(jax.enable_x64(True))
        yield


def same(first: tuple, second: tuple) -> np.ndarray:
    """Whether values agree at all points (the last axis).

    Args:
        first: What `values` returned; may have leading axes.
        second: Likewise.
    """
    a, b = first[0], second[0]
    size = np.maximum(first[1], second[1])
    with np.errstate(all="ignore"):
        limit = 1e-9 * np.maximum(np.abs(a), np.abs(b)) + 1e-12 * size
        close = np.abs(a - b) <= limit
        both = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.all(close | both, axis=-1)


def agree(first: Expression, second: Expression) -> bool:
    """Whether two expressions over the same parameters have one value."""
    return bool(same(_at_points(first), _at_points(second)))


def _at_points(expression: Expression) -> tuple:
    """Returns the values at the points, with parameters in their order."""
    settings = [
        np.roll(SETTINGS[index % PARAMETERS], index)
        for index, _ in enumerate(parameters(expression))
    ]
    return values(expression, POINTS, settings, OTHER_POINTS)


_USUAL = {0.0, 1.0, 2.0, 3.0, EPSILON}
"""Constants of the paper's functions, which the points above are made for."""
_MOST = 12
_SHIFTS = np.array([-0.3, -0.1, -1e-3, 0.0, 1e-3, 0.1, 0.3])
_DRAWS = 4


def agree_at_constants(first: Expression, second: Expression) -> bool:
    """Whether two expressions agree around what their constants point at.

    A kink or a bump may lie beyond the usual points or between them, or be
    there for larger parameters alone: ``min(x, 400)``, ``max(beta - 2.5, 0)``,
    ``gauss(200 * (x - 0.333))``. Points and parameters are therefore taken
    around every constant that is not the paper's, its inverse, and products
    and ratios of two of them, as far off as these say.

    Args:
        first: An expression.
        second: Another; its parameters are called as those of the first.
    """
    places = _places(first) | _places(second)
    if not places:
        return True
    places = np.array(sorted(places))
    widths = np.minimum(1, 1 / places)
    x = np.concatenate(
        [
            (places[:, None] * (1 + _SHIFTS)).ravel(),
            (places[:, None, None] + widths[:, None] * _SHIFTS).ravel(),
        ]
    )
    rng = np.random.Generator(np.random.PCG64(places.size))
    x = np.tile(np.concatenate([x, -x]), _DRAWS)
    usual = rng.uniform(0.3, 2, (2 * PARAMETERS, x.size))
    far = rng.choice(np.unique(np.abs(x)), usual.shape)
    near = rng.random(usual.shape) < 0.5
    settings = np.where(near, usual, far) * rng.choice([-1, 1], usual.shape)
    names = sorted({*parameters(first), *parameters(second)}, key=str)
    if len(names) > len(settings):
        return False
    by_name = dict(zip(names, settings, strict=False))
    y = np.where(rng.random(x.size) < 0.5, rng.permutation(x), x / 2)
    found = [
        values(e, x, [by_name[name] for name in parameters(e)], y)
        for e in (first, second)
    ]
    return bool(same(*found))


def _places(expression: Expression) -> set[float]:
    """Returns where something may happen, as far as its constants tell."""
    found = {
        abs(value)
        for value in map(_constant, {*walk(expression)})
        if np.isfinite(value)
    }
    own = sorted(found - _USUAL)[:_MOST]
    if not own:
        return set()
    every = [*own, *(found & {2.0, 3.0})]
    pairs = [(a, b) for a in every for b in every]
    places = {*own, *(1 / a for a in own)}
    places |= {a * b for a, b in pairs} | {a / b for a, b in pairs}
    kept = {p for p in places if 1e-6 < p < 1e6} | {*own} - {0.0}
    return {float(f"{p:.12g}") for p in kept}


def _constant(node: Expression) -> float:
    """Returns the value of a part that has neither input nor parameters.

    NaN for others. ``2 ** 10`` is a constant as 1024 is.
    """
    if isinstance(node, Constant):
        return node.value
    if any(isinstance(part, Parameter | Variable) for part in walk(node)):
        return math.nan
    return float(values(node, np.zeros(1), ())[0][0])


_OFTEN = 4
"""At how many points a function is one value to be constant there."""


def agree_where_constant(
    first: Expression, second: Expression, inner: Expression
) -> bool:
    """Whether two expressions agree at values that their input takes often.

    They agree almost everywhere, which says nothing of a single value; but
    what stands in the place of their input may be one value for half of all x,
    as ``x > 0`` and ``max(x, 0)`` are.

    Args:
        first: An expression of x.
        second: Another; its parameters are called as those of the first.
        inner: What x is.
    """
    taken, _ = _at_points(inner)
    found, counts = np.unique(taken, return_counts=True)
    often = found[(counts >= _OFTEN) & np.isfinite(found)]
    if not len(often):
        return True
    names = sorted({*parameters(first), *parameters(second)}, key=str)
    x = np.repeat(often, PROBES.size)
    by_name = {
        name: np.tile(np.roll(PROBES, place), len(often))
        for place, name in enumerate(names)
    }
    return bool(
        same(
            *(
                values(e, x, [by_name[name] for name in parameters(e)])
                for e in (first, second)
            )
        )
    )


def order(expression: Expression) -> tuple[Parameter, ...]:
    """Returns the parameters in an order that only the function determines.

    They are sorted by the values that the function takes at some points where
    this parameter differs from the others. Parameters between which this does
    not decide are exchangeable, as far as it can be seen.
    """
    found = parameters(expression)
    if len(found) < 2:
        return found
    settings = probe_settings(len(found)).swapaxes(0, 1)
    keys = probe_keys(values(expression, PROBES, settings, OTHER_PROBES)[0])
    return tuple(
        parameter
        for _, parameter in sorted(
            zip(keys, found, strict=True), key=lambda pair: pair[0]
        )
    )


def probe_settings(count: int) -> np.ndarray:
    """Returns the values of `count` parameters, one of which differs.

    Shape: (which one differs, parameter, point).
    """
    settings = np.where(np.eye(count), _PROBE, _OTHERS)
    return np.repeat(settings[..., None], PROBES.size, axis=-1)


def probe_keys(rows: np.ndarray) -> list[tuple]:
    """Returns values that compare alike in spite of rounding."""
    rows = np.nan_to_num(rows, nan=1e300, posinf=2e300, neginf=-2e300)
    return [tuple(float(f"{value:.9g}") for value in row) for row in rows]
