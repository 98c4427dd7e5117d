"""Functions as people give them: names, texts, or a text for each group."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from actfn import catalog
from actfn.expressions.expression import (
    Expression,
    X,
    exchanged,
    inputs,
    walk,
)
from actfn.expressions.parsing import parse
from actfn.spaces.canonical import canonicalize
from actfn.spaces.groups import GroupedExpression, join_groups, split_groups


def distinct(
    functions: str | Sequence[str], known: Sequence[str] = ()
) -> tuple[str, ...]:
    """Returns functions, the first of those that are the same.

    Args:
        functions: Names or texts.
        known: What is left out.

    Raises:
        ValueError: A text is not of a function.
    """
    if isinstance(functions, str):
        functions = (functions,)
    seen = {key_of(function) for function in known}
    kept = []
    for function in map(of_x, map(str, functions)):
        if (found := key_of(function)) not in seen:
            seen.add(found)
            kept.append(function)
    return tuple(kept)


def of_x(function: str) -> str:
    """Returns a function of y alone as one of x, which `actfn.get` reads.

    The halves that a gate takes for x and y may be exchanged.
    """
    if groups := split_groups(function):
        return join_groups({n: of_x(each) for n, each in groups.items()})
    if catalog.find(function):
        return function
    read = parse(function, inputs=2)
    alone = inputs(read) == 2 and X not in walk(read)
    return str(exchanged(read)) if alone else function


def key_of(function: str) -> str:
    """Returns what is equal for equal functions: the canonical form.

    The catalog's first values of parameters make a function of its own.

    Raises:
        ValueError: The text is not of a function.
    """
    if groups := split_groups(function):
        return join_groups({n: key_of(each) for n, each in groups.items()})
    known = catalog.find(function)
    text = known.expression if known else function
    form = str(canonicalize(parse(text, inputs=2)))
    return f"{form}, {known.initial}" if known and known.initial else form


def expression_of(name: str) -> Expression | GroupedExpression:
    """Returns the expression of a function, or that of each group."""
    if groups := split_groups(name):
        return GroupedExpression(
            tuple((group, expression_of(n)) for group, n in groups.items())
        )
    return catalog.get(name).expression


def new_to_keras(functions: Sequence[str], *, is_text: bool) -> str:
    """Returns one of some functions, one that Keras does not know if any.

    A model that hands its text to Keras fails at such a one.

    Args:
        functions: One at least.
        is_text: Whether the first will do, as a text that no name stands for.
    """
    first = functions[0]
    if is_text and not split_groups(first):
        return str(catalog.get(first).expression)

    def is_known(function: str) -> bool:
        try:
            keras.activations.get(function)
        except (TypeError, ValueError):
            return False
        return True

    return next((f for f in functions if not is_known(f)), first)
