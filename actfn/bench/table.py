"""Reads the open table."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import pathlib
from typing import TYPE_CHECKING, Any

from actfn.bench.asking import Answer, Forms
from actfn.expressions.expression import Expression

if TYPE_CHECKING:
    import pyarrow

FOLDER = pathlib.Path(__file__).parent
FUNCTIONS, RUNS = "functions.parquet", "runs.parquet"
SUMMARY, TASKS = "summary.csv", "tasks.json"
FILES = (FUNCTIONS, RUNS, SUMMARY, TASKS)
INDEX = "croissant.json"
"""What has the digests of the files, and is written last."""


class TableError(ValueError):
    """The table cannot be read; the text says what to do."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Functions that were trained on several tasks.

    Attributes:
        functions: A row a function, in the order of the list.
        runs: A row a run: losses on the way, scores, seconds, versions.
        summary: A row a function and task: mean, deviation, rank.
        tasks: Of each task its title, score, setting and size; see
            docs/table.md, which has the columns too.
    """

    functions: pyarrow.Table
    runs: pyarrow.Table
    summary: pyarrow.Table
    tasks: dict[str, dict[str, Any]]

    @property
    def task_names(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(self.tasks)

    def query(self, expression: str | Expression) -> Answer:
        """Finds a function in whatever words it is asked for.

        Args:
            expression: A catalog name, or an expression; equal functions are
                found whatever they are called, as `actfn.canonicalize` tells.

        Raises:
            ExpressionError: It is neither a name nor an expression.
            ValueError: It has two inputs.

        Example:
            >>> load().query("sigmoid(x) * x").function["form"]
            'x * sigmoid(x)'
        """
        place, rest = self._forms.find(expression)
        if place is None:
            return Answer(str(expression), None, {}, **rest)
        row = self._rows[place]
        scores = {
            each["task"]: each for each in self._scores.get(row["function"], ())
        }
        note = rest.pop("note", "").strip()
        if lacking := [name for name in self.tasks if name not in scores]:
            note = f"{note} No run on {', '.join(lacking)}.".strip()
        return Answer(str(expression), row, scores, note=note, **rest)

    def completeness(self) -> str:
        """Says how much of what was declared the table has, a line a task."""
        lines = []
        for name, task in self.tasks.items():
            line = (
                f"{name}: {task['runs']} runs of {task['functions']} of the "
                f"{task['declared']} functions that it declares"
            )
            if task["missing"]:
                line += f"; {task['missing']} runs are missing"
            lines.append(line)
        return "\n".join(lines)

    @functools.cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return self.functions.to_pylist()

    @functools.cached_property
    def _forms(self) -> Forms:
        return Forms(self._rows)

    @functools.cached_property
    def _scores(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.summary.to_pylist():
            found.setdefault(row["function"], []).append(row)
        return found


def load(folder: str | pathlib.Path | None = None) -> Table:
    """Reads the open table, of the package or from a folder.

    Args:
        folder: Of the five files that `experiments.tabulate gather` writes;
            by default those of the package.

    Raises:
        ImportError: pyarrow is not installed.
        TableError: A file is missing, damaged, or of another table than the
            others.
    """
    folder = FOLDER if folder is None else pathlib.Path(folder)
    _import()
    missing = [
        name for name in (*FILES, INDEX) if not (folder / name).is_file()
    ]
    if missing:
        raise TableError(
            f"{folder} must hold the table; {_ADVICE}. Received a folder "
            f"without {', '.join(missing)}"
        )
    told = _digests(folder / INDEX)
    for name in FILES:
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != told.get(name):
            raise TableError(
                f"{path} must be the file that {INDEX} describes; {_ADVICE}, "
                "all five files at once. Received one of sha256 "
                f"{found[:12]}, not {str(told.get(name))[:12]}"
            )
    return read(folder)


_ADVICE = (
    "the runs of `python -m experiments.tabulate --task NAME` are gathered "
    "there by `python -m experiments.tabulate gather DIR...`"
)


def _digests(path: pathlib.Path) -> dict[str, str]:
    try:
        index = json.loads(path.read_bytes())
        return {each["name"]: each["sha256"] for each in index["distribution"]}
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(
            f"{path} must describe the files of the table; {_ADVICE}. Received "
            f"one that cannot be read: {type(error).__name__} {error}"
        ) from None


def _import() -> tuple:
    """Returns the modules of pyarrow that are used."""
    try:
        from pyarrow import csv, parquet
    except ImportError:
        raise ImportError(
            "The table needs pyarrow, which is not installed: "
            "pip install pyarrow",
            name="pyarrow",
        ) from None
    return csv, parquet


def read(folder: pathlib.Path) -> Table:
    """Reads files as they were written, without a look at their digests."""
    csv, parquet = _import()
    types = {"function": "string", "task": "string"}
    options = csv.ConvertOptions(column_types=types)
    return Table(
        parquet.read_table(folder / FUNCTIONS),
        parquet.read_table(folder / RUNS),
        csv.read_csv(folder / SUMMARY, convert_options=options),
        json.loads((folder / TASKS).read_text(encoding="utf-8")),
    )
