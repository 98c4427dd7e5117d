import pytest

from experiments.compare import pages

PAGE = """# Title

<!-- compare one.csv --format csv -->
old
<!-- end -->

Words, `<!-- end -->` among them.

<!-- compare "a b.csv" -->
<!-- end -->
"""


def test_only_tables_are_made_anew():
    seen = []

    def render(arguments):
        seen.append(arguments)
        return f"new {len(seen)}\n"

    made = pages.refresh(PAGE, render)
    assert seen == [["one.csv", "--format", "csv"], ["a b.csv"]]
    assert "old" not in made
    assert made.startswith(
        "# Title\n\n<!-- compare one.csv --format csv -->\n\nnew 1\n\n"
        "<!-- end -->\n\nWords, `<!-- end -->` among them.\n"
    )
    again = pages.refresh(made, lambda arguments: "new 1")
    assert again.replace("new 1", "") == made.replace("new 1", "").replace(
        "new 2", ""
    )


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("no table", "<!-- compare ARGUMENTS -->"),
        (PAGE.replace("old\n<!-- end -->\n", ""), "<!-- end -->"),
        (PAGE.removesuffix("<!-- end -->\n"), "<!-- end -->"),
    ],
)
def test_a_page_without_whole_places_is_refused(page, message):
    with pytest.raises(ValueError, match=message):
        pages.refresh(page, lambda arguments: "")
