"""Who is handed to the confirmation."""

import csv
import itertools

import keras_tuner
import numpy as np
import pytest

import actfn
from actfn import search
from actfn.search.books.results import Result
from actfn.search.executors import make
from actfn.search.finalists import finalists
from actfn.search.plan import Plan, Texts
from actfn.search.session import Session


def results_of(rows):
    return [
        Result(
            trial=f"{order}",
            expression=text,
            canonical=str(actfn.canonicalize(actfn.parse(text))),
            reward=reward,
            status=status,
            seconds=0.0,
            seed=0,
            order=order,
            run=run,
        )
        for order, (text, reward, status, run) in enumerate(rows)
    ]


def test_of_functions_that_a_beta_makes_the_same_the_best_is_one():
    rows = [
        ("beta * x + (1 - beta) * sin(x)", 0.7, "completed", 0),
        ("sin(beta * x)", 0.9, "completed", 0),
        ("sin(x)", 0.8, "completed", 0),
        ("tanh(x)", 0.6, "completed", 0),
        ("cos(x)", 0.95, "diverged", 0),
        ("max(x, 0)", 0.5, "completed", 0),
    ]
    found = finalists(results_of(rows), 3)
    assert found == {
        "sin(beta * x)": 0.9,
        "beta * x + (1 - beta) * sin(x)": 0.7,
        "tanh(x)": 0.6,
    }
    assert [*finalists(results_of(rows[2:]), 9)] == [
        "sin(x)",
        "tanh(x)",
        "max(x, 0)",
    ]


def test_what_is_confirmed_anyway_is_no_finalist():
    rows = [
        ("max(x, 0)", 0.9, "completed", 0),
        ("x * sigmoid(x)", 0.8, "completed", 0),
        ("max(0.25 * x, x)", 0.7, "completed", 0),
        ("max(beta * x, x)", 0.65, "completed", 0),
        ("x * sigmoid(beta * x)", 0.6, "completed", 0),
    ]
    known = ["relu", "swish_1", "prelu"]
    # PReLU begins at 0.25, and Swish's beta may do better than Swish-1.
    found = finalists(results_of(rows), 2, known=known)
    assert [*found] == ["max(0.25 * x, x)", "x * sigmoid(beta * x)"]
    assert [*finalists(results_of(rows), 1)] == ["max(x, 0)"]


def test_who_begins_as_another_is_no_finalist():
    rows = [
        ("mix(sin(x), cosh(x), beta)", 0.9, "completed", 0),
        ("mix(sin(x), exp(x), beta)", 0.8, "completed", 0),
        ("beta * sin(-x) + 0.001", 0.75, "completed", 0),
        ("min(x, 0) * -x", 0.7, "completed", 0),
        ("min(x, 0)", 0.6, "completed", 0),
        ("beta * max(x, 0)", 0.5, "completed", 0),
        ("tanh(x)", 0.4, "completed", 0),
        ("tanh(1.01 * x)", 0.35, "completed", 0),
        ("erf(x)", 0.3, "completed", 0),
    ]
    found = finalists(results_of(rows), 9, known=["relu", "relu_squared"])
    assert [*found] == [
        "mix(sin(x), cosh(x), beta)",
        "beta * max(x, 0)",
        "tanh(x)",
        "erf(x)",
    ]


def test_in_a_race_the_mean_counts():
    rows = [
        *(("sin(x)", 0.8 + 0.01 * run, "completed", run) for run in range(4)),
        *(("tanh(x)", 0.7 + 0.01 * run, "completed", run) for run in range(4)),
        ("cos(x)", 0.75, "completed", 0),
        ("max(x, 0)", 0.9, "completed", 0),
        ("max(x, 0)", 0.1, "diverged", 1),
    ]
    found = finalists(results_of(rows), 3, racing=True)
    assert [*found] == ["sin(x)", "cos(x)", "tanh(x)"]
    assert found["sin(x)"] == pytest.approx(0.815)
    assert [*finalists(results_of(rows), 1)] == ["max(x, 0)"]


def child(hp, split, report=None):
    """A score that the function and the seed make."""
    text, seed = hp.get("activation"), hp.get("seed")
    noise = np.random.default_rng((seed, len(text))).normal()
    return {"accuracy": len(text) / 10 + noise}


def session_of(folder, trials, workers=1):
    space = actfn.SearchSpace(1)
    plan = Plan(
        objective=keras_tuner.Objective("accuracy", "max"),
        baselines=("relu",),
        policy=search.RandomPolicy(space, seed=0),
        trials=trials,
        control=search.RandomPolicy(space, seed=1),
        control_trials=3,
        finalists=2,
        repeats=2,
        racing=True,
    )
    texts = Texts("title", "random", "setting", "command", "data", "accuracy")
    executor = make(None, workers, None)
    return Session(plan, child, folder, executor, texts, {}, verbose=False)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_session_races_and_goes_on(tmp_path, workers):
    session_of(tmp_path, 20, workers).run()
    outcome = session_of(tmp_path, 40, workers).run()
    with open(tmp_path / "results.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["status"] != "cached"]
    assert len(rows) == 40
    assert 3 < sum(row["run"] > "0" for row in rows) <= 8
    for run, each in itertools.groupby(
        sorted(rows, key=lambda row: row["run"]), key=lambda row: row["run"]
    ):
        assert len({row["seed"] for row in each}) == 1, run
    with open(tmp_path / "random.csv", newline="") as file:
        assert "run" not in next(csv.reader(file))
    confirmed = [r for r in outcome.rows if r["role"] == "finalist"]
    assert {r["expression"] for r in confirmed} == {
        *finalists(outcome.trials, 2, racing=True)
    }
    if workers == 1:  # the order of ending is that of beginning
        whole = session_of(tmp_path / "whole", 40).run()
        assert _told(whole) == _told(outcome)


def _told(outcome):
    return [(r.trial, r.reward, r.seed, r.status) for r in outcome.trials]
