"""Where each function of a search stands, and who gets a further seed.

The k-th child of every function has the k-th seed, so that two functions are
compared by the seeds that both have, in pairs. What a run adds to a function's
mean and to its seed's is noise; its variance is pooled over all functions with
several runs, which is why one run of a function can be compared at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from scipy import stats

from actfn.search.books.results import Result

SHARE = 1 / 5
"""Of the children at most are further seeds of functions known already."""
MOST = 8
"""Seeds of a function at most."""
FIRST = 30
"""Functions that have completed before any gets a further seed."""
LEVEL = 0.05
"""How often one look drops a function that is no worse than a leader that was
known before. Leaders are the best of many, and there are many looks, so good
functions are dropped more often: it says where seeds are worth most, and is no
test of what is found."""


class Standings:
    """The rewards of each function by seed.

    Functions are known by their canonical form. One of whose children any did
    not complete is no candidate for a further seed.
    """

    def __init__(self):
        self.children = 0
        self.further = 0
        self._runs: dict[str, list[float]] = {}
        self._failed: set[str] = set()

    @classmethod
    def of(cls, results: Iterable[Result]) -> Standings:
        """Returns the standings that results come to."""
        found = cls()
        for result in results:
            if result.status != "cached":
                completed = result.status == "completed"
                found.add(result.canonical, result.reward, completed)
        return found

    def start(self, run: int) -> None:
        """Counts a child that is to be trained, of a function's run."""
        self.children += 1
        self.further += run > 0

    def add(self, form: str, reward: float, completed: bool) -> None:
        """Takes the reward of the next run of a function."""
        self._runs.setdefault(form, []).append(reward)
        if not completed:
            self._failed.add(form)

    def runs(self, form: str) -> int:
        """Returns how many runs of a function have ended."""
        return len(self._runs[form])

    def mean(self, form: str) -> float:
        """Returns a function's mean reward."""
        return float(np.mean(self._runs[form]))

    def next(self, busy: Iterable[str], spare: bool = False) -> str | None:
        """Returns the function that gets the next seed; None for a new one.

        Of those not shown to be worse than the leader it is the one that may
        be the best: mean + deviation / sqrt(runs) is highest.

        Args:
            busy: Functions of which a child is being trained.
            spare: Whether there is nothing else to train, so that the share of
                further seeds does not matter.
        """
        if not spare and (
            self.further + 1 > SHARE * (self.children + 1)
            or len(self._runs) - len(self._failed) < FIRST
        ):
            return None
        left = self.survivors()
        if len(left) < 2:
            return None
        busy = {*busy}
        open_ = [f for f in left if self.runs(f) < MOST and f not in busy]
        deviation = self.noise()[0] ** 0.5
        deviation = 0.0 if math.isnan(deviation) else deviation
        return max(
            open_,
            key=lambda form: (
                self.mean(form) + deviation / self.runs(form) ** 0.5
            ),
            default=None,
        )

    def survivors(self) -> list[str]:
        """Returns who completed all runs and is not worse than the leader.

        The leader L has the best mean. With m seeds in common, a function f is
        worse if t = sqrt(m / 2) mean(L - f) / s lies beyond Student's
        distribution at `LEVEL`, one-sided, Bonferroni-corrected for the
        functions, where s**2 and its degrees of freedom are `noise`. As long
        as there are none, nobody is.
        """
        fine = [f for f in self._runs if f not in self._failed]
        variance, degrees = self.noise()
        if not fine or not degrees:
            return fine
        leader = self._runs[max(fine, key=self.mean)]
        level = LEVEL / max(1, len(fine) - 1)
        limit = stats.t.isf(level, degrees) * variance**0.5
        return [
            form for form in fine if _gap(leader, self._runs[form]) <= limit
        ]

    def noise(self) -> tuple[float, int]:
        """Returns the variance of a run, and its degrees of freedom.

        That of the residuals of reward = function + seed, fitted by least
        squares to all functions with several runs; NaN and 0 if they are too
        few.
        """
        several = [
            runs
            for form, runs in self._runs.items()
            if len(runs) > 1 and form not in self._failed
        ]
        longest = max(map(len, several), default=1)
        degrees = sum(map(len, several)) - len(several) - longest + 1
        if degrees < 1:
            return math.nan, 0
        rows = np.repeat(np.arange(len(several)), [*map(len, several)])
        seeds = np.concatenate([np.arange(len(runs)) for runs in several])
        table = np.concatenate(
            [np.eye(len(several))[rows], np.eye(longest)[seeds][:, 1:]], axis=1
        )
        rewards = np.concatenate(several)
        fitted = np.linalg.lstsq(table, rewards, rcond=None)[0]
        left = rewards - table @ fitted
        return float(left @ left) / degrees, degrees

    def ranked(self) -> list[str]:
        """Returns all functions that completed, the best first.

        First those that survive, by mean - deviation / sqrt(runs): the mean of
        few runs is likelier to be luck.
        """
        left = {*self.survivors()}
        deviation = self.noise()[0] ** 0.5
        deviation = 0.0 if math.isnan(deviation) else deviation

        def merit(form: str) -> tuple[bool, float]:
            bound = self.mean(form) - deviation / self.runs(form) ** 0.5
            return form in left, bound

        fine = [f for f in self._runs if f not in self._failed]
        return sorted(fine, key=merit, reverse=True)


def _gap(leader: list[float], runs: list[float]) -> float:
    """Returns sqrt(m / 2) times the mean difference over m common seeds."""
    common = min(len(leader), len(runs))
    gap = np.mean(leader[:common]) - np.mean(runs[:common])
    return float(gap) * (common / 2) ** 0.5
