"""Spaces whose rewards are known, or found within milliseconds."""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from actfn.expressions.expression import Expression
from actfn.expressions.parsing import parse
from actfn.search.books.ledger import canonical_text
from actfn.search.books.tables import CsvLog, read_rows
from actfn.search.checks import check_finite
from actfn.spaces.grammar import SearchSpace
from experiments.simulate.ridge import RidgeLandscape

TOP_SHARE = 0.01
_MOST_UNITS = 3
_COLUMNS = ("expression", "canonical", "reward")


class Landscape:
    """Rewards of functions, and from where on they are good.

    Args:
        name: For the report.
        space: Where policies search.
        rewards: The rewards of a sample of the space or of all of it, by the
            text of the canonical form. The top is reckoned from them.
        measure: Finds the reward of any other function.
        canonical: Returns the text of an expression's canonical form.

    Attributes:
        size: Of the sample.
        best: The highest reward of the sample.
        threshold: The lowest reward in the sample's top 1 percent.
        top_share: How much of the sample reaches it; more than 1 percent if
            functions share that reward.
        measured: How many functions beside the sample were asked for.
    """

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        rewards: Mapping[str, float],
        measure: Callable[[str], float],
        canonical: Callable[[Expression], str] = canonical_text,
    ):
        self.name = name
        self.space = space
        self.canonical = canonical
        self.size = len(rewards)
        self._rewards = dict(rewards)
        self._measure = measure
        ranked = np.sort([*rewards.values()])[::-1]
        self.best = float(ranked[0])
        self.threshold = float(ranked[max(1, round(TOP_SHARE * self.size)) - 1])
        self.top_share = float(np.mean(ranked >= self.threshold))

    @property
    def measured(self) -> int:
        """How many functions beside the sample were asked for."""
        return len(self._rewards) - self.size

    def reward(self, canonical: str) -> float:
        """Returns the reward of a canonical form; each is measured once."""
        if canonical not in self._rewards:
            self._rewards[canonical] = self._measure(canonical)
        return self._rewards[canonical]


def table(
    path: pathlib.Path,
    core_units: int | None = None,
    unary: Sequence[str] | None = None,
    binary: Sequence[str] | None = None,
) -> Landscape:
    """Reads a table of rewards.

    A function of the space that is not in the table has its lowest reward; of
    one that several rows have, the mean counts.

    Args:
        path: A CSV file with the columns expression and reward.
        core_units: Of the space; by default as few as can say every function.
        unary: Of the space; by default what the functions are made of.
        binary: Likewise.

    Raises:
        ValueError: The file is no such table, or the space cannot say one of
            its functions.
        OSError: The file cannot be read.
    """
    try:
        rows = read_rows(path)
    except (UnicodeDecodeError, csv.Error):
        rows = []
    if not rows or not {"expression", "reward"} <= rows[0].keys():
        raise ValueError(
            "--table must be a CSV file with the columns expression and "
            f"reward, and some rows. Received: {path}"
        )
    functions = [parse(row["expression"] or "") for row in rows]
    found: dict[str, list[float]] = {}
    for function, row in zip(functions, rows, strict=True):
        reward = check_finite("reward", row["reward"])
        found.setdefault(canonical_text(function), []).append(reward)
    rewards = {form: float(np.mean(each)) for form, each in found.items()}
    lowest = min(rewards.values())
    space = _space_of(functions, core_units, unary, binary)
    return Landscape(path.stem, space, rewards, lambda _: lowest)


def _space_of(
    functions: Sequence[Expression],
    core_units: int | None,
    unary: Sequence[str] | None,
    binary: Sequence[str] | None,
) -> SearchSpace:
    """Returns the smallest space that says all the functions."""
    problem = ValueError()
    for units in [core_units] if core_units else range(1, _MOST_UNITS + 1):
        whole = SearchSpace(units, unary, binary)
        try:
            strings = np.array([whole.encode(f) for f in functions])
        except ValueError as error:
            problem = error
            continue
        places = {*strings[:, 2::5].flat, *strings[:, 3::5].flat}
        unary = unary or [whole.unary[place] for place in sorted(places)]
        places = {*strings[:, 4::5].flat}
        binary = binary or [whole.binary[place] for place in sorted(places)]
        return SearchSpace(units, unary, binary)
    raise problem


def ridge(space: SearchSpace, sample: int, cache: pathlib.Path) -> Landscape:
    """Returns the landscape of `RidgeLandscape`.

    Args:
        space: Where policies search.
        sample: From how many distinct functions the top 1 percent is reckoned.
            They are drawn uniformly from the token strings, or are the whole
            space if that has no more strings.
        cache: A CSV file that keeps forms and rewards for the next run.

    Raises:
        ValueError: The file holds something else.
        OSError: The file cannot be read or written.
    """
    known = _Known(cache)
    rewards = {
        form: known.rewards[form]
        for form in tqdm(
            _distinct(space, sample, known.canonical),
            total=min(sample, space.size),
            desc="sample",
            unit="function",
        )
    }
    return Landscape(
        f"ridge, {space.core_units} units",
        space,
        rewards,
        known.rewards.__getitem__,
        known.canonical,
    )


class _Known:
    """Canonical forms and their ridge rewards, kept in a file."""

    def __init__(self, path: pathlib.Path):
        self._log = CsvLog(path, _COLUMNS)
        self._source = RidgeLandscape()
        self._forms: dict[str, str] = {}
        self.rewards: dict[str, float] = {}
        for row in read_rows(path):
            self._forms[row["expression"]] = row["canonical"]
            self.rewards[row["canonical"]] = float(row["reward"])

    def canonical(self, expression: Expression) -> str:
        """Returns the canonical form; from now on its reward is known."""
        text = str(expression)
        if text not in self._forms:
            form = canonical_text(expression)
            if form not in self.rewards:
                self.rewards[form] = self._source.reward(parse(form))
            row = (text, form, self.rewards[form])
            self._log.append(dict(zip(_COLUMNS, row, strict=True)))
            self._forms[text] = form
        return self._forms[text]


def _distinct(space: SearchSpace, sample: int, canonical: Callable):
    """Yields canonical forms, each once."""
    rng = np.random.default_rng(0)
    drawn = (
        space.enumerate()
        if space.size <= sample
        # Drawing ends even if the space has fewer functions than asked for.
        else (space.sample(rng) for _ in range(20 * sample))
    )
    seen: set[str] = set()
    for form in map(canonical, drawn):
        if form not in seen:
            seen.add(form)
            yield form
            if len(seen) == sample:
                return
