r"""Prints the table of catalog functions, or those of the language.

    python -m actfn list
    python -m actfn list --matching transformers --format markdown
    python -m actfn list --of unary

Unary are the operators of one argument, binary those of two and three; words
are functions that are neither operators nor in the catalog.
"""

from __future__ import annotations

import argparse
import csv
import io

from actfn import catalog
from actfn.command_line import language

HELP = "print the table of catalog functions, or of operators"
COLUMNS = ("name", "formula", "trainable", "year", "source", "use when")
TABLES = ("functions", "unary", "binary", "words")
# Whose cells are text of the language, and whose are lists of such.
_CODE = ("name", "formula", "text", "value", "the same as")
_LISTS = ("other names", "the paper's")


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
    parser.add_argument(
        "--of",
        choices=TABLES,
        default="functions",
        help="which table; default: functions, the catalog",
    )


def run(options: argparse.Namespace) -> None:
    """Prints the table.

    Raises:
        ValueError: No row holds the word.
    """
    word = options.matching.lower()
    columns, every = rows_of(options.of)
    found = [row for row in every if word in " ".join(row).lower()]
    if not found:
        raise ValueError(
            "`--matching` must be a word of the table. "
            f"Received: {options.matching!r}"
        )
    print(table(found, options.format, columns), end="")


def rows_of(name: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Returns the columns and the rows of one of `TABLES`."""
    if name == "functions":
        return COLUMNS, rows()
    if name == "words":
        return language.WORD_COLUMNS, language.word_rows()
    return language.OPERATOR_COLUMNS, language.operator_rows(name == "unary")


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


def table(
    found: list[tuple[str, ...]],
    form: str,
    columns: tuple[str, ...] = COLUMNS,
) -> str:
    """Returns the rows as text, Markdown or CSV."""
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *found])
        return text.getvalue()
    if form == "markdown":
        lines = [columns, ("---",) * len(columns)]
        lines += [tuple(map(_marked, columns, row)) for row in found]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)
    if columns == COLUMNS:
        columns = ("name", "formula", "trainable", "year", "use when")
        found = [
            (name, _short(formula), trainable, year, use)
            for name, formula, trainable, year, _, use in found
        ]
    widths = [max(map(len, c)) for c in zip(columns, *found, strict=True)]
    lines = [
        "  ".join(map(str.ljust, row, widths)).rstrip()
        for row in (columns, *found)
    ]
    return "\n".join(lines) + "\n"


def _marked(column: str, cell: str) -> str:
    """Returns a cell of Markdown, text of the language as code."""
    cell = cell.replace("|", r"\|")
    if not cell or column not in (*_CODE, *_LISTS):
        return cell
    if column in _CODE:
        return f"`{cell}`"
    parts = [part.split(" = ") for part in cell.split("; ")]
    return ", ".join("`" + "` = `".join(part) + "`" for part in parts)


def _short(formula: str) -> str:
    return formula if len(formula) <= 44 else f"{formula[:41]}..."
