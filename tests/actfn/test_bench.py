"""What `actfn.bench.load` says where there is no table, or half of one."""

import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

import actfn
from actfn import bench
from actfn.bench import table as files


@pytest.fixture
def folder(tmp_path):
    """A copy of the package's table."""
    for name in (*files.FILES, files.INDEX):
        shutil.copy(files.FOLDER / name, tmp_path / name)
    return tmp_path


def test_an_empty_folder_says_how_the_table_is_made(tmp_path):
    with pytest.raises(bench.TableError, match=r"tabulate gather DIR"):
        bench.load(tmp_path)


def cut(data):
    """A file that ends with a whole line, but too early."""
    return data[: data.rindex(b"\n", 0, len(data) // 2) + 1]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("functions.parquet", lambda data: data[:100_000]),
        ("functions.parquet", lambda data: b""),
        ("runs.parquet", lambda data: data[:-1] + b"?"),
        ("summary.csv", cut),
        ("summary.csv", lambda data: data.replace(b",8,", b",many,", 1)),
        ("tasks.json", lambda data: data.replace(b"missing", b"lacking")),
        ("tasks.json", lambda data: b"[]"),
    ],
)
def test_a_damaged_file_is_named(name, damage, folder):
    path = folder / name
    before = path.read_bytes()
    path.write_bytes(damage(before))
    assert path.read_bytes() != before
    with pytest.raises(bench.TableError, match="gather DIR") as raised:
        bench.load(folder)
    said = str(raised.value)
    assert said.startswith(f"{path} must be") and "\n" not in said
    path.write_bytes(before)
    assert bench.load(folder).task_names == bench.load().task_names


@pytest.mark.parametrize("name", [*files.FILES, files.INDEX])
def test_a_missing_file_is_named(name, folder):
    (folder / name).unlink()
    with pytest.raises(bench.TableError, match=f"without {name}$"):
        bench.load(folder)
    (folder / name).mkdir()
    with pytest.raises(bench.TableError, match=f"without {name}$"):
        bench.load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"distribution": [7]}'])
def test_a_damaged_index_is_named(text, folder):
    (folder / files.INDEX).write_text(text)
    with pytest.raises(bench.TableError, match=r"croissant\.json must"):
        bench.load(folder)


def test_files_of_two_tables_are_not_one(folder):
    """As a kill of `gather` leaves them, which writes the digests at last."""
    pq = pytest.importorskip("pyarrow.parquet")
    path = folder / "functions.parquet"
    pq.write_table(pq.read_table(path).slice(0, 10), path)
    with pytest.raises(bench.TableError, match=r"functions\.parquet must be"):
        bench.load(folder)


def test_the_package_has_the_files_that_its_index_describes():
    index = json.loads((files.FOLDER / files.INDEX).read_text())
    told = {each["name"]: each for each in index["distribution"]}
    assert {*told} == {*files.FILES}
    for name, each in told.items():
        data = (files.FOLDER / name).read_bytes()
        assert each["sha256"] == hashlib.sha256(data).hexdigest()
        assert each["contentSize"] == f"{len(data)} B"


def test_the_files_are_of_40_megabytes_at_most():
    names = (*files.FILES, files.INDEX)
    size = sum((files.FOLDER / name).stat().st_size for name in names)
    assert 1e6 < size <= 40e6


MEMORY = """
import pathlib
import actfn
actfn.get("relu")

def kilobytes(name):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(l.split()[1]) for l in lines if l.startswith(name))

before = kilobytes("VmRSS")
pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
table = actfn.bench.load()
print(kilobytes("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_loading_takes_less_than_300_megabytes():
    """Beyond what an imported actfn takes; the peak while it loads."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 3e3 < int(done.stdout) < 300e3


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


@pytest.fixture(scope="module")
def table():
    return bench.load()


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("0.5 * x * (1 + erf(x / sqrt(2)))", "gelu"),
        ("max(x, 0) + min(0, exp(x) - 1)", "elu"),
        ("1 / cosh(x)", "sech"),  # and not beta / cosh(x)
        ("x * sech(x)", "x / cosh(x)"),
    ],
)
def test_the_same_but_for_rounding_is_found(text, function, table):
    found = table.query(text)
    assert found.function["function"] == function
    assert {*found.scores} == {*table.task_names}
    assert "same but for rounding or epsilon" in str(found)
    # The largest difference is said.
    with np.errstate(all="ignore"):
        gaps = np.subtract(
            actfn.parse(text)(bench.QUANTILES),
            actfn.parse(found.function["form"])(bench.QUANTILES),
        )
    assert np.abs(gaps).max() < 1e-5
    assert f"differ by {np.abs(gaps).max():.1g} at most" in found.note


@pytest.mark.parametrize(
    "text",
    [
        "1.0001 * x * sigmoid(x)",
        "min(max(x, 0), 5)",  # ReLU, as far as the quantiles reach
        "max(x, 0.25 * x)",  # PReLU at its start, which is trained
        "1 / cosh(beta * x)",  # sech at its start
        "1e-7 * x",  # not zero
        "log(x - 0.5) + log(x - 0.5)",  # nowhere finite below
        "atan(x) * 1e-3",
    ],
)
def test_what_only_looks_the_same_is_not_found(text, table):
    found = table.query(text)
    assert found.function is None and not found.scores
    assert found.nearest and "does not have it" in found.note
