"""What `actfn.bench.load` says where there is no table, or half of one."""

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
    (tmp_path / "tasks.json").write_text("{")
    with pytest.raises(bench.TableError, match=r"tasks\.json must be"):
        bench.load(tmp_path)


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'pip install "actfn\[bench\]"'):
        bench.load(tmp_path)


def test_actfn_has_it_at_its_first_use():
    assert actfn.bench is bench and "bench" in dir(actfn)
