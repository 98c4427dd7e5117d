"""Where benchmarks write their rows, and `benchmark pages` finds them."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
from collections.abc import Iterator, Sequence

from experiments.cli import Parser
from experiments.results import CsvLog


def add_directory(parser: Parser, help: str = "of the CSV file") -> None:
    """Adds the option --directory."""
    parser.add_argument(
        "--directory",
        type=pathlib.Path,
        default="results/benchmark",
        help=help,
    )


@contextlib.contextmanager
def new_log(
    parser: Parser,
    options: argparse.Namespace,
    file: str,
    columns: Sequence[str],
) -> Iterator[CsvLog]:
    """Yields an empty log in --directory, made before anything is measured.

    What goes wrong with the file, now or later, ends the program by one line.
    """
    try:
        options.directory.mkdir(parents=True, exist_ok=True)
        log = CsvLog(options.directory / file, columns)
        log.rewrite([])
        yield log
    except (OSError, ValueError) as error:
        parser.error(f"--directory cannot be written: {error}")
