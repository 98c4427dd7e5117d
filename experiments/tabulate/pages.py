"""Writes what the documentation says of the open table, from the table.

    python -m experiments.tabulate pages

Refreshes the generated blocks of docs/table.md and docs/findings.md, and their
pictures. The same table gives the same bytes. While the package has no table
the blocks say so.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from actfn import bench
from actfn.bench import table as files
from experiments.cli import Parser
from experiments.tabulate import card, findings, pictures
from models import markdown

DOCS = pathlib.Path(__file__).parents[2] / "docs"
IMAGES = "images"


def texts(table: bench.Table | None, docs: pathlib.Path) -> dict[str, str]:
    """Returns the text of each page, by its name.

    Args:
        table: What the pages are about; None if it is not made.
        docs: Where the pages are now.

    Raises:
        OSError: A page cannot be read.
        ValueError: A page lacks a block.
    """
    found = {}
    for name, blocks in (
        ("table.md", card.blocks(table)),
        ("findings.md", findings.blocks(table)),
    ):
        page = (docs / name).read_text(encoding="utf-8")
        for block, text in blocks.items():
            head, _, tail = markdown.block(page, block)
            page = head + text + tail
        found[name] = page
    return found


def current() -> bench.Table | None:
    """Returns the package's table; None if none of its files is there.

    Raises:
        TableError: It is damaged.
    """
    names = (*files.FILES, files.INDEX)
    made = any((files.FOLDER / name).exists() for name in names)
    return bench.load() if made else None


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = Parser("tabulate pages", __doc__)
    add = parser.add_argument
    for name, default, text in (
        ("table", None, "of another table than the package's"),
        ("docs", DOCS, "of the pages"),
    ):
        add(
            f"--{name}",
            type=pathlib.Path,
            default=default,
            metavar="DIR",
            help=text,
        )
    given = parser.parse_args(arguments)
    try:
        table = bench.load(given.table) if given.table else current()
        for name, text in texts(table, given.docs).items():
            (given.docs / name).write_text(text, encoding="utf-8")
        (given.docs / IMAGES).mkdir(exist_ok=True)
        for name, figure in (pictures.draw(table) if table else {}).items():
            figure.savefig(given.docs / IMAGES / name, dpi=110)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return 0
