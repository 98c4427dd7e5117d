"""Paired comparisons with fresh seeds, and what may be said of them.

Run n of every function has the same seed, so a difference within a pair is
free of what is common to the seed. A function is worth a switch if it is
better than the incumbent by more than a margin that nobody would notice: a
tenth of the deviation of the incumbent over seeds. The test is SciPy's
one-sided paired t-test, corrected by Holm for all functions that were
compared, those dropped on the way included.
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


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A function beside the incumbent, by runs of the same seeds.

    Attributes:
        expression: A catalog name or expression text.
        scores: One a seed, higher is better; NaN where training diverged.
        gain: Mean paired difference to the incumbent; NaN for less than two
            pairs.
        low: Lower end of its 95 percent interval.
        high: Upper end.
        p: Holm-corrected, of the test that `gain` is no more than the margin;
            NaN for the incumbent.
        note: What a reader must know of it.
    """

    expression: str
    scores: tuple[float, ...]
    gain: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    note: str = ""

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
        pairs = len(self.scores)
        if pairs < 2 or not math.isfinite(self.high):
            return math.nan
        return (self.high - self.gain) / float(stats.t.ppf(0.975, pairs - 1))


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the comparisons come to.

    Attributes:
        switch: Whether another function is better than the incumbent.
        best: The function to use: the incumbent unless `switch`.
        text: One or two sentences that say so, with interval and p.
        note: The smallest difference that this many seeds would have shown.
        comparisons: The incumbent and all others, best mean first.
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
    margin = MARGIN * _deviation(own)
    raw = {n: _test(scores[n], own, margin, planned) for n in others}
    rows = [
        Comparison(incumbent, tuple(own), 0.0, 0.0, 0.0),
        *(
            dataclasses.replace(
                _compare(name, scores[name], own, planned), p=corrected
            )
            for name, corrected in zip(
                others, holm([raw[n] for n in others]), strict=True
            )
        ),
    ]
    rows.sort(key=lambda row: -row.mean)
    winners = [row for row in rows if row.p < LEVEL]
    note = _would_have_shown(rows, len(others), metric)
    if winners:
        return Verdict(
            True,
            winners[0].expression,
            f"switch to {winners[0].expression}: {_describe(winners[0])} "
            f"than {incumbent} in {metric}.",
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


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number by Holm's method (1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, highest = [0.0] * len(order), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, (len(order) - rank) * p_values[index])
        corrected[index] = min(1.0, highest)
    return corrected


def p_greater(differences: np.ndarray, margin: float = 0.0) -> float:
    """Returns the one-sided p of a mean paired difference above the margin."""
    if len(differences) < 2 or np.ptp(differences) == 0:
        # Equal to the last digit: a deterministic gain needs no more proof.
        clear = len(differences) > 1 and differences[0] > max(margin, 0)
        return 0.0 if clear else 1.0
    return float(
        stats.ttest_1samp(differences, margin, alternative="greater").pvalue
    )


def _pairs(scores, own) -> np.ndarray:
    differences = np.asarray(scores) - np.asarray(own)[: len(scores)]
    return differences[np.isfinite(differences)]


def _test(scores, own, margin: float, planned: int) -> float:
    if len(scores) < planned or not np.all(np.isfinite(scores)):
        return 1.0
    return p_greater(_pairs(scores, own), np.nan_to_num(margin))


def _compare(name: str, scores, own, planned: int) -> Comparison:
    differences = _pairs(scores, own)
    diverged = int(np.sum(~np.isfinite(scores)))
    notes = []
    if diverged:
        notes.append(f"diverged in {diverged} of {len(scores)} seeds")
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
    note = "; ".join(notes)
    return Comparison(name, tuple(scores), gain, low, high, note=note)


def _describe(row: Comparison) -> str:
    return (
        f"better by {row.gain:.4g} (95 % interval {row.low:.4g} to "
        f"{row.high:.4g}, {len(row.scores)} paired seeds, Holm-corrected "
        f"p = {row.p:.2g})"
    )


def _why_keep(rows, incumbent: str, metric: str) -> str:
    others = [row for row in rows if row.expression != incumbent]
    rivals = [row for row in others if math.isfinite(row.low)]
    if not others:
        return "nothing else completed its training."
    if not rivals:
        return "one run each cannot tell a better function from luck."
    best = max(rivals, key=lambda row: row.mean)
    return (
        f"none of {len(others)} other functions is shown to be better. The "
        f"best of them, {best.expression}, gains {best.gain:+.4g} in "
        f"{metric} (95 % interval {best.low:.4g} to {best.high:.4g}, "
        f"{len(best.scores)} paired seeds, Holm-corrected p = {best.p:.2g})."
    )


def _would_have_shown(rows, tests: int, metric: str) -> str:
    full = [row for row in rows if row.gain_error > 0]
    if not full:
        return ""
    longest = max(len(row.scores) for row in full)
    errors = [r.gain_error for r in full if len(r.scores) == longest]
    degrees = longest - 1
    reach = stats.t.ppf(1 - LEVEL / tests, degrees)
    reach += stats.t.ppf(POWER, degrees)
    return (
        f"{longest} paired seeds show a gain of "
        f"{float(np.median(errors)) * float(reach):.2g} in {metric} "
        f"with a probability of {100 * POWER:.0f} percent."
    )


def _deviation(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.std(finite, ddof=1)) if len(finite) > 1 else math.nan
