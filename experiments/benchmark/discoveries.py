"""Gathers searches on tasks into one file: each with its best finalist.

Each directory holds a search by `python -m experiments.search --task ...` that
has ended. Nothing is trained here. The finalist with the best mean in the
larger setting is shown against every rival; its p is corrected, by Holm, for
all finalists of its search.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence

from actfn.search.books.tables import read_rows
from experiments.benchmark.parts.command import BenchmarkLog, parser_of

OWN = ("expression", "rival", "role", "gain", "low", "high", "p", "note")
SETTINGS = ("task", "seed", "trials", "finalists", "repeats")
COLUMNS = (*SETTINGS, *OWN)


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
        | {name: row[name] for name in OWN}
        for row in read_rows(folder / "rivals.csv")
        if row["expression"] == best
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("discoveries", __doc__)
    parser.add_argument("searches", nargs="+", type=pathlib.Path)
    options = parser.parse_args(arguments)
    try:
        rows = [row for folder in options.searches for row in gather(folder)]
    except (OSError, KeyError) as error:
        parser.error(f"a search cannot be read: {error}")
    rows.sort(key=lambda row: (row["task"], row["seed"]))
    BenchmarkLog(parser, options, "discoveries.csv", COLUMNS).rewrite(rows)


if __name__ == "__main__":
    main()
