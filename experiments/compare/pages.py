"""Tables inside of Markdown pages, kept up to date by a command."""

import re
import shlex
from collections.abc import Callable, Sequence

_BEGIN = re.compile(r"^<!-- (compare (.*)) -->$", re.MULTILINE)


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
    # TensorFlow loads with this, which the published tables do without.
    from models import markdown

    places = _BEGIN.findall(page)
    if not places:
        raise ValueError(
            "the page should have a line <!-- compare ARGUMENTS --> where a "
            f"table begins. Received: {page[:60]!r}"
        )
    for name, arguments in places:
        head, old, tail = markdown.block(page, name)
        if _BEGIN.search(old):
            raise ValueError(
                "the page should have a line <!-- end --> after each table. "
                f"Received: none after <!-- {name} -->"
            )
        text = render(shlex.split(arguments)).strip()
        page = f"{head}\n{text}\n\n{tail}"
    return page
