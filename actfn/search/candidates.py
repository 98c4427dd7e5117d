"""Functions as people give them: names, texts, or a text for each group."""

from __future__ import annotations

import json
from collections.abc import Sequence

import keras

from actfn import catalog
from actfn.expressions.expression import Expression
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
    seen = {_key(function) for function in known}
    kept = []
    for function in map(str, functions):
        if (found := _key(function)) not in seen:
            seen.add(found)
            kept.append(function)
    return tuple(kept)


def _key(function: str) -> str:
    if groups := split_groups(function):
        return join_groups({n: _key(each) for n, each in groups.items()})
    # The catalog's initial values make a function of their own.
    if function in catalog.names():
        layer = catalog.get(function).get_config()
        layer.pop("name", None)
        return json.dumps(layer, sort_keys=True, default=str)
    known = catalog.find(function)
    text = known.expression if known else function
    return str(canonicalize(parse(text, inputs=2)))


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
