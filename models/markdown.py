"""Tables in Markdown, and pages that hold tables which a program made."""

import pathlib
from collections.abc import Collection, Iterable, Sequence

_END = "<!-- end -->\n"


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Collection[str] = (),
) -> str:
    """Returns a pipe table.

    Args:
        columns: The header.
        rows: Cells, as many in each row as there are columns.
        left: The columns of text; the others are numbers, set to the right.
    """
    rule = ["---" if column in left else "---:" for column in columns]
    lines = [columns, rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def block(page: str, name: str) -> tuple[str, str, str]:
    """Divides the text of a page at the lines of one generated block.

    A block stands between the lines `<!-- name -->` and `<!-- end -->`.

    Returns:
        What is before the block, what is in it, what comes after; the lines
        themselves belong to the outer parts.

    Raises:
        ValueError: If the page has no such block.
    """
    begin = f"<!-- {name} -->\n"
    head, found, rest = page.partition(begin)
    inside, end, tail = rest.partition(_END)
    if not found or not end:
        raise ValueError(
            f"A page must have the lines {begin.strip()} and {_END.strip()} "
            f"around a generated table. Received: {page[:60]!r}"
        )
    return head + found, inside, end + tail


def update(path: pathlib.Path, name: str, text: str) -> None:
    """Puts `text` in the place of a generated block of a file.

    Raises:
        OSError: If the file cannot be read or written.
        ValueError: If it has no such block; it stays as it is.
    """
    page = path.read_text(encoding="utf-8")
    head, _, tail = block(page, name)
    path.write_text(head + text + tail, encoding="utf-8")
