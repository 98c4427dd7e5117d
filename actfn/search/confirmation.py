"""Paired comparisons with fresh seeds, and what may be said of them.

Run n of every function has the same seed, so a difference within a pair is
free of what is common to the seed. A function is worth a switch if it is
better than the incumbent by more than a margin that nobody would notice: a
tenth of the deviation of the incumbent over seeds. The test is SciPy's
one-sided paired t-test, corrected by Holm for all functions that were
compared, those dropped on the way included.

Where training diverged with the incumbent there is no difference. Then the test
is SciPy's sign test over all seeds: to complete where the incumbent diverged is
to be better by more than the margin.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

LEVEL = 0.05
"""How often a switch may be recommended where no function is better."""
MARGIN = 0.1
"""The smallest gain of interest, in deviations of the incumbent over seeds."""
POWER = 0.8
"""How likely a difference has to show to be called one that would have."""
_ROUNDING = 1e-6
"""Differences within so much of the largest score are one difference."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A function beside the incumbent, by runs of the same seeds.

    Attributes:
        expression: A catalog name or expression text.
        scores: One a seed, higher is better; NaN where training diverged.
        gain: Mean paired difference to the incumbent; NaN without a pair.
        low: Lower end of its 95 percent interval.
        high: Upper end.
        p: Holm-corrected, of the test that `gain` is no more than the margin;
            NaN for the incumbent.
        note: What a reader must know of it.
        pairs: Seeds with which both completed.
    """

    expression: str
    scores: tuple[float, ...]
    gain: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    note: str = ""
    pairs: int = 0

    @property
    def mean(self) -> float:
        """The mean score, minus infinity where a run diverged."""
        mean = float(np.mean(self.scores)) if self.scores else math.nan
        return mean if math.isfinite(mean) else -math.inf

    @property
    def std(self) -> float:
        """The standard deviation over seeds; NaN for a single run."""
        return _deviation(self.scores)

    @property
    def gain_error(self) -> float:
        """The standard error of `gain`, from its interval."""
        if self.pairs < 2 or not math.isfinite(self.high):
            return math.nan
        reach = float(stats.t.ppf(0.975, self.pairs - 1))
        return (self.high - self.gain) / reach


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the comparisons come to.

    Attributes:
        switch: Whether another function is better than the incumbent.
        best: The function to use: the incumbent unless `switch`.
        text: One or two sentences that say so, with interval and p.
        note: The smallest difference that this many seeds would have shown.
        comparisons: The incumbent and all others, the best gain first.
    """

    switch: bool
    best: str
    text: str
    note: str
    comparisons: tuple[Comparison, ...]


def judge(
    scores: Mapping[str, Sequence[float]],
    incumbent: str,
    metric: str = "score",
    planned: int | None = None,
) -> Verdict:
    """Compares functions with the incumbent, all by the same seeds.

    Args:
        scores: Of each function, one a seed, higher is better, NaN where a
            run diverged; shorter for a function that was dropped.
        incumbent: The one to be replaced, a key of `scores`.
        metric: What the scores are, for the text.
        planned: Seeds that each function was to have; those of the incumbent
            by default. A function with fewer was dropped and cannot win.

    Raises:
        ValueError: The incumbent has no scores.
    """
    own = scores.get(incumbent, ())
    if not len(own):
        raise ValueError(
            f"`scores` must hold the incumbent {incumbent!r}. "
            f"Received: {list(scores)}"
        )
    planned = planned or len(own)
    others = [name for name in scores if name != incumbent]
    margin = smallest_of_interest(own)
    raw = {n: _test(scores[n], own, margin, planned) for n in others}
    rows = [
        Comparison(
            incumbent,
            tuple(own),
            0.0,
            0.0,
            0.0,
            note=_diverged(own),
            pairs=len(own),
        ),
        *(
            dataclasses.replace(
                _compare(name, scores[name], own, planned), p=corrected
            )
            for name, corrected in zip(
                others, holm([raw[n] for n in others]), strict=True
            )
        ),
    ]
    rows.sort(key=_place)
    winners = [row for row in rows if row.p < LEVEL]
    note = _would_have_shown(rows, len(others), metric, margin)
    if winners:
        return Verdict(
            True,
            winners[0].expression,
            f"switch to {winners[0].expression}: "
            f"{_describe(winners[0], incumbent, own, metric)}",
            note,
            tuple(rows),
        )
    return Verdict(
        False,
        incumbent,
        f"keep {incumbent}: {_why_keep(rows, incumbent, metric)}",
        note,
        tuple(rows),
    )


