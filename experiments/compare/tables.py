"""A table of text and numbers, and its form in Markdown, LaTeX and CSV."""

import csv
import dataclasses
import io
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

Cell = str | int | float | Decimal | None

_LATEX = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with a heading.

    Attributes:
        title: Heading.
        columns: Names of the columns.
        rows: Cells, as many in each row as there are columns. `Decimal` cells
            keep their digits; `float` ones are p-values and print with four
            decimals, except in CSV; None is an empty cell.
        note: A remark to print below, or nothing.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def to_markdown(table: Table) -> str:
    """Returns a heading and a pipe table."""

    def line(cells: Sequence[Cell]) -> str:
        texts = [re.sub(r"([|*_`\\])", r"\\\1", _text(c)) for c in cells]
        return f"| {' | '.join(texts)} |"

    rule = "|" + "---|" + "---:|" * (len(table.columns) - 1)
    lines = [f"### {table.title}", "", line(table.columns), rule]
    lines += [line(row) for row in table.rows]
    if table.note:
        lines += ["", table.note]
    return "\n".join(lines) + "\n"


def to_latex(table: Table) -> str:
    """Returns a table environment; needs the package booktabs."""

    def escape(text: str) -> str:
        return "".join(_LATEX.get(character, character) for character in text)

    def line(cells: Sequence[Cell]) -> str:
        return " & ".join(escape(_text(cell)) for cell in cells) + r" \\"

    caption = f"{table.title}. {table.note}".strip()
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escape(caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"\toprule",
            line(table.columns),
            r"\midrule",
            *map(line, table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def to_csv(table: Table) -> str:
    """Returns a comment line with the title, the header and the rows."""
    file = io.StringIO()
    file.write(f"# {table.title}\n")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return file.getvalue()


FORMATS: dict[str, Callable[[Table], str]] = {
    "markdown": to_markdown,
    "latex": to_latex,
    "csv": to_csv,
}
