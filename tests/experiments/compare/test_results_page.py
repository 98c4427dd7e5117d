"""The page of results shows what the rows say, to the digit."""

import pathlib

import pytest

from actfn.search.books.tables import read_rows
from experiments.compare import __main__ as compare
from experiments.train import config, rows

ROOT = pathlib.Path(__file__).parents[3]
FILES = sorted((ROOT / "docs" / "results").glob("*.csv"))


def test_tables_are_those_that_the_command_makes(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = pathlib.Path("docs/results.md")
    text, _ = compare.render(["--page", str(page)])
    assert text == page.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rows_are_of_the_training_program_and_of_its_configs(path):
    assert len(rows.finished(path)) == len(read_rows(path)) > 0
    for row in read_rows(path):
        # What was changed, so far always to a text, is part of the name.
        name, *texts = row["config"].split("+")
        changes = dict(text.split("=") for text in texts)
        known = config.load(name, changes=changes)
        assert row["config_hash"] == known.digest
        assert row["steps"] == str(known.steps)
        assert row["provenance"].startswith("TFDS ")
