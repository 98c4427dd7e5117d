"""When are two expressions the same function?

Same means: equal as functions of the input and the parameters, up to the names
of the parameters, which all start at the same value. An epsilon makes a
difference: ``x / x`` is not 1.

Two means work together. Algebra (`actfn.spaces.algebra`) holds exactly.
Numbers (`actfn.spaces.fingerprint`) find every function of one core unit
again, in whatever way it is written, as well as in the inside of larger
functions. No state is shared or kept, so that all processes agree.

Guaranteed: functions that differ stay different (as far as 149 points and
parameter values tell, and more around the constants of a text), and all ways
to write a function of the one-unit space
give the same expression: its 6,250 strings are 4,056 functions. Larger ones
are told to be equal if algebra and the replacement of their inner functions
make them so; some equal pairs remain apart, such as ``sin(2 * x)`` and
``2 * sin(x) * cos(x)``.

Of two inputs, x and y are halves of the same channels, which any layer before
may exchange: f(x, y) and f(y, x) are one function then, unless `exchange` says
that they differ. The functions of a unit that reads x and y are a table of
their own.
"""

from __future__ import annotations

import functools

from actfn.expressions import operators, words
from actfn.expressions.expression import (
    Call,
    Expression,
    Parameter,
    Variable,
    X,
    Y,
    exchanged,
    inputs,
    number_parameters,
    parameters,
    size,
    substitute,
    walk,
)
from actfn.spaces import fingerprint
from actfn.spaces.algebra import is_constant, simplify
from actfn.spaces.one_unit import small_functions

_HOLE = Variable("u")
_LARGEST = 150
"""Larger expressions are not simplified, for the sake of time."""
_LARGEST_UNIT = 40
_ROUNDS = 5
"""What is simplified may show more that can be."""


@functools.lru_cache(maxsize=100_000)
def canonicalize(expression: Expression, exchange: bool = True) -> Expression:
    """Returns a form that is equal for expressions of the same function.

    Args:
        expression: The function.
        exchange: Whether x and y of a function of two inputs may be exchanged,
            as the halves of what a trainable layer puts out.

    Example:
        >>> from actfn import parse
        >>> str(canonicalize(parse("gate(x * beta, x)")))
        'x * sigmoid(beta * x)'
        >>> str(canonicalize(parse("max(x, 0) + min(0, x)")))
        'x'
        >>> str(canonicalize(parse("y * swish_1(x)")))
        'x * y * sigmoid(x)'
    """
    expression = words.expand(expression)
    expression = _without_idle_input(expression)
    if inputs(expression) == 1:
        return _settled(expression)
    other = _settled(exchanged(expression))
    if inputs(other) == 1:
        return other if exchange else _settled(expression)
    forms = [_settled(expression), *[other] * exchange]
    return min(forms, key=lambda form: (size(form), str(form)))


def _without_idle_input(expression: Expression) -> Expression:
    """Puts one input in the place of the other if that changes nothing."""
    if inputs(expression) == 2 and size(expression) <= _LARGEST:
        for idle, kept in ((Y, X), (X, Y)):
            other = substitute(expression, {idle: kept})
            if fingerprint.agree(
                expression, other
            ) and fingerprint.agree_at_constants(expression, other):
                return other
    return expression


def _settled(expression: Expression) -> Expression:
    for _ in range(_ROUNDS):
        simpler = _canonical(expression)
        if simpler == expression:
            break
        expression = simpler
    return expression


@functools.lru_cache(maxsize=100_000)
def _canonical(expression: Expression) -> Expression:
    if size(expression) > _LARGEST:
        return number_parameters(expression)
    if inputs(expression) == 2 and X not in walk(expression):
        return number_parameters(exchanged(_canonical(exchanged(expression))))
    try:
        small = _simplest(expression)
        if small is None:
            inside = simplify(_replaced(expression))
            small = _simplest(inside)
        if small is None:
            small = simplify(_with_ordered_parameters(inside))
    except OverflowError:  # a coefficient that is no float any more
        small = expression
    return number_parameters(small)


def _with_ordered_parameters(expression: Expression) -> Expression:
    order = fingerprint.order(expression)
    names = {
        old: Parameter(f"beta{i}", old.scalar) for i, old in enumerate(order)
    }
    return substitute(expression, names)


def _replaced(node: Expression) -> Expression:
    """Writes inner functions of one core unit in their simplest form."""
    if not isinstance(node, Call):
        return node
    arguments = tuple(_replaced(argument) for argument in node.arguments)
    if node.operator == "div":
        dividend, divisor = arguments
        if is_constant(divisor) and not is_constant(node.arguments[1]):
            arguments = dividend, divisor + operators.EPSILON
    node = Call(node.operator, arguments)
    for inner in _inner(node):
        outer = _exchange(node, inner, _HOLE)
        if {X, Y} & {*walk(outer)}:
            continue
        outer = _exchange(outer, _HOLE, X)
        simplest = _simplest(outer)
        # Where the part is one value, as a comparison is and what is cut off.
        if simplest is not None and fingerprint.agree_where_constant(
            outer, simplest, inner
        ):
            return _exchange(simplest, X, inner)
    return node


def _inner(node: Expression) -> list[Expression]:
    """Returns the inputs and the compound parts, the largest first."""
    if size(node) > _LARGEST_UNIT:
        return []
    parts = {part for part in walk(node) if isinstance(part, Call)} - {node}
    return [X, Y, *sorted(parts, key=lambda part: (-size(part), str(part)))]


def _exchange(node: Expression, old: Expression, new: Expression) -> Expression:
    if node == old:
        return new
    if not isinstance(node, Call):
        return node
    arguments = (_exchange(part, old, new) for part in node.arguments)
    return Call(node.operator, tuple(arguments))


def _simplest(expression: Expression) -> Expression | None:
    """Returns what is found among the functions of one core unit."""
    numbered = number_parameters(expression)
    names = zip(parameters(numbered), parameters(expression), strict=True)
    simplest = _found(numbered)
    if simplest is None or not fingerprint.agree_at_constants(
        numbered, simplest
    ):
        return None
    return substitute(simplest, dict(names))


@functools.lru_cache(maxsize=100_000)
def _found(expression: Expression) -> Expression | None:
    if inputs(expression) == 1:
        return small_functions().find(expression)
    table = small_functions(2)
    found = table.find(expression)
    if found is not None:
        return found
    other = table.find(exchanged(expression))
    return None if other is None else exchanged(other)


for _cache in (canonicalize, _canonical, _found):
    words.when_forgotten(_cache.cache_clear)
