"""Reads the open table."""

from __future__ import annotations

import dataclasses
import functools
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
                f"{name}: {task['runs']} runs of {task['functions']} of "
                f"{len(self.functions)} functions"
            )
            if task["missing"]:
                line += (
                    f"; {task['missing']} runs are missing of those of the "
                    f"first {task['declared']} functions"
                )
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
        folder: Of the four files that `experiments.tabulate gather` writes;
            by default those of the package.

    Raises:
        ImportError: pyarrow is not installed.
        TableError: A file is missing or damaged.
    """
    try:
        import pyarrow
        from pyarrow import csv, parquet
    except ImportError:
        raise ImportError(
            "The table needs pyarrow, which is not installed: "
            "pip install pyarrow",
            name="pyarrow",
        ) from None
    folder = FOLDER if folder is None else pathlib.Path(folder)
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        raise TableError(
            f"{folder} must hold the table; the runs of `python -m "
            "experiments.tabulate --task NAME` are gathered there by `python "
            "-m experiments.tabulate gather DIR...`. Received a folder without "
            f"{', '.join(missing)}"
        )
    path = folder / TASKS
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
        count = sum(task["runs"] for task in tasks.values())
        path = folder / FUNCTIONS
        functions = parquet.read_table(path)
        path = folder / RUNS
        runs = parquet.read_table(path)
        path = folder / SUMMARY
        types = {"function": "string", "task": "string"}
        options = csv.ConvertOptions(column_types=types)
        summary = csv.read_csv(path, convert_options=options)
    except (
        *(ValueError, KeyError, TypeError, AttributeError),
        *(OSError, pyarrow.ArrowException),
    ) as error:
        raise TableError(
            f"{path} must be a file of the table, which `python -m "
            "experiments.tabulate gather DIR...` writes. Received one that "
            f"cannot be read: {type(error).__name__} "
            f"{' '.join(str(error).split())[:200]}"
        ) from None
    if len(runs) != count:
        raise TableError(
            f"{folder / RUNS} must have the {count} runs that {TASKS} tells "
            "of; `python -m experiments.tabulate gather DIR...` writes both. "
            f"Received {len(runs)}"
        )
    return Table(functions, runs, summary, tasks)
