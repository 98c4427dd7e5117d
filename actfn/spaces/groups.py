"""One function for each of a few groups of sites: the product of spaces.

The text is ``early: max(x, 0); late: x * sigmoid(x)``. Token strings are those
of the groups one after the other, so that a search method for token strings
works on the product as it does on one space.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from actfn.expressions.expression import Expression
from actfn.expressions.parsing import parse
from actfn.spaces.canonical import canonicalize
from actfn.spaces.grammar import SearchSpace


@dataclasses.dataclass(frozen=True)
class GroupedExpression:
    """A function for each group.

    Attributes:
        functions: Names of the groups with their functions, in order.

    Example:
        >>> str(parse_functions("early: max(x, 0); late: x"))
        'early: max(x, 0); late: x'
    """

    functions: tuple[tuple[str, Expression], ...]

    def __str__(self) -> str:
        return join_groups(dict(self.functions))


def join_groups(functions: Mapping[str, object]) -> str:
    """Returns the text of a function for each group."""
    return "; ".join(f"{name}: {text}" for name, text in functions.items())


def split_groups(text: str) -> dict[str, str]:
    """Returns the text of each group's function; none for one function.

    Raises:
        ValueError: A part has no name, or two have the same.
    """
    if ":" not in text:
        return {}
    parts = [part.partition(":") for part in text.split(";")]
    functions = {name.strip(): found.strip() for name, _, found in parts}
    if len(functions) < len(parts) or not all(
        name.isidentifier() and found for name, found in functions.items()
    ):
        raise ValueError(
            "The text of a function for each group must be as in "
            f"'early: max(x, 0); late: x'. Received: {text!r}"
        )
    return functions


def parse_functions(text: str) -> Expression | GroupedExpression:
    """Returns the function of a text, or the function of each group.

    Raises:
        ValueError: It is neither's.
    """
    groups = split_groups(text)
    if not groups:
        return parse(text, inputs=2)
    return GroupedExpression(
        tuple((name, parse(part, inputs=2)) for name, part in groups.items())
    )


def canonical_text(expression: Expression | GroupedExpression) -> str:
    """Returns the canonical form of a function, or each group's, as text."""
    if isinstance(expression, GroupedExpression):
        return join_groups(
            {name: canonicalize(each) for name, each in expression.functions}
        )
    return str(canonicalize(expression))


class GroupedSpace:
    """All choices of one function for each group, each of a space of its own.

    It is what a search method takes for a `SearchSpace`.

    Args:
        spaces: The space of each group, by its name.

    Attributes:
        groups: The names.
        size: The number of token strings, the product of the groups'.
        token_sizes: The number of choices of each token, group by group.
        core_units: The most units that a function of a group has.
        inputs: 1 or 2, as all groups have.
        own_operators: The registered operators that a group's functions have.

    Raises:
        ValueError: There is no group, a name is no Python identifier, or the
            spaces differ in the number of inputs.

    Example:
        >>> one = SearchSpace(core_units=1)
        >>> GroupedSpace({"early": one, "late": one}).size == 6250**2
        True
    """

    def __init__(self, spaces: Mapping[str, SearchSpace]):
        self.spaces = dict(spaces)
        self.groups = tuple(self.spaces)
        inputs = {space.inputs for space in self.spaces.values()}
        if len(inputs) != 1 or not all(map(str.isidentifier, self.groups)):
            raise ValueError(
                "`spaces` must map names that are Python identifiers, at least "
                "one, to spaces of the same number of inputs. "
                f"Received: {self.spaces}"
            )
        self.inputs = inputs.pop()
        each = self.spaces.values()
        self.core_units = max(space.core_units for space in each)
        self.token_sizes: tuple[int, ...] = tuple(
            itertools.chain(*(space.token_sizes for space in each))
        )
        self.size: int = math.prod(space.size for space in each)
        self.own_operators = frozenset().union(*(s.own_operators for s in each))

    def __repr__(self) -> str:
        return f"GroupedSpace({self.spaces})"

    def decode(self, tokens: Sequence[int]) -> GroupedExpression:
        """Returns the functions of a token string.

        Raises:
            ValueError: The string has the wrong length or a token is out of
                range.
        """
        left = list(tokens)
        if len(left) != len(self.token_sizes):
            raise ValueError(
                f"`tokens` must be {len(self.token_sizes)} integers. "
                f"Received: {left}"
            )
        functions = []
        for name, space in self.spaces.items():
            length = len(space.token_sizes)
            functions.append((name, space.decode(left[:length])))
            left = left[length:]
        return GroupedExpression(tuple(functions))

    def encode(self, expression: GroupedExpression) -> tuple[int, ...]:
        """Returns a token string for the functions; see `SearchSpace.encode`.

        Raises:
            ValueError: The groups are others, or a group's space has no string
                for its function.
        """
        functions = dict(getattr(expression, "functions", ()))
        if tuple(functions) != self.groups:
            raise ValueError(
                f"`expression` must have a function for each of {self.groups}. "
                f"Received: {str(expression)!r}"
            )
        return tuple(
            itertools.chain(
                *(
                    space.encode(functions[name])
                    for name, space in self.spaces.items()
                )
            )
        )

    def sample_tokens(self, rng: np.random.Generator) -> tuple[int, ...]:
        """Draws a token string uniformly."""
        return tuple(int(rng.integers(count)) for count in self.token_sizes)

    def sample(self, rng: np.random.Generator) -> GroupedExpression:
        """Draws the functions of a uniformly drawn token string."""
        return self.decode(self.sample_tokens(rng))

    def enumerate(self) -> Iterator[GroupedExpression]:
        """Yields the functions of every token string, in their order."""
        each = (space.enumerate() for space in self.spaces.values())
        for functions in itertools.product(*each):
            yield GroupedExpression(
                tuple(zip(self.groups, functions, strict=True))
            )
