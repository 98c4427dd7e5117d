"""Racing: functions that cannot win any more are trained no further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from actfn.search.confirmation import LEVEL, p_greater

FEWEST = 3
"""Seeds that all functions have before any of them may be dropped."""


def losers(
    scores: Mapping[str, Sequence[float]], safe: Iterable[str]
) -> list[str]:
    """Returns the functions that need no more seeds: they cannot be the best.

    A function is dropped once a one-sided paired t-test, Bonferroni-corrected
    for the functions that are left, says that it is worse than the best mean
    so far; or once a run of it has diverged.

    Args:
        scores: Of the functions that are left, all with the same seeds.
        safe: Those that are never dropped, as the incumbent.
    """
    safe = set(safe)
    diverged = [
        name
        for name, own in scores.items()
        if name not in safe and not np.all(np.isfinite(own))
    ]
    left = {n: np.asarray(s) for n, s in scores.items() if n not in diverged}
    left = {n: s for n, s in left.items() if np.all(np.isfinite(s))}
    if not left or len(next(iter(left.values()))) < FEWEST:
        return diverged
    best = max(left.values(), key=np.mean)
    level = LEVEL / max(1, len(left) - 1)
    return diverged + [
        name
        for name, own in left.items()
        if name not in safe and p_greater(best, own) < level
    ]


class Rounds:
    """Who is trained with which seed next, and who is dropped.

    A round trains all functions that are left with the next seed; between two
    rounds, `losers` are dropped. What is dropped depends on complete rounds
    alone, so not on the order in which runs end.

    Args:
        functions: What is compared.
        repeats: Seeds of each.
        race: Whether any are dropped.
        safe: Functions that never are.
    """

    def __init__(
        self,
        functions: Sequence[str],
        repeats: int,
        race: bool,
        safe: Iterable[str],
    ):
        self.repeats = repeats
        self._race, self._safe = race, tuple(safe)
        self._left = list(functions)
        self._found: dict[str, dict[int, float]] = {f: {} for f in functions}
        self._round = 0
        self._given: set[tuple[str, int]] = set()

    @property
    def scores(self) -> dict[str, list[float]]:
        """The scores of each function by seed, as far as there is no gap."""
        return {name: self._prefix(name) for name in self._found}

    @property
    def count(self) -> int:
        """How many runs have ended."""
        return sum(map(len, self._found.values()))

    @property
    def expected(self) -> int:
        """How many runs there are in all, unless more are dropped."""
        return sum(
            self.repeats if name in self._left else len(runs)
            for name, runs in self._found.items()
        )

    def next(self) -> tuple[str, int] | None:
        """Returns the next function and run; None while a round has to end."""
        if self._round >= self.repeats:
            return None
        for name in self._left:
            key = name, self._round
            if self._round not in self._found[name] and key not in self._given:
                self._given.add(key)
                return key
        return None

    def add(self, function: str, run: int, score: float) -> None:
        """Takes the score of a run that has ended.

        One that is not asked for, as when there were to be more repeats, is
        passed over.
        """
        if function not in self._found or run >= self.repeats:
            return
        self._found[function][run] = score
        while self._round < self.repeats and all(
            self._round in self._found[name] for name in self._left
        ):
            self._round += 1
            if self._race and self._round < self.repeats:
                scores = {n: self._prefix(n) for n in self._left}
                gone = set(losers(scores, self._safe))
                self._left = [n for n in self._left if n not in gone]

    def _prefix(self, name: str) -> list[float]:
        runs, found = self._found[name], []
        while len(found) in runs:
            found.append(runs[len(found)])
        return found
