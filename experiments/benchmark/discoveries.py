"""Gathers searches on tasks into one file: each with its best finalist.

Each directory holds a search by `python -m experiments.search --task ...` that
has ended. Nothing is trained here. The finalist with the best mean in the
larger setting is shown against every rival; its p is corrected, by Holm, for
all finalists of its search.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence

from actfn.search.books.tables import read_rows, write_rows
from experiments.benchmark.parts.command import parser_of
from experiments.search import of_a_task

SAME = ("reward", "validation", "test")
"""What searches on one task must share to stand in one table."""
SETTINGS = ("task", "seed", "trials", "finalists", "repeats", *SAME)
COLUMNS = (*SETTINGS, *of_a_task.COLUMNS)


def gather(folder: pathlib.Path) -> list[dict[str, object]]:
    """Returns a row for each rival of the best finalist of a search.

    Raises:
        OSError: A file is missing: the search has not ended.
        KeyError: The folder holds another program's results.
    """
    settings = json.loads((folder / "settings.json").read_text())
    confirmed = read_rows(folder / "confirmed.csv")
    found = [row for row in confirmed if row["role"] == "finalist"]
    if not found:
        return []
    best = max(found, key=lambda row: float(row["mean"]))["expression"]
    return [
        {name: settings[name] for name in SETTINGS}
        | {name: row[name] for name in of_a_task.COLUMNS}
        for row in read_rows(folder / "rivals.csv")
        if row["expression"] == best
    ]


def check_alike(rows: Sequence[Mapping[str, object]]) -> None:
    """Raises ValueError where searches on a task are of other settings."""
    first: dict[object, dict[str, object]] = {}
    for row in rows:
        own = {name: row[name] for name in SAME}
        if first.setdefault(row["task"], own) != own:
            raise ValueError(
                f"searches on {row['task']} must share {', '.join(SAME)}. "
                f"Received: {first[row['task']]} and {own}"
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("discoveries", __doc__)
    parser.add_argument("searches", nargs="+", type=pathlib.Path)
    options = parser.parse_args(arguments)
    try:
        rows = [row for folder in options.searches for row in gather(folder)]
        check_alike(rows)
        rows.sort(key=lambda row: (row["task"], row["seed"]))
        options.directory.mkdir(parents=True, exist_ok=True)
        write_rows(options.directory / "discoveries.csv", COLUMNS, rows)
    except (OSError, KeyError, ValueError) as error:
        parser.error(f"cannot gather the searches: {error}")


if __name__ == "__main__":
    main()
