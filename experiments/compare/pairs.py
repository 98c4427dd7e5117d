"""Our own runs compared one by one: same model, data, steps and seed."""

import statistics
from collections.abc import Iterable, Sequence

from actfn.search.confirmation import holm
from experiments.compare import counting, ours, published
from experiments.compare.runs import BLEU, Run
from experiments.compare.tables import Cell, Table

COLUMNS = (
    "activation",
    "baseline",
    "pairs",
    "better",
    "equal",
    "worse",
    "difference",
    "p",
    "p_holm",
)
_NOTE = (
    "A pair is two runs with the same model, data, steps and seed. "
    "difference: mean over the pairs; p: two-sided sign test, equal pairs "
    "left out; p_holm: p corrected for the number of lines (Holm)."
)


def tables(runs: Sequence[Run]) -> list[Table]:
    """Returns all activations against ReLU, and Swish against all baselines.

    Translations are left out: their test sets are not runs of their own.

    Raises:
        ValueError: If learning rates cannot be chosen, see `ours.group`.
    """
    groups = [
        {name: r for name, r in group.items() if r[0].metric != BLEU}
        for group in ours.group(runs).values()
    ]
    names = dict.fromkeys(name for group in groups for name in group)
    everything = [(name, ours.REFERENCE) for name in names]
    variants = [
        (variant, baseline)
        for variant in published.VARIANTS
        for baseline in counting.BASELINES
    ]
    return [
        _table("All activations against ReLU, run by run", groups, everything),
        _table("Swish against the baselines, run by run", groups, variants),
    ]


def _table(
    title: str,
    groups: Sequence[ours.Group],
    comparisons: Iterable[tuple[str, str]],
) -> Table:
    """Returns a line for each comparison that has pairs, the best on top."""
    rows: list[list[Cell]] = []
    for activation, baseline in comparisons:
        values = [
            value
            for group in groups
            for value in ours.differences(group, activation, baseline)
        ]
        if values:
            better = sum(value > 0 for value in values)
            worse = sum(value < 0 for value in values)
            mean = ours.digits(statistics.fmean(values))
            rows.append(
                [
                    activation,
                    baseline,
                    len(values),
                    better,
                    len(values) - better - worse,
                    worse,
                    mean,
                    counting.two_sided(better, worse),
                ]
            )
    corrected = holm([row[-1] for row in rows])
    for row, p in zip(rows, corrected, strict=True):
        row.append(p)
    rows.sort(key=lambda row: row[6], reverse=True)
    return Table(title, COLUMNS, rows, _NOTE)
