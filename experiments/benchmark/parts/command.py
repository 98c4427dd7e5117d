"""What the benchmark programs share: their options, and where rows go."""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import pathlib
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any

from actfn.search.books.tables import CsvLog, read_rows
from actfn.search.files import write_atomically
from experiments.cli import Parser


def parser_of(
    name: str,
    description: str,
    directory: str = "of the CSV file",
    resumes: bool = False,
) -> Parser:
    """Returns the parser of `python -m experiments.benchmark NAME`.

    Args:
        name: Of the benchmark.
        description: For --help.
        directory: What --directory is for.
        resumes: Whether it goes on with rows that are there.
    """
    parser = Parser(
        f"benchmark {name}",
        description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--directory",
        type=pathlib.Path,
        default="results/benchmark",
        help=directory,
    )
    if resumes:
        parser.add_argument(
            "--resume",
            action="store_true",
            help="keep the rows that are measured, and measure the others",
        )
    return parser


class BenchmarkLog(CsvLog):
    """A log in --directory, to be made before anything is measured.

    It is empty but with --resume, which keeps the rows of a program that was
    stopped. The settings of a program that has that option are kept beside the
    file, and --resume must not go with others.

    What goes wrong with the file, now or later, ends the program by one line;
    what goes wrong with the measuring is none of its business.

    Args:
        parser: Prints that line.
        options: What it has read.
        file: The file's name.
        columns: The header.
        free: Options that may differ with --resume, as their rows stand beside
            each other.

    Attributes:
        kept: The rows that --resume has found; all values are text.
    """

    def __init__(
        self,
        parser: Parser,
        options: argparse.Namespace,
        file: str,
        columns: Sequence[str],
        free: Collection[str] = (),
    ):
        self._parser = parser
        path = options.directory / file
        resumes = getattr(options, "resume", None)
        self.kept: list[dict[str, str]] = []
        try:
            with self.written():
                options.directory.mkdir(parents=True, exist_ok=True)
                if resumes is not None:
                    _claim(path.with_suffix(".json"), options, free)
                super().__init__(path, columns)
                if resumes:
                    self.kept = read_rows(path)
        except ValueError as error:  # other columns, or other settings
            parser.error(f"--directory cannot be used: {error}")
        self.rewrite(self.kept)

    def keep_whole(
        self,
        group: Callable[[Mapping[str, str]], Hashable],
        rows: Callable[[Any], int],
    ) -> set:
        """Drops the rows of groups that were stopped within: they begin anew.

        Args:
            group: Returns the group of a row, such as its function.
            rows: Returns how many rows a group has once it is measured.

        Returns:
            The groups that are measured.
        """
        counts = collections.Counter(map(group, self.kept))
        whole = {each for each, count in counts.items() if count >= rows(each)}
        self.kept = [row for row in self.kept if group(row) in whole]
        self.rewrite(self.kept)
        return whole

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


def _claim(
    path: pathlib.Path, options: argparse.Namespace, free: Collection[str]
) -> None:
    """Keeps the settings of a program beside its rows.

    Raises:
        ValueError: --resume finds other settings.
    """
    given = {
        name: value
        for name, value in vars(options).items()
        if name not in ("directory", "resume", *free)
    }
    if options.resume and path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept != given:
            raise ValueError(
                f"--resume must go with the settings of {path}, {kept}. "
                f"Received: {given}"
            )
    write_atomically(path, json.dumps(given, indent=1) + "\n")
