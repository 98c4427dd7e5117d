"""The CSV row of a finished run."""

import csv
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

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
    text = path.read_bytes().decode("utf-8", "replace")
    lines = text.split("\n")
    if lines.pop():
        raise ValueError(
            f"{path}, line {len(lines) + 1}: the last line should end with a "
            "line break; it may be cut off. Complete or delete it. "
            f"Received: {text.rsplit(chr(10), 1)[-1]!r}"
        )
    reader = csv.reader(lines, strict=True)
    if tuple(next(reader, ())) != COLUMNS:
        raise ValueError(
            f"{path}, line 1: the header should be {','.join(COLUMNS)}. "
            f"Received: {lines[0] if lines else ''!r}"
        )
    keys = set()
    for cells in _read(reader, path):
        if len(cells) != len(COLUMNS):
            raise ValueError(
                f"{path}, line {reader.line_num}: a row should have "
                f"{len(COLUMNS)} cells. Received: {len(cells)}"
            )
        keys.add(key(dict(zip(COLUMNS, cells, strict=True))))
    return keys


def _read(reader: Any, path: pathlib.Path) -> Iterator[list[str]]:
    """Yields the rows of a CSV reader; ValueError names a broken line."""
    try:
        yield from reader
    except csv.Error as error:
        raise ValueError(
            f"{path}, line {reader.line_num}: a row should be CSV. "
            f"Received: {error}"
        ) from None
