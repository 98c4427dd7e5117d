"""Spaces whose rewards are known, or found within milliseconds."""

from __future__ import annotations

import functools
import hashlib
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from tqdm import tqdm

from actfn.expressions.expression import Expression
from actfn.expressions.parsing import parse
from actfn.search.books.tables import CsvLog, read_rows
from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import canonical_text
from experiments.simulate.perceptron import PerceptronLandscape
from experiments.simulate.ridge import RidgeLandscape

TOP_SHARE = 0.01
TOLD_APART = 2.0
"""Standard errors of a difference from which on two rewards differ."""
FLOOR = 0.0
"""The reward of a run of any of `SOURCES` that overflows."""
NOISE_SHARE = 0.1
"""From which share of the functions, the best, noise is reckoned."""
_COLUMNS = ("expression", "canonical", "runs")


class Landscape:
    """Rewards of functions, and from where on they are good.

    The top is the best 1 percent, and with it every function that the rewards'
    noise does not tell from the best one: less than `TOLD_APART` standard
    errors of a difference, sqrt(2) times the noise, lie between them. Ranks
    within that mean nothing.

    Args:
        name: For the report.
        space: Where policies search.
        rewards: The rewards of a sample of the space or of all of it, by the
            text of the canonical form. The top is reckoned from them.
        measure: Finds the reward of any other function; None if it cannot be
            known, and then policies are not answered where they propose one.
        canonical: Returns the text of an expression's canonical form.
        noise: Standard error of a good function's reward; NaN where it is not
            known, and then the top is the best 1 percent.
        runs: The rewards of the runs whose mean a reward is, by canonical
            form, where they are known; `measure` adds those of others.
        floor: The reward of a run that diverged.
        task: Whose rewards these are, if they are of one of the tasks.

    Attributes:
        size: Of the sample.
        best: The highest reward of the sample.
        threshold: The lowest reward of the top.
        top_share: How much of the sample is the top.
    """

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        rewards: Mapping[str, float],
        measure: Callable[[str], float] | None,
        canonical: Callable[[Expression], str] = canonical_text,
        noise: float = np.nan,
        runs: Mapping[str, np.ndarray] | None = None,
        floor: float = -np.inf,
        task: str | None = None,
    ):
        self.name = name
        self.space = space
        self.canonical = canonical
        self.noise = noise
        self.runs = {} if runs is None else runs
        self.floor = floor
        self.task = task
        self.size = len(rewards)
        self._rewards = dict(rewards)
        self._measure = measure
        ranked = np.sort([*rewards.values()])[::-1]
        self.best = float(ranked[0])
        last = float(ranked[max(1, round(TOP_SHARE * self.size)) - 1])
        told_apart = self.best - TOLD_APART * 2**0.5 * noise
        self.threshold = float(np.fmin(last, told_apart))
        self.top_share = float(np.mean(ranked >= self.threshold))

    @functools.cached_property
    def digest(self) -> str:
        """What tells the rewards of the sample, and their runs, from others."""
        sample = sorted([*self._rewards.items()][: self.size])
        told = hashlib.sha256(repr(sample).encode())
        for form, _ in sample:
            told.update(np.asarray(self.runs.get(form, ()), float).tobytes())
        return told.hexdigest()

    @property
    def is_table(self) -> bool:
        """Whether no reward is known but those of the sample."""
        return self._measure is None

    def knows(self, canonical: str) -> bool:
        """Returns whether a canonical form has a reward."""
        return not self.is_table or canonical in self._rewards

    def reward(self, canonical: str) -> float:
        """Returns the reward of a canonical form; each is measured once.

        Raises:
            KeyError: It has none.
        """
        if not self.knows(canonical):
            raise KeyError(canonical)
        if canonical not in self._rewards:
            self._rewards[canonical] = self._measure(canonical)
        return self._rewards[canonical]

    def runs_of(self, canonical: str) -> np.ndarray:
        """Returns the rewards of a canonical form's runs."""
        self.reward(canonical)
        return self.runs[canonical]


class Source(Protocol):
    """Finds rewards within milliseconds."""

    def runs(self, expression: Expression) -> np.ndarray:
        """Returns the rewards of a function's runs; their mean counts."""


SOURCES: dict[str, Callable[..., Source]] = {
    "ridge": RidgeLandscape,
    "perceptron": PerceptronLandscape,
}


def measured(
    name: str,
    space: SearchSpace,
    sample: int,
    cache: pathlib.Path,
    runs: int | None = None,
) -> Landscape:
    """Returns the landscape of one of `SOURCES`.

    Args:
        name: A key of `SOURCES`.
        space: Where policies search.
        sample: From how many distinct functions the top is reckoned. They are
            drawn uniformly from the token strings, or are the whole space if
            that has no more strings.
        cache: A CSV file that keeps forms and rewards for the next run.
        runs: Of each function; None for the source's own number.

    Raises:
        ValueError: The file holds something else.
        OSError: The file cannot be read or written.
    """
    source = SOURCES[name](**({} if runs is None else {"runs": runs}))
    known = _Known(cache, source)
    forms = list(
        tqdm(
            _distinct(space, sample, known.canonical),
            total=min(sample, space.size),
            desc="sample",
            unit="function",
        )
    )
    return Landscape(
        f"{name}, {space.core_units} units",
        space,
        {form: known.reward(form) for form in forms},
        known.reward,
        known.canonical,
        paired_noise([known.runs[form] for form in forms]),
        known.runs,
        FLOOR,
    )


def paired_noise(runs: Sequence[np.ndarray]) -> float:
    """Returns the standard error of a mean over runs that functions share.

    What a run adds to all functions alike tells none from another: it is taken
    out before. Of the best tenth by the mean; NaN if there is one run each.
    """
    table = np.array(sorted(runs, key=np.mean, reverse=True))
    table = table[: max(2, round(NOISE_SHARE * len(table)))]
    rows, columns = table.shape
    if min(rows, columns) < 2:
        return np.nan
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0)
    left += table.mean()
    variance = np.sum(left**2) / ((rows - 1) * (columns - 1))
    return float(variance / columns) ** 0.5


class _Known:
    """Canonical forms and the rewards of their runs, kept in a file."""

    def __init__(self, path: pathlib.Path, source: Source):
        self._log = CsvLog(path, _COLUMNS)
        self._source = source
        self._forms: dict[str, str] = {}
        self.runs: dict[str, np.ndarray] = {}
        for row in read_rows(path):
            self._forms[row["expression"]] = row["canonical"]
            self.runs[row["canonical"]] = np.array(row["runs"].split(), float)

    def reward(self, form: str) -> float:
        """Returns the reward of a form that `canonical` has returned."""
        return float(self.runs[form].mean())

    def canonical(self, expression: Expression) -> str:
        """Returns the canonical form; from now on its reward is known."""
        text = str(expression)
        if text not in self._forms:
            form = canonical_text(expression)
            if form not in self.runs:
                runs = self._source.runs(parse(form))
                # As they come back from the file.
                self.runs[form] = np.round(runs, 6)
            values = " ".join(f"{run:.6g}" for run in self.runs[form])
            row = (text, form, values)
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
