"""What `actfn.bench.load` says where there is no table, or half of one."""

import json
import shutil
import sys

import pytest

import actfn
from actfn import bench


def test_an_empty_folder_says_how_the_table_is_made(tmp_path):
    with pytest.raises(bench.TableError, match=r"tabulate gather DIR"):
        bench.load(tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    for name in ("functions.parquet", "runs.parquet", "summary.csv"):
        (tmp_path / name).write_text("no table")
    (tmp_path / "tasks.json").write_text("{}")
    with pytest.raises(bench.TableError, match=r"functions\.parquet must be"):
        bench.load(tmp_path)
    for damaged in ("{", "[]", "null", "7", '{"implicit": {}}', '{"a": []}'):
        (tmp_path / "tasks.json").write_text(damaged)
        with pytest.raises(bench.TableError, match=r"tasks\.json must be") as e:
            bench.load(tmp_path)
        assert "\n" not in str(e.value)


def test_files_of_two_tables_are_not_one(tmp_path):
    shutil.copytree(bench.table.FOLDER, tmp_path / "table")
    path = tmp_path / "table" / "tasks.json"
    found = json.loads(path.read_text())
    found["implicit"]["runs"] += 1
    path.write_text(json.dumps(found))
    with pytest.raises(bench.TableError, match=r"runs\.parquet must have"):
        bench.load(tmp_path / "table")


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        bench.load(tmp_path)


def test_actfn_has_it_at_its_first_use():
    assert actfn.bench is bench and "bench" in dir(actfn)


@pytest.mark.parametrize("name", ["prelu", "swish_1", "leaky_relu", "sine"])
def test_a_name_is_found_in_all_its_spellings(name):
    """And not what a text of that formula would be, with other first values."""
    table = bench.load()
    row = table.query(name).function
    assert name in row["names"]
    spellings = {name.upper(), name.title(), name.replace("_", "-")}
    assert all(table.query(each).function == row for each in spellings)


def test_it_is_said_where_parameters_do_not_start_as_in_a_text():
    text = "erf(exp(x * scalar(beta)) * scalar(beta1)) * x"
    found = bench.load().query(text)
    assert found.function["names"] == ["erfact"]
    assert "start at 0.75, 0.75; those of a text start at 1" in str(found)
    assert "start at" not in bench.load().query("erfact").note
