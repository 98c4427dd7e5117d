"""What the benchmark programs share: their options, and where rows go."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from actfn.search.books.tables import CsvLog
from experiments.cli import Parser


def parser_of(
    name: str, description: str, directory: str = "of the CSV file"
) -> Parser:
    """Returns the parser of `python -m experiments.benchmark NAME`.

    Args:
        name: Of the benchmark.
        description: For --help.
        directory: What --directory is for.
    """
    parser = Parser(
        f"python -m experiments.benchmark {name}",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--directory",
        type=pathlib.Path,
        default="results/benchmark",
        help=directory,
    )
    return parser


class BenchmarkLog(CsvLog):
    """An empty log in --directory, to be made before anything is measured.

    What goes wrong with the file, now or later, ends the program by one line;
    what goes wrong with the measuring is none of its business.

    Args:
        parser: Prints that line.
        options: What it has read.
        file: The file's name.
        columns: The header.
    """

    def __init__(
        self,
        parser: Parser,
        options: argparse.Namespace,
        file: str,
        columns: Sequence[str],
    ):
        self._parser = parser
        try:
            with self.written():
                options.directory.mkdir(parents=True, exist_ok=True)
                super().__init__(options.directory / file, columns)
        except ValueError as error:  # the file has other columns
            parser.error(f"--directory cannot be used: {error}")
        self.rewrite([])

    def append(self, row: Mapping[str, object]) -> None:
        """Adds one row."""
        with self.written():
            super().append(row)

    def rewrite(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Replaces all rows at once."""
        with self.written():
            super().rewrite(rows)

    @contextlib.contextmanager
    def written(self) -> Iterator[None]:
        """Ends the program if what is written within cannot be."""
        try:
            yield
        except OSError as error:
            self._parser.error(f"--directory cannot be written: {error}")
