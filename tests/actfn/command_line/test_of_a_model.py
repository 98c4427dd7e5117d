"""`python -m actfn search` and `compare`, as a user calls them."""

import csv
import os
import pathlib
import subprocess
import sys

import pytest

import actfn.__main__ as command
from actfn.command_line import of_a_model

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


def unshaped(hp):
    return np.ones(3).reshape(2, 2)


def unread():
    return open("nosuch.csv")


def typo(hp):
    model = build(hp)
    model.layers[0].activation = keras.activations.get("my_act")
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


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The same without the seconds that a process of its own takes."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    yield lambda *words: command.main([str(word) for word in words])
    sys.modules.pop("mine", None)


def test_compare_takes_known_functions(here, capsys):
    here(
        "compare", "mine:build", "--data", "mine:data", "--candidates",
        "abs(x)", "--repeats", 3, "--epochs", 4,
    )  # fmt: skip
    out = capsys.readouterr().out
    assert "abs(x)" in out and "relu" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mine", "--data", "mine:data"], "package.module:name"),
        (["yours:build", "--data", "mine:data"], "a module that Python"),
        (["mine:built", "--data", "mine:data"], "name something in"),
        (["mine:build"], "required: --data"),
    ],
)
def test_bad_words_end_with_a_line_that_says_what_to_do(
    here, words, message, capsys
):
    with pytest.raises(SystemExit) as ended:
        here("compare", *words)
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_data_do_not_say_what_an_option_says(here, capsys, tmp_path):
    (tmp_path / "twice.py").write_text(
        "from mine import data\n"
        "def both():\n"
        "    return dict(zip('xy', data())) | {'epochs': 3}\n"
    )
    with pytest.raises(SystemExit) as ended:
        here("search", "mine:build", "--data", "twice:both")
    err = capsys.readouterr().err
    assert ended.value.code == 2 and "--epochs" in err
    assert len(err.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_made_is_named(here, capsys):
    words = ["mine:build", "--data", "mine:data", "--directory", "mine.py/a"]
    with pytest.raises(SystemExit) as ended:
        here("compare", *words)
    err = capsys.readouterr().err
    assert ended.value.code == 2 and "mine.py/a" in err
    assert len(err.strip().splitlines()) == 1


def test_a_prior_goes_with_the_surrogate_alone(here, capsys):
    words = ["mine:build", "--data", "mine:data", "--prior"]
    with pytest.raises(SystemExit) as ended:
        here("search", *words, "--policy", "evolution")
    err = capsys.readouterr().err
    assert ended.value.code == 2 and "Received: 'evolution'" in err
    assert len(err.strip().splitlines()) == 1


def test_what_the_model_raises_is_shown_as_it_is(here):
    with pytest.raises(ZeroDivisionError):
        here("compare", "mine:broken", "--data", "mine:data")


@pytest.mark.parametrize(
    ("words", "name", "said"),
    [
        (["mine:unshaped", "--data", "mine:data"], "unshaped", ""),
        (["mine:build", "--data", "mine:unread"], "unread", "nosuch.csv"),
        (["mine:typo", "--data", "mine:data"], "typo", "my_act"),
    ],
)
def test_errors_of_the_users_code_have_their_place(
    here, words, name, said, capsys
):
    with pytest.raises(SystemExit) as ended:
        here("compare", *words)
    err = capsys.readouterr().err
    assert ended.value.code == 1
    assert f", in {name}\n" in err and "Traceback" in err and said in err


def test_an_objective_needs_a_direction(here, capsys):
    words = ["mine:build", "--data", "mine:data", "--objective"]
    with pytest.raises(SystemExit) as ended:
        here("compare", *words, "val_r2")
    assert ended.value.code == 2 and '"val_r2:max"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ((1, 2), {"x": 1, "y": 2}),
        ((1, 2, 3), {"x": 1, "y": 2, "sample_weight": 3}),
        (((1, 2), (3, 4)), {"x": 1, "y": 2, "validation_data": (3, 4)}),
        (
            ((1, 2, 3), (4, 5)),
            {"x": 1, "y": 2, "sample_weight": 3, "validation_data": (4, 5)},
        ),
        (((1, 2), 3), {"x": (1, 2), "y": 3}),  # Two inputs.
        ({"x": 1}, {"x": 1}),
        (1, {"x": 1}),
    ],
)
def test_what_data_may_give(given, names):
    assert of_a_model._data(lambda: given) == names


@pytest.mark.parametrize(
    "given", [(1, 2, 3, 4), ((1, 2, 3, 4), (1, 2)), [1, 2]]
)
def test_what_data_may_not_give(given):
    with pytest.raises(ValueError, match="--data must give"):
        of_a_model._data(given)
