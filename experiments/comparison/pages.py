"""Tables inside of Markdown pages, kept up to date by a command."""

import re
import shlex
from collections.abc import Callable, Sequence

_BLOCK = re.compile(
    r"^<!-- compare (?P<arguments>[^\n]*) -->\n(?P<body>.*?)^<!-- end -->$",
    re.MULTILINE | re.DOTALL,
)


def refresh(page: str, render: Callable[[Sequence[str]], str]) -> str:
    """Returns a page with all of its tables made anew.

    A table stands between a line `<!-- compare ARGUMENTS -->` and a line
    `<!-- end -->`; the arguments are those of `experiments.compare`.

    Args:
        page: Markdown text.
        render: Returns the Markdown that a list of arguments asks for.

    Raises:
        ValueError: If the page has no such place, or one that does not end.
    """
    places = page.count("<!-- compare ")
    if not places or places != len(_BLOCK.findall(page)):
        raise ValueError(
            "the page should have places for tables, each between the lines "
            "<!-- compare ARGUMENTS --> and <!-- end -->. "
            f"Received: {places} that begin, "
            f"{len(_BLOCK.findall(page))} that also end"
        )

    def block(match: re.Match[str]) -> str:
        arguments = match["arguments"]
        text = render(shlex.split(arguments)).strip()
        return f"<!-- compare {arguments} -->\n\n{text}\n\n<!-- end -->"

    return _BLOCK.sub(block, page)
