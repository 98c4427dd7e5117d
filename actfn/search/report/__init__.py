"""The report of a search: a page, a text, TensorBoard."""

from __future__ import annotations

import os

from actfn.search.files import write_atomically
from actfn.search.report.content import Content, Phase, Row
from actfn.search.report.page import render
from actfn.search.report.words import text

__all__ = ["Content", "Phase", "Row", "render", "text", "write"]


def write(path: str | os.PathLike, content: Content) -> None:
    """Writes the page; a reader finds either the old one or the new.

    Args:
        path: The HTML file. It needs no other file and loads nothing.
        content: What it shows.

    Raises:
        OSError: The file cannot be written.
    """
    write_atomically(path, render(content))
