import pytest

from models import markdown

PAGE = "a\n<!-- one -->\n1\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\nc\n"


def test_a_table():
    table = markdown.table(("name", "n"), [("x", "1"), ("y", "22")], ["name"])
    assert table == "| name | n |\n| --- | ---: |\n| x | 1 |\n| y | 22 |\n"


def test_only_the_named_block_changes(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    markdown.update(path, "two", "2\n")
    markdown.update(path, "one", "new\n")
    assert path.read_text() == PAGE.replace("\n1\n", "\nnew\n").replace(
        "two -->\n", "two -->\n2\n"
    )
    assert markdown.block(path.read_text(), "two")[1] == "2\n"


@pytest.mark.parametrize("page", ["", "<!-- one -->\n", PAGE])
def test_a_page_without_the_block_is_refused(page, tmp_path):
    path = tmp_path / "page.md"
    path.write_text(page)
    name = "three" if page == PAGE else "one"
    with pytest.raises(ValueError, match=f"<!-- {name} -->.*Received"):
        markdown.update(path, name, "text")
    assert path.read_text() == page
