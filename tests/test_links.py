"""Links between the project's pages lead to files and headings that exist."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "actfn").rglob("*.md"),
    *(ROOT / "experiments").rglob("*.md"),
]
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def anchors(page):
    """Names that GitHub gives to a page's headings."""
    text = CODE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    words = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", each) for each in headings)
    return [
        re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in words
    ]


@pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page):
    text = CODE.sub("", page.read_text())
    text = re.sub(r"`[^`\n]*`", "", text)
    for link in re.findall(r"\]\(\s*<?([^)\s>]+)>?\s*\)", text):
        if link.startswith(("https://", "http://", "data:")):
            continue
        target, _, place = link.partition("#")
        file = page.parent / target if target else page
        assert file.exists(), link
        if place:
            assert place in anchors(file), link
