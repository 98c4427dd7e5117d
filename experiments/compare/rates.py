"""Tables of our own runs at several learning rates."""

import statistics
from collections import defaultdict
from collections.abc import Sequence

from experiments.compare.ours import Setting, digits, mean_and_interval
from experiments.compare.runs import Run
from experiments.compare.tables import Cell, Table

COLUMNS = (
    "activation",
    "learning_rate",
    "runs",
    "validation",
    "median",
    "mean",
    "low",
    "high",
    "minus_largest",
    "minus_low",
    "minus_high",
)
_NOTE = (
    "validation: median validation accuracy, which the learning rate is to be "
    "chosen by; median to high: test accuracy with the 95% confidence interval "
    "of its mean (Student's t); minus_largest: mean difference from the "
    "largest learning rate over the seeds that both have, with its interval."
)
Rates = dict[float, list[Run]]


def tables(runs: Sequence[Run]) -> list[Table]:
    """Returns a table of each setting in which a learning rate was tried.

    Activations with one learning rate are left out.

    Raises:
        ValueError: If no activation has several learning rates.
    """
    found: dict[Setting, dict[str, Rates]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for run in runs:
        setting = run.model, run.dataset, run.steps
        if run.learning_rate:
            rate = float(run.learning_rate)
            found[setting][run.activation][rate].append(run)
    made = []
    for setting, activations in found.items():
        rows = [
            row
            for activation, rates in activations.items()
            if len(rates) > 1
            for row in _rows(activation, rates)
        ]
        if rows:
            model, dataset, steps = setting
            title = f"Learning rates of {model} on {dataset}, {steps} steps"
            made.append(Table(title, COLUMNS, rows, _NOTE))
    if not made:
        raise ValueError(
            "results should hold an activation with several learning rates. "
            "Received: none"
        )
    return made


def _rows(activation: str, rates: Rates) -> list[list[Cell]]:
    """Returns a row for each learning rate, the largest first."""
    largest = {run.seed: run.accuracy for run in rates[max(rates)]}
    rows: list[list[Cell]] = []
    for rate in sorted(rates, reverse=True):
        runs = rates[rate]
        values = [run.accuracy for run in runs]
        held = [r.validation for r in runs if r.validation is not None]
        differences = [
            run.accuracy - largest[run.seed]
            for run in runs
            if run.seed in largest and rate != max(rates)
        ]
        rows.append(
            [
                activation,
                runs[0].learning_rate,
                len(runs),
                digits(statistics.median(held)) if held else None,
                digits(statistics.median(values)),
                *mean_and_interval(values),
                *mean_and_interval(differences),
            ]
        )
    return rows
