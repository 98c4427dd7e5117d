"""The paper's rule for comparing two activations over several models.

Footnote 1 of arXiv:1710.05941v2: every type of model counts once, and one with
several results is represented by their median.
"""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from decimal import Decimal

from scipy import stats

from experiments.compare.tables import Table

BASELINES = ("ReLU", "LReLU", "PReLU", "Softplus", "ELU", "SELU", "GELU")
COUNT_COLUMNS = ("variant", "baseline", "better", "equal", "worse", "p")

Results = Mapping[str, Mapping[str, Mapping[str, Decimal]]]
"""Value by model, activation and result (a data set or a run), as printed."""


@dataclasses.dataclass(frozen=True)
class Count:
    """On which models one activation is better, equal or worse."""

    better: tuple[str, ...]
    equal: tuple[str, ...]
    worse: tuple[str, ...]

    @property
    def numbers(self) -> tuple[int, int, int]:
        """How many models are better, equal and worse."""
        return len(self.better), len(self.equal), len(self.worse)

    @property
    def p(self) -> float:
        """One-sided sign-test p, see `sign_test`."""
        return sign_test(len(self.better), len(self.worse))


def sign_test(better: int, worse: int) -> float:
    """Returns the p-value of the one-sided sign test, ties left out.

    The probability of at least `better` heads among `better + worse` throws
    of a fair coin; 1 if there are no throws.
    """
    if better + worse == 0:
        return 1.0
    test = stats.binomtest(better, better + worse, alternative="greater")
    return float(test.pvalue)


def two_sided(better: int, worse: int) -> float:
    """Returns the p-value of the two-sided sign test, ties left out."""
    if better + worse == 0:
        return 1.0
    return float(stats.binomtest(better, better + worse).pvalue)


def count(
    results: Results, variant: str, baseline: str, matched: bool = False
) -> Count:
    """Compares two activations by the paper's rule.

    Args:
        results: Exact decimal numbers as they are printed, so that equal
            means equal in print.
        variant: The activation in question.
        baseline: The one to compare it with.
        matched: Whether a median is taken only over results that both have.
            The paper's tables lack two runs of GELU, and all others count.

    Returns:
        The names of the models on either side. Models that lack one of the
        two are left out.
    """
    sides: dict[int, list[str]] = {1: [], 0: [], -1: []}
    for model, by_activation in results.items():
        ours = by_activation.get(variant, {})
        theirs = by_activation.get(baseline, {})
        if matched:
            common = ours.keys() & theirs.keys()
            ours = {key: ours[key] for key in common}
            theirs = {key: theirs[key] for key in common}
        if ours and theirs:
            left = statistics.median(ours.values())
            right = statistics.median(theirs.values())
            sides[(left > right) - (left < right)].append(model)
    return Count(*(tuple(sides[side]) for side in (1, 0, -1)))


def count_table(
    title: str,
    results: Results,
    variants: Sequence[str],
    baselines: Sequence[str] = BASELINES,
    matched: bool = False,
    note: str = "",
) -> Table:
    """Returns the better/equal/worse table with sign-test p-values.

    Pairs that no model has both of are left out.
    """
    rows = []
    for variant in variants:
        for baseline in baselines:
            counted = count(results, variant, baseline, matched)
            if any(counted.numbers):
                rows.append((variant, baseline, *counted.numbers, counted.p))
    return Table(title, COUNT_COLUMNS, rows, note)
