"""Tables of our own runs beside the published numbers."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from scipy import stats

from experiments.compare import counting, published
from experiments.compare.runs import Run
from experiments.compare.tables import Cell, Table

MEASURES = (
    "activation",
    "learning_rate",
    "runs",
    "median",
    "mean",
    "low",
    "high",
    "minus_relu",
    "minus_low",
    "minus_high",
)
SUMMARY_COLUMNS = (*MEASURES, "published", "seconds")
MEASURES_NOTE = (
    "low, high: 95% confidence interval of the mean (Student's t); "
    "minus_relu: mean difference from ReLU over the seeds that both have, "
    "with its interval; "
)

REFERENCE = "ReLU"

Setting = tuple[str, str, int]
"""What runs must share to stand in one table: model, data set, steps."""
Group = dict[str, list[Run]]
"""The runs of one setting by activation."""


def summaries(runs: Sequence[Run]) -> list[Table]:
    """Returns the table of each setting.

    Raises:
        ValueError: See `group`.
    """
    return [summary(setting, found) for setting, found in group(runs).items()]


def group(runs: Sequence[Run]) -> dict[Setting, Group]:
    """Groups runs by setting and activation, at the best learning rate.

    The best is the one with the highest median validation accuracy, as the
    test accuracy must not choose.

    Raises:
        ValueError: If an activation was run with several learning rates and
            nothing but the test accuracy is there to choose by.
    """
    cells: dict[Setting, dict[str, dict[str, list[Run]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for run in runs:
        setting = run.model, run.dataset, run.steps
        cells[setting][run.activation][run.learning_rate].append(run)
    return {
        setting: {
            activation: _best(setting, activation, list(by_rate.values()))
            for activation, by_rate in by_activation.items()
        }
        for setting, by_activation in cells.items()
    }


def _best(
    setting: Setting, activation: str, candidates: list[list[Run]]
) -> list[Run]:
    if len(candidates) == 1:
        return candidates[0]
    if any(run.validation is None for runs in candidates for run in runs):
        raise ValueError(
            "results with several learning rates should have a column "
            "validation_accuracy to choose by. Received: none for "
            f"{activation} with {setting[0]} on {setting[1]}"
        )
    return max(
        candidates,
        key=lambda runs: statistics.median(run.validation for run in runs),
    )


def summary(setting: Setting, runs: Group) -> Table:
    """Returns the table of one setting, the best median first."""
    model, dataset, steps = setting
    reference = published.reference()
    rows: list[list[Cell]] = []
    for activation, repeats in runs.items():
        rows.append(
            [
                *measures(runs, activation),
                reference.get((model, dataset, activation)),
                seconds(repeats),
            ]
        )
    rows.sort(key=lambda row: row[3], reverse=True)
    every = [run for repeats in runs.values() for run in repeats]
    title = f"{model} on {dataset}, {steps} steps: {every[0].metric}"
    note = (
        f"{MEASURES_NOTE}published: median in {published.PAPER}; "
        f"seconds: median of a run's steps. {remarks(every)}"
    )
    return Table(title, SUMMARY_COLUMNS, rows, note)


def measures(runs: Group, activation: str) -> list[Cell]:
    """Returns the cells of `MEASURES` of one activation."""
    repeats = runs[activation]
    values = [run.accuracy for run in repeats]
    return [
        activation,
        repeats[0].learning_rate or None,
        len(values),
        digits(statistics.median(values)),
        *mean_and_interval(values),
        *mean_and_interval(differences(runs, activation)),
    ]


def seconds(runs: Sequence[Run]) -> Decimal:
    """Returns the median time of the steps of a run."""
    return digits(statistics.median(run.seconds for run in runs), 0)


def remarks(runs: Sequence[Run], timed: bool = True) -> str:
    """Says how many runs, which diverged, and on which data they are.

    Args:
        runs: Of one table.
        timed: Whether to say how long they took in all.
    """
    minutes = math.ceil(sum(run.seconds for run in runs) / 60)
    took = f", {minutes} minutes in all" if timed else ""
    notes = [f"{len(runs)} runs{took}."]
    lost = Counter(run.activation for run in runs if run.diverged)
    if lost:
        parts = [f"{n} of {a}" for a, n in lost.items()]
        notes.append(f"Diverged, thus never right: {', '.join(parts)}.")
    data = "; ".join(sorted({run.provenance for run in runs} - {""}))
    if data:
        notes.append(f"Data: {data}.")
    return " ".join(notes)


def differences(
    runs: Group, activation: str, baseline: str = REFERENCE
) -> list[float]:
    """Returns by how much runs beat the baseline's of the same seed."""
    other = {run.seed: run.accuracy for run in runs.get(baseline, [])}
    if activation == baseline:
        return []
    return [
        run.accuracy - other[run.seed]
        for run in runs.get(activation, [])
        if run.seed in other
    ]


def digits(value: float, places: int = 2) -> Decimal:
    """Returns a number as it is to be printed."""
    return round(Decimal(value), places)


def mean_and_interval(values: Sequence[float]) -> list[Decimal | None]:
    """Returns mean and ends of its 95% interval, as far as values allow."""
    if not values:
        return [None] * 3
    mean = statistics.fmean(values)
    if len(values) == 1:
        return [digits(mean), None, None]
    error = statistics.stdev(values) / math.sqrt(len(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return [digits(mean), digits(mean - half), digits(mean + half)]


def counts(runs: Sequence[Run]) -> list[Table]:
    """Returns the better/equal/worse table of our runs.

    A result is the median over the runs, rounded to 0.1 as the paper prints
    it. Of each model and data set the longest training counts.

    Raises:
        ValueError: See `group`.
    """
    groups = group(runs)
    longest: dict[tuple[str, str], int] = {}
    for model, dataset, steps in groups:
        longest[model, dataset] = max(steps, longest.get((model, dataset), 0))
    results: dict[str, dict[str, dict[str, Decimal]]] = {}
    for (model, dataset), steps in longest.items():
        by_activation = results.setdefault(model, {})
        for activation, repeats in groups[model, dataset, steps].items():
            median = statistics.median(run.accuracy for run in repeats)
            values = by_activation.setdefault(activation, {})
            values[dataset] = digits(median, 1)
    found = dict.fromkeys(a for by in results.values() for a in by)
    variants = [a for a in published.VARIANTS if a in found]
    variants += [a for a in found if a not in (*variants, *counting.BASELINES)]
    return [
        counting.count_table(
            "Our runs: models on which a variant is better, equal or worse, "
            f"of {len(results)}",
            results,
            variants,
            matched=True,
            note="Each model counts once, by the median of its data sets; "
            "medians over runs, rounded to 0.1; p by the one-sided sign test.",
        )
    ]
