"""The table's metadata and the citation, by their formats' own libraries."""

import pathlib

import pytest

from actfn import bench
from actfn.bench import table as files
from experiments import tasks
from experiments.tabulate import __main__ as tabulate
from tests.searching import ROOT

SPACE = ["--unary", "identity", "max0", "sigmoid", "--binary", "mul"]


@pytest.fixture
def folder(make, tmp_path):
    runs, target = make("runs", *SPACE), tmp_path / "table"
    words = ["gather", str(runs), *SPACE, "--to", str(target)]
    assert tabulate.main(words) == 0
    return target


def test_croissant_reads_the_rows_that_the_table_has(folder):
    mlc = pytest.importorskip("mlcroissant")
    data = mlc.Dataset(folder / "croissant.json")
    assert not data.metadata.ctx.issues.errors
    table = bench.load(folder)
    for name, rows in (
        ("functions", table.functions),
        ("runs", table.runs),
        ("summary", table.summary),
    ):
        records = [*data.records(name)]
        assert len(records) == rows.num_rows > 0
        first = {key.partition("/")[2] for key in records[0]}
        assert first == {*rows.column_names}
        texts = [record[f"{name}/function"].decode() for record in records]
        assert texts == rows["function"].to_pylist()


def test_croissant_of_the_package_is_that_of_its_files():
    mlc = pytest.importorskip("mlcroissant")
    folder = pathlib.Path(files.FOLDER)
    there = [name for name in files.FILES if (folder / name).exists()]
    if not there:  # Not made yet: then nothing describes it.
        assert not (folder / "croissant.json").exists()
        return
    data = mlc.Dataset(folder / "croissant.json")
    table = bench.load()
    # Records are read through the digests of the files.
    assert len([*data.records("runs")]) == table.runs.num_rows


def test_the_citation_is_valid():
    pytest.importorskip("cffconvert")
    from cffconvert import Citation

    Citation((ROOT / "CITATION.cff").read_text()).validate()


def test_the_licences_of_all_tasks_are_named():
    text = (files.FOLDER / "LICENSES.md").read_text()
    for name in tasks.names():
        assert f"| `{name}` | {tasks.get(name).provenance} |" in text
