"""CSV files that stay whole."""

import csv
import subprocess
import sys

import pytest

from actfn.search.books.tables import CsvLog, read_rows


def test_rows_survive_commas_quotes_and_lines(tmp_path):
    log = CsvLog(tmp_path / "a.csv", ("text", "number"))
    rows = [("max(x, 0)", 1), ('say "x"', 2), ("two\nlines", 3)]
    for text, number in rows:
        log.append({"number": number, "text": text})
    found = read_rows(tmp_path / "a.csv")
    assert [(r["text"], int(r["number"])) for r in found] == rows


def test_an_existing_file_is_continued_not_replaced(tmp_path):
    CsvLog(tmp_path / "a.csv", ("a", "b")).append({"a": 1, "b": 2})
    CsvLog(tmp_path / "a.csv", ("a", "b")).append({"a": 3, "b": 4})
    assert (tmp_path / "a.csv").read_text() == "a,b\n1,2\n3,4\n"
    with pytest.raises(ValueError, match=r"must have the columns a,c.*a,b"):
        CsvLog(tmp_path / "a.csv", ("a", "c"))


def test_half_a_row_of_a_crash_is_cut_off(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3")
    CsvLog(path, ("a", "b")).append({"a": 4, "b": 5})
    assert path.read_text() == "a,b\n1,2\n4,5\n"


def test_rewrite(tmp_path):
    log = CsvLog(tmp_path / "a.csv", ("a", "b"))
    log.append({"a": 1, "b": 2})
    log.rewrite([{"b": 5, "a": 0.123456789}])
    assert (tmp_path / "a.csv").read_text() == "a,b\n0.123457,5\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_wrong_columns_change_nothing(tmp_path):
    log = CsvLog(tmp_path / "a.csv", ("a", "b"))
    with pytest.raises(ValueError, match="columns"):
        log.append({"a": 1})
    assert (tmp_path / "a.csv").read_text() == "a,b\n"


def test_a_full_disk_leaves_whole_lines(tmp_path):
    # A limit on the file's size stands for the full disk: the kernel writes
    # what fits of a row and then fails.
    code = """
import resource, signal, sys
from actfn.search.books.tables import CsvLog
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = CsvLog(sys.argv[1], ("text", "number"))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for number in range(50):
    try:
        log.append({"text": "a long enough text", "number": number})
    except OSError as error:
        print(number, error.filename == sys.argv[1], error.errno > 0)
        break
size = log.path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, 100))
try:  # not a byte fits
    log.append({"text": "", "number": 0})
except OSError as error:
    print(error.filename)
"""
    path = tmp_path / "a.csv"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, *named = done.stdout.split()
    assert named == ["True", "True", str(path)]
    rows = int(rows)
    assert 1 <= rows < 10
    text = path.read_text()
    assert text.endswith("\n")
    assert len(list(csv.reader(text.splitlines()))) == rows + 1
