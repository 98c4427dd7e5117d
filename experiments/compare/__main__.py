"""Prints the paper's tables, and our results beside them.

    python -m experiments.compare --published
    python -m experiments.compare results/*.csv --format latex
    python -m experiments.compare --page docs/results.md

Results are CSV files of `experiments.train`. What is printed is computed from
them and from `experiments/published_results.csv` at each call.
"""

import pathlib
import sys
from collections.abc import Sequence

from experiments.cli import Parser
from experiments.compare import pages, published
from experiments.compare.tables import FORMATS, Table

KINDS = (
    "summary",
    "pairs",
    "counts",
    "beside",
    "learning-rates",
    "depths",
)


def _parser() -> Parser:
    parser = Parser("compare", __doc__)
    parser.add_argument(
        "results",
        nargs="*",
        type=pathlib.Path,
        help="CSV files with our runs",
    )
    parser.add_argument(
        "--published",
        action="store_true",
        help="Tables 1 to 11 as printed, and the recount of Table 3",
    )
    parser.add_argument(
        "--tables",
        nargs="+",
        choices=KINDS,
        default=KINDS[:3],
        metavar="KIND",
        help="of our runs, by default the first three of: "
        "summary (of each model and data set), pairs (runs of one seed), "
        "counts (models, as the paper counts them), beside (the paper's "
        "networks on the same data), learning-rates (each on a line), "
        "depths (likewise, of one family of networks)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="markdown",
        help="default: %(default)s",
    )
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        metavar="FILE",
        help="write there instead of printing",
    )
    parser.add_argument(
        "--page",
        type=pathlib.Path,
        metavar="FILE",
        help="make the tables of this Markdown file anew, each between a line "
        "<!-- compare ARGUMENTS --> and a line <!-- end -->",
    )
    return parser


def tables(
    results: Sequence[pathlib.Path],
    with_published: bool,
    kinds: Sequence[str] = KINDS[:3],
) -> list[Table]:
    """Returns the published tables, if wanted, then those of our runs.

    Args:
        results: CSV files of our runs, or none.
        with_published: Whether to include the paper's tables.
        kinds: Which of `KINDS` of our runs.

    Raises:
        ValueError: If a results file is broken (names the file and the line),
            or the runs do not make a table that is asked for.
    """
    found = published.tables() if with_published else []
    if results:
        # TensorFlow loads with these; the published tables do without.
        from experiments.compare import (
            depths,
            ours,
            pairs,
            published_and_ours,
            rates,
            runs,
        )

        makers = (
            ours.summaries,
            pairs.tables,
            ours.counts,
            published_and_ours.tables,
            rates.tables,
            depths.tables,
        )
        made_by = dict(zip(KINDS, makers, strict=True))
        own = runs.read(results)
        found += [table for kind in kinds for table in made_by[kind](own)]
    return found


def render(arguments: Sequence[str] | None) -> tuple[str, pathlib.Path | None]:
    """Returns the text that arguments ask for, and where it is to go.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If a results file or a page is broken.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.page:
        page = options.page.read_text(encoding="utf-8")
        return pages.refresh(page, lambda more: render(more)[0]), options.page
    if not options.results and not options.published:
        parser.error(
            "results should be at least one CSV file, or --published or "
            "--page be given. Received: neither"
        )
    found = tables(options.results, options.published, options.tables)
    return "\n".join(map(FORMATS[options.format], found)), options.output


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program; exit status 2 and one line on bad input."""
    try:
        text, output = render(arguments)
        if output:
            output.write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(text)
    except (OSError, ValueError) as error:
        _parser().error(str(error))


if __name__ == "__main__":
    main()
