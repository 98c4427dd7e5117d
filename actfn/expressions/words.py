"""Words: named functions that the language knows by a definition.

A word is a call in the tree, such as ``mish(2 * x)``, and prints as it was
written. What computes or compares writes it out first (`expand`). A word with
trainable parameters takes them as arguments after its inputs; text may leave
them out, each call then has its own: ``swish(x)`` is ``swish(x, beta)``.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from actfn.expressions.expression import (
    Call,
    Expression,
    ExpressionError,
    Parameter,
    parameters,
    size,
    substitute,
    walk,
)

MAX_EXPANDED = 100_000
"""How many nodes an expression may have once its words are written out."""


@dataclasses.dataclass(frozen=True)
class Word:
    """One function with a definition.

    Attributes:
        name: Its name in text.
        inputs: How many arguments a call must give.
        definition: An expression over `holes`.
        holes: What the arguments stand for: the inputs, then the parameters.
        uses: How often each hole occurs.
    """

    name: str
    inputs: int
    definition: Expression
    holes: tuple[Expression, ...]
    uses: tuple[int, ...]


_WORDS: dict[str, list[Word]] = {}


def define(name: str, definition: Expression, inputs: tuple) -> None:
    """Adds a word; one name may have words of several numbers of arguments.

    Args:
        name: Its name in text.
        definition: Over the `inputs` and over parameters.
        inputs: The variables that arguments take the place of, in order.

    Raises:
        ValueError: There is such a word with as many arguments.
    """
    holes = (*inputs, *parameters(definition))
    definition = expand(definition)
    if any(len(word.holes) == len(holes) for word in _WORDS.get(name, ())):
        raise ValueError(f"`name` must be a new word. Received: {name!r}")
    nodes = list(walk(definition))
    uses = tuple(nodes.count(hole) for hole in holes)
    word = Word(name, len(inputs), definition, holes, uses)
    _WORDS.setdefault(name, []).append(word)


def forget(name: str) -> None:
    """Removes a word, if there is one."""
    if _WORDS.pop(name, None):
        for clear in _WHEN_FORGOTTEN:
            clear()


_WHEN_FORGOTTEN: list[Callable[[], None]] = []


def when_forgotten(clear: Callable[[], None]) -> None:
    """Has what was made of words forgotten with them.

    Args:
        clear: Called when a name comes to mean something else.
    """
    _WHEN_FORGOTTEN.append(clear)


def names() -> tuple[str, ...]:
    """Returns all words."""
    return tuple(_WORDS)


def known(name: str) -> bool:
    """Whether there is such a word."""
    return name in _WORDS


def with_inputs(count: int) -> list[str]:
    """Returns the words that may be called with so many arguments."""
    return [
        name
        for name, found in _WORDS.items()
        if any(word.inputs == count for word in found)
    ]


def arities(name: str) -> list[int]:
    """Returns how many arguments a call of the word may have."""
    counts = {count for word in _WORDS[name] for count in _counts(word)}
    return sorted(counts)


def _counts(word: Word) -> tuple[int, int]:
    return word.inputs, len(word.holes)


def call(name: str, arguments: tuple[Expression, ...], mark: str) -> Call:
    """Returns a call; parameters left out get names that hold `mark`."""
    count = len(arguments)
    for word in _WORDS[name]:
        if len(word.holes) == count:
            return Call(name, arguments)
    for word in _WORDS[name]:
        if word.inputs == count:
            fresh = (
                Parameter(f"{hole.name}#{mark}", hole.scalar)
                for hole in word.holes[word.inputs :]
            )
            return Call(name, (*arguments, *fresh))
    raise ExpressionError(
        f"{name} takes {' or '.join(map(str, arities(name)))} arguments. "
        f"Received: {count}"
    )


def _word(node: Call) -> Word | None:
    for word in _WORDS.get(node.operator, ()):
        if len(word.holes) == len(node.arguments):
            return word
    return None


@functools.lru_cache(maxsize=20_000)
def expand(expression: Expression) -> Expression:
    """Returns the expression with all words replaced by their definitions.

    Raises:
        ExpressionError: It would have more than MAX_EXPANDED nodes.
    """
    if not isinstance(expression, Call):
        return expression
    if expanded_size(expression) > MAX_EXPANDED:
        raise ExpressionError(
            "An expression must have at most "
            f"{MAX_EXPANDED} nodes once its words are written out. "
            f"Received: {expanded_size(expression)}"
        )
    arguments = tuple(map(expand, expression.arguments))
    word = _word(expression)
    if word is None:
        if arguments == expression.arguments:
            return expression
        return Call(expression.operator, arguments)
    holes = dict(zip(word.holes, arguments, strict=True))
    return substitute(word.definition, holes)


@functools.lru_cache(maxsize=20_000)
def expanded_size(node: Expression) -> int:
    """Returns the number of nodes with all words written out."""
    if not isinstance(node, Call):
        return 1
    sizes = [expanded_size(argument) for argument in node.arguments]
    word = _word(node)
    if word is None:
        return 1 + sum(sizes)
    own = size(word.definition) - sum(word.uses)
    return own + sum(n * part for n, part in zip(word.uses, sizes, strict=True))


for _cache in (expand, expanded_size):
    when_forgotten(_cache.cache_clear)
