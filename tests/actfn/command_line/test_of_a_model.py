"""`python -m actfn search` and `compare`, as a user calls them."""

import csv
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
MINE = """
import keras
import numpy as np
import actfn


def build(hp):
    activation = actfn.get(hp.get("activation"))
    model = keras.Sequential([keras.layers.Dense(4), activation])
    model.compile("adam", "mse", run_eagerly=True)
    return model


def data():
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    return x, np.abs(x)


def broken(hp):
    return 1 / 0
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "actfn", *map(str, words)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def test_search_says_whether_to_switch_and_goes_on(program, tmp_path):
    words = ["search", "mine:build", "--data", "mine:data", "--trials", 2]
    words += ["--core-units", 1, "--repeats", 2, "--finalists", 1]
    words += ["--control", 1, "--directory", "found", "--policy", "random"]
    ended = program(*words)
    assert ended.returncode == 0, ended.stderr
    assert "keep relu" in ended.stdout or "switch to" in ended.stdout
    assert "found/report.html" in ended.stdout
    with (tmp_path / "found" / "confirmed.csv").open(newline="") as file:
        names = {row["expression"] for row in csv.DictReader(file)}
    assert {"relu", "gelu", "swish_1"} <= names
    again = program(*words)
    assert again.stdout == ended.stdout
    other = program(*words, "--seed", 4)
    assert other.returncode == 2 and "another search" in other.stderr


def test_compare_takes_known_functions(program):
    ended = program(
        "compare", "mine:build", "--data", "mine:data", "--candidates",
        "abs(x)", "--repeats", 3, "--epochs", 4,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "abs(x)" in ended.stdout and "relu" in ended.stdout


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["mine", "--data", "mine:data"], 2, "package.module:name"),
        (["yours:build", "--data", "mine:data"], 2, "a module that Python"),
        (["mine:built", "--data", "mine:data"], 2, "name something in"),
        (["mine:build"], 2, "required: --data"),
        (["mine:broken", "--data", "mine:data"], 1, "ZeroDivisionError"),
    ],
)
def test_bad_words_end_with_a_line_that_says_what_to_do(
    program, words, status, message
):
    ended = program("compare", *words)
    assert ended.returncode == status
    assert message in ended.stderr
    if status == 2:
        assert len(ended.stderr.strip().splitlines()) == 1
