r"""Prints the table of catalog functions.

python -m actfn list
python -m actfn list --matching transformers --format markdown
"""

from __future__ import annotations

import argparse
import csv
import io

from actfn import catalog

HELP = "print the table of catalog functions"
COLUMNS = ("name", "formula", "trainable", "year", "source", "use when")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the program takes."""
    parser.add_argument(
        "--matching",
        default="",
        metavar="WORD",
        help="only rows that hold this word",
    )
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "csv"),
        default="text",
        help="default: text",
    )


def run(options: argparse.Namespace) -> None:
    """Prints the table.

    Raises:
        ValueError: No row holds the word.
    """
    word = options.matching.lower()
    found = [row for row in rows() if word in " ".join(row).lower()]
    if not found:
        raise ValueError(
            "`--matching` must be a word of the table. "
            f"Received: {options.matching!r}"
        )
    print(table(found, options.format), end="")


def rows() -> list[tuple[str, ...]]:
    """Returns the cells of the table, functions of two inputs last."""
    return [
        (
            entry.name,
            entry.expression,
            "yes" if entry.trainable else "",
            str(entry.year),
            entry.source,
            entry.use_when,
        )
        for entry in map(
            catalog.entry, (*catalog.names(), *catalog.gated_names())
        )
    ]


def table(found: list[tuple[str, ...]], form: str) -> str:
    """Returns the rows as text, Markdown or CSV."""
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *found])
        return text.getvalue()
    if form == "markdown":
        lines = [COLUMNS, ("---",) * len(COLUMNS)]
        for name, formula, *rest in found:
            escaped = formula.replace("|", r"\|")
            lines.append((f"`{name}`", f"`{escaped}`", *rest))
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)
    shown = [
        (name, _short(formula), trainable, year, use)
        for name, formula, trainable, year, _, use in found
    ]
    heads = ("name", "formula", "trainable", "year", "use when")
    columns = zip(heads, *shown, strict=True)
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(map(str.ljust, row, widths)).rstrip()
        for row in (heads, *shown)
    ]
    return "\n".join(lines) + "\n"


def _short(formula: str) -> str:
    return formula if len(formula) <= 44 else f"{formula[:41]}..."
