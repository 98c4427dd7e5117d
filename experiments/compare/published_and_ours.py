"""Our order of activations beside the paper's, on the same data set."""

import statistics
from collections.abc import Sequence

from scipy import stats

from experiments.compare import ours, published
from experiments.compare.runs import Run
from experiments.compare.tables import Cell, Table

_FEWEST = 3


def tables(runs: Sequence[Run]) -> list[Table]:
    """Returns a table for each setting on one of the paper's data sets.

    Raises:
        ValueError: If learning rates cannot be chosen (see `ours.group`), or
            no run is on one of these data sets.
    """
    made = []
    reference = published.reference()
    for setting, group in ours.group(runs).items():
        models = dict.fromkeys(
            model for model, dataset, _ in reference if dataset == setting[1]
        )
        if models:
            made.append(_table(setting, group, list(models)))
    if not made:
        raise ValueError(
            "results should hold runs on a data set of the paper. "
            "Received: none"
        )
    return made


def _table(
    setting: ours.Setting, group: ours.Group, models: Sequence[str]
) -> Table:
    model, dataset, steps = setting
    reference = published.reference()
    rows: list[list[Cell]] = []
    for activation, repeats in group.items():
        median = statistics.median(run.accuracy for run in repeats)
        theirs = [reference.get((m, dataset, activation)) for m in models]
        rows.append([activation, ours.digits(median), *theirs])
    rows.sort(key=lambda row: row[1], reverse=True)
    notes = [
        _correlation(name, [(row[1], row[place]) for row in rows])
        for place, name in enumerate(models, 2)
    ]
    return Table(
        f"{dataset}: the paper's networks beside {model}, {steps} steps",
        ("activation", f"ours, {model}", *(f"paper, {m}" for m in models)),
        rows,
        f"Medians over runs, in percent; {published.PAPER}. Spearman's rank "
        f"correlation of ours with theirs: {', '.join(filter(None, notes))}.",
    )


def _correlation(name: str, values: Sequence[tuple[Cell, Cell]]) -> str:
    known = [(float(a), float(b)) for a, b in values if b is not None]
    if len(known) < _FEWEST:
        return ""
    found = stats.spearmanr(*zip(*known, strict=True))
    return (
        f"{name} {found.statistic:.2f} (p = {found.pvalue:.3f}, "
        f"{len(known)} activations)"
    )
