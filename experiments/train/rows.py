"""The CSV row of a finished run."""

import pathlib
from collections.abc import Mapping

from experiments import results_file
from experiments.machine import machine, versions
from experiments.train.config import Config
from experiments.train.run import Result

COLUMNS = (
    "config",
    "dataset",
    "activation",
    "learning_rate",
    "seed",
    "steps",
    "status",
    "trained_steps",
    "test_accuracy",
    "test_top5",
    "validation_accuracy",
    "bleu",
    "seconds",
    "waiting",
    "batch_size",
    "parameters",
    "dtype",
    "config_hash",
    "versions",
    "machine",
    "provenance",
)
KEY = ("config", "activation", "learning_rate", "seed", "dtype", "config_hash")


def row(
    config: Config,
    activation: str,
    learning_rate: float,
    seed: int,
    dtype: str,
    provenance: str,
    result: Result,
) -> dict[str, object]:
    """Returns the row of a finished run by column.

    `bleu` is a list of "test set=value" with blanks between; cells that do
    not apply are empty.
    """
    bleu = {
        column.removeprefix("bleu_"): value
        for column, value in result.scores.items()
        if column.startswith("bleu_")
    }
    return {
        "config": config.name,
        "dataset": config.dataset,
        "activation": activation,
        "learning_rate": learning_rate,
        "seed": seed,
        "steps": config.steps,
        "status": result.status,
        "trained_steps": result.trained_steps,
        "test_accuracy": result.scores.get("test_accuracy", ""),
        "test_top5": result.scores.get("test_top5", ""),
        "validation_accuracy": result.scores.get("validation_accuracy", ""),
        "bleu": " ".join(f"{name}={value:.2f}" for name, value in bleu.items()),
        "seconds": result.seconds,
        "waiting": result.waiting,
        "batch_size": config.batch_size,
        "parameters": result.parameters,
        "dtype": dtype,
        "config_hash": config.digest,
        "versions": versions(),
        "machine": machine(),
        "provenance": provenance,
    }


def key(values: Mapping[str, object]) -> tuple[str, ...]:
    """Returns what tells one run from another in a results file."""
    return tuple(
        f"{value:.6g}" if isinstance(value, float) else str(value)
        for value in (values[column] for column in KEY)
    )


def finished(path: pathlib.Path) -> set[tuple[str, ...]]:
    """Returns the keys of the runs in a results file, if there is one.

    Raises:
        ValueError: If the file is broken; names the line. It is not touched.
    """
    if not path.exists():
        return set()
    return {key(values) for _, values in results_file.rows(path, COLUMNS)}
