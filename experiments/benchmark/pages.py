"""Puts what the other benchmarks measured into README and documentation.

Nothing is measured here. A page has the lines <!-- NAME --> and <!-- end -->
around each table that is made from a file; the files go to docs/benchmarks.
Tables of files that are not in --directory stay as they are.
"""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Sequence

from actfn.search.books.tables import read_rows
from experiments.benchmark.parts import (
    charts,
    gates,
    search_on_tasks,
    search_tables,
    tables,
    xla_tables,
)
from experiments.benchmark.parts.command import parser_of
from models import markdown

# The page, the name of its block, the file of the rows, and the writer.
BLOCKS = (
    ("README.md", "activations", "activations.csv", tables.summary),
    ("docs/activations.md", "details", "activations.csv", tables.details),
    (
        *("docs/activations.md", "xla-tensorflow", "xla_tensorflow.csv"),
        xla_tables.ratios,
    ),
    ("docs/activations.md", "xla-jax", "xla_jax.csv", xla_tables.ratios),
    ("docs/models.md", "throughput", "models.csv", tables.throughput),
    ("docs/training.md", "tiny", "tiny.csv", tables.tiny),
    ("docs/scaling.md", "throughput", "search.csv", search_tables.throughput),
    ("docs/scaling.md", "work", "work.csv", search_tables.work),
    (
        *("docs/scaling.md", "population", "population.csv"),
        search_tables.population,
    ),
    ("docs/scaling.md", "workers", "scaling.csv", search_tables.workers),
    ("docs/scaling.md", "books", "oracle.csv", search_tables.books),
    (
        *("docs/search.md", "perceptron", "perceptron_policies.csv"),
        search_tables.compared,
    ),
    (
        *("docs/search.md", "bench-implicit", "implicit_policies.csv"),
        search_tables.compared,
    ),
    (
        *("docs/search.md", "bench-physics", "physics_policies.csv"),
        search_tables.compared,
    ),
    ("docs/search.md", "policies", "policies.csv", search_tables.compared),
    ("docs/search.md", "ridge", "ridge_policies.csv", search_tables.policies),
    ("docs/search.md", "racing", "racing.csv", search_tables.racing),
    ("docs/search.md", "halving", "halving.csv", search_on_tasks.halving),
    ("docs/scaling.md", "memory", "memory.csv", search_tables.memory),
    (
        "docs/tasks.md",
        "discrimination",
        "discrimination.csv",
        search_on_tasks.discrimination,
    ),
    (
        "docs/tasks.md",
        "discoveries",
        "discoveries.csv",
        search_on_tasks.searches,
    ),
    ("docs/tasks.md", "gates", "gated.csv", gates.table),
)
CHART = "docs/images/activations.png"
RESULTS = "docs/benchmarks"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("pages", __doc__, "where the benchmarks' files are")
    parser.add_argument(
        "--root", type=pathlib.Path, default=".", help="where README.md is"
    )
    options = parser.parse_args(arguments)
    try:
        found = {path.name for path in options.directory.glob("*.csv")}
        if found.isdisjoint(file for _, _, file, _ in BLOCKS):
            parser.error(
                "--directory must hold a benchmark's file. "
                f"Received: {options.directory}"
            )
        for page, name, file, write in BLOCKS:
            if file not in found:
                continue
            rows = read_rows(options.directory / file)
            if not rows:
                raise ValueError(f"{file} must have rows. Received: none")
            markdown.update(options.root / page, name, write(rows))
            source, kept = options.directory / file, options.root / RESULTS
            if not kept.samefile(options.directory):
                shutil.copyfile(source, kept / file)
        if "activations.csv" in found:
            rows = read_rows(options.directory / "activations.csv")
            charts.draw(rows, options.root / CHART)
    except (OSError, ValueError, KeyError) as error:
        parser.error(f"cannot make the pages: {error}")


if __name__ == "__main__":
    main()