def against_each(
    known: Mapping[str, Sequence[float]],
    found: Mapping[str, Sequence[float]],
    planned: int,
) -> dict[str, tuple[Comparison, ...]]:
    """Compares what was found with each known function in its turn.

    Holm's correction is for what was found. Who is to beat several known ones
    at once must beat each of them, which needs no further correction.

    Args:
        known: Scores of each function that is the incumbent of a test.
        found: Scores of the functions that are compared with it.
        planned: Seeds that each was to have, see `judge`.

    Returns:
        By known function, the best that was found first.
    """
    return {
        name: tuple(
            row
            for row in judge(
                {name: own, **found}, name, planned=planned
            ).comparisons
            if row.expression != name
        )
        for name, own in known.items()
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number by Holm's method (1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, highest = [0.0] * len(order), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, (len(order) - rank) * p_values[index])
        corrected[index] = min(1.0, highest)
    return corrected


def p_greater(
    scores: Sequence[float], others: Sequence[float], margin: float = 0.0
) -> float:
    """Returns the one-sided p of a mean paired difference above the margin.

    Differences that are all equal, as those of coarse scores may be, have no
    deviation to be judged by. Then the test is the sign test. Those of single
    precision count as equal that its rounding alone tells apart.

    Args:
        scores: Finite, one a seed.
        others: Likewise, with the same seeds.
        margin: What the difference is tested to exceed.
    """
    differences = np.subtract(scores, others)
    if not len(differences):
        return 1.0
    rounding = _ROUNDING * np.max(np.abs([scores, others]))
    if np.ptp(differences) <= rounding:
        wins = len(differences) if np.mean(differences) > margin else 0
        return _sign_test(wins, len(differences))
    return float(
        stats.ttest_1samp(differences, margin, alternative="greater").pvalue
    )


def _pairs(scores, own) -> np.ndarray:
    """Returns what both scored with each seed with which both completed.

    Runs may end in any order, so that either may be ahead of the other.
    """
    count = min(len(scores), len(own))
    pairs = np.array([scores[:count], own[:count]], float)
    return pairs[:, np.isfinite(pairs).all(axis=0)]


def _differences(scores, own) -> np.ndarray:
    return np.subtract(*_pairs(scores, own))


def _test(scores, own, margin: float, planned: int) -> float:
    if len(scores) < planned or not np.all(np.isfinite(scores)):
        return 1.0
    lost = int(np.sum(~np.isfinite(own)))
    if not lost:
        return p_greater(*_pairs(scores, own), margin)
    differences = _differences(scores, own)
    wins = lost + int(np.sum(differences > margin))
    seeds = lost + len(differences)
    return _sign_test(wins, seeds)


def _sign_test(wins: int, seeds: int) -> float:
    return float(stats.binomtest(wins, seeds, alternative="greater").pvalue)


def _compare(name: str, scores, own, planned: int) -> Comparison:
    differences = _differences(scores, own)
    notes = [_diverged(scores)]
    if len(scores) < planned:
        seeds = "seed" if len(scores) == 1 else "seeds"
        notes.append(f"dropped after {len(scores)} {seeds}")
    gain = low = high = math.nan
    if len(differences) > 1:
        gain = float(differences.mean())
        error = stats.sem(differences)
        reach = float(error * stats.t.ppf(0.975, len(differences) - 1))
        low, high = gain - reach, gain + reach
    elif len(differences):
        gain = float(differences[0])
    note = "; ".join(filter(None, notes))
    pairs = len(differences)
    return Comparison(
        name, tuple(scores), gain, low, high, math.nan, note, pairs
    )


def _diverged(scores) -> str:
    count = int(np.sum(~np.isfinite(scores)))
    return f"diverged in {count} of {len(scores)} seeds" if count else ""


def _describe(row: Comparison, incumbent: str, own, metric: str) -> str:
    if lost := _diverged(own):
        return (
            f"it completed with all {len(row.scores)} seeds, and {incumbent} "
            f"{lost} (sign test, Holm-corrected p = {row.p:.2g})."
        )
    return (
        f"better by {row.gain:.4g} (95 % interval {row.low:.4g} to "
        f"{row.high:.4g}, {row.pairs} paired seeds, Holm-corrected "
        f"p = {row.p:.2g}) than {incumbent} in {metric}."
    )


def _why_keep(rows, incumbent: str, metric: str) -> str:
    others = [row for row in rows if row.expression != incumbent]
    rivals = [row for row in others if math.isfinite(row.low)]
    if not others:
        return "no other function was compared."
    if not rivals:
        lost = next(r.note for r in rows if r.expression == incumbent)
        if lost:
            return (
                f"it {lost}, and no other function is shown to complete "
                "where it does not. More seeds, or a lower learning rate, "
                "may tell."
            )
        if all(row.note for row in others):
            return (
                f"none of {len(others)} other functions completed two runs "
                "with the seeds that they share."
            )
        return "one run each cannot tell a better function from luck."
    best = max(rivals, key=lambda row: row.gain)
    return (
        f"none of {len(others)} other functions is shown to be better. The "
        f"best of them, {best.expression}, gains {best.gain:+.4g} in "
        f"{metric} (95 % interval {best.low:.4g} to {best.high:.4g}, "
        f"{best.pairs} paired seeds, Holm-corrected p = {best.p:.2g})."
    )


def _place(row: Comparison) -> tuple[float, float]:
    """Returns what sorts rows by gain, as means may be of unlike seeds."""
    gain, mean = (
        math.inf if math.isnan(value) else -value
        for value in (row.gain, row.mean)
    )
    return gain, mean


def smallest_of_interest(own: Sequence[float]) -> float:
    """Returns the margin that a function has to beat an incumbent by.

    Args:
        own: Scores of the incumbent, one a seed, NaN where it diverged.
    """
    return float(np.nan_to_num(MARGIN * _deviation(own)))


def smallest_shown(
    error: float, pairs: int, tests: int, margin: float
) -> float:
    """Returns the gain that shows with a probability of `POWER`.

    Args:
        error: The standard error of a mean paired difference.
        pairs: Of how many pairs it is.
        tests: For how many functions p is corrected.
        margin: That the gain is tested to exceed.
    """
    reach = stats.t.ppf(1 - LEVEL / tests, pairs - 1)
    return margin + error * float(reach + stats.t.ppf(POWER, pairs - 1))


def _would_have_shown(rows, tests: int, metric: str, margin: float) -> str:
    full = [row for row in rows if row.gain_error > 0]
    if not full:
        return ""
    longest = max(row.pairs for row in full)
    errors = [r.gain_error for r in full if r.pairs == longest]
    error = float(np.median(errors))
    shown = smallest_shown(error, longest, tests, margin)
    return (
        f"{longest} paired seeds show a gain of {shown:.2g} in {metric} "
        f"with a probability of {100 * POWER:.0f} percent."
    )


def _deviation(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.std(finite, ddof=1)) if len(finite) > 1 else math.nan
