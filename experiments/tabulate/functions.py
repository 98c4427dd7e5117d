"""The functions of the open table: a declared list in a declared order.

First all scalar functions of the catalog, in its order; each is trained under
its name, with its own first values of trainable parameters. Names of one
function with one set of first values, such as silu and swish_1, count once.
Then one random permutation of

- every distinct function of the paper's one-unit space, 4,056, but for those
  that are in the catalog with parameters that start at 1, or without any;
- 1,500 distinct functions of two units: token strings of the paper's two-unit
  space, inputs chosen freely, are drawn uniformly from a generator of seed
  `SEED` until so many functions are found that are not among the others. Those
  that the two-unit space shares with the one-unit space do not count.

The permutation is drawn from the same generator afterwards, so the first N of
the list beyond the catalog are a random sample of it. A task declares the whole
list, or the catalog and the first so many after it, see `PARTS`.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np

import actfn
from actfn import catalog
from actfn.spaces.groups import canonical_text

SEED = 1710_05941
TWO_UNIT = 1500
"""How many functions of two units."""
PARTS = {"text": 1000}
"""How many beyond the catalog a task declares that does not declare all."""


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of the list.

    Attributes:
        text: What `actfn.get` takes: a catalog name, or the canonical form.
        form: The text of its canonical form.
        source: ``"catalog"``, ``"one-unit"`` or ``"two-unit"``, the first
            that it belongs to.
        names: In the catalog.
    """

    text: str
    form: str
    source: str
    names: tuple[str, ...] = ()


@functools.cache
def declared() -> tuple[Function, ...]:
    """Returns the whole list, in its order; takes some 20 seconds."""
    named = of_catalog()
    as_trained = {
        each.form for each in named if not catalog.entry(each.text).initial
    }
    one = of_space()
    rng = np.random.default_rng(SEED)
    two = _drawn(rng, {*(each.form for each in one), *as_trained})
    rest = [each for each in one if each.form not in as_trained] + two
    return (*named, *(rest[place] for place in rng.permutation(len(rest))))


def digest(functions: Sequence[Function]) -> str:
    """Returns what tells a list of functions from another."""
    listed = json.dumps([dataclasses.astuple(each) for each in functions])
    return hashlib.sha256(listed.encode()).hexdigest()


def listed(
    unary: Sequence[str] | None, binary: Sequence[str] | None
) -> Sequence[Function]:
    """Returns the list, or that of a one-unit space if one is named.

    Raises:
        ValueError: A name is unknown, see `actfn.SearchSpace`.
    """
    return of_space(unary, binary) if unary or binary else declared()


def of_task(name: str, functions: Sequence[Function]) -> Sequence[Function]:
    """Returns what a task declares of a list: all, or its beginning."""
    if name not in PARTS:
        return functions
    named = sum(each.source == "catalog" for each in functions)
    return functions[: named + PARTS[name]]


@functools.cache
def strings() -> collections.Counter[str]:
    """Counts the token strings of the one-unit space by what they denote."""
    space = actfn.SearchSpace(1)
    return collections.Counter(map(canonical_text, space.enumerate()))


def of_catalog() -> list[Function]:
    """Returns the distinct functions of one input that have a name."""
    names: dict[tuple, list[str]] = {}
    for name in catalog.names():
        entry = catalog.entry(name)
        form = canonical_text(actfn.parse(entry.expression))
        names.setdefault((form, entry.initial), []).append(name)
    return [
        Function(each[0], form, "catalog", tuple(each))
        for (form, _), each in names.items()
    ]


def of_space(
    unary: Sequence[str] | None = None, binary: Sequence[str] | None = None
) -> list[Function]:
    """Returns the distinct functions of a one-unit space, the paper's or not.

    Raises:
        ValueError: A name is unknown, see `actfn.SearchSpace`.
    """
    space = actfn.SearchSpace(1, unary, binary)
    return _functions(map(canonical_text, space.enumerate()), "one-unit")


def _drawn(rng: np.random.Generator, known: set[str]) -> list[Function]:
    space = actfn.SearchSpace(2)
    found: dict[str, None] = {}
    while len(found) < TWO_UNIT:
        form = canonical_text(space.sample(rng))
        if form not in known:
            found[form] = None
    return _functions(found, "two-unit")


def _functions(forms: Iterable[str], source: str) -> list[Function]:
    return [Function(form, form, source) for form in dict.fromkeys(forms)]
