"""A session tells its child which images to measure a function on."""

import keras_tuner
import pytest

import actfn
from actfn import search
from actfn.search.executors import make
from actfn.search.plan import Plan, Texts
from actfn.search.session import Session


def test_the_search_sees_validation_and_the_confirmation_test_data(tmp_path):
    calls = []

    def child(hp, split, report=None):
        calls.append((hp.get("activation"), split))
        return {"accuracy": len(hp.get("activation")) / 100}

    space = actfn.SearchSpace(1)
    plan = Plan(
        objective=keras_tuner.Objective("accuracy", "max"),
        baselines=("relu", "swish"),
        policy=search.RandomPolicy(space, seed=0),
        trials=4,
        control=search.RandomPolicy(space, seed=1),
        control_trials=3,
        finalists=2,
        repeats=2,
        race=False,
    )
    session = Session(
        plan,
        child,
        tmp_path / "search",
        make(None, 1, None),
        Texts("title", "random", "setting", "command", "data", "accuracy"),
        {},
        verbose=False,
    )
    outcome = session.run()
    assert [split for _, split in calls] == ["validation"] * 7 + ["test"] * 8
    confirmed = {row["expression"] for row in outcome.rows}
    assert {text for text, split in calls if split == "test"} == confirmed
    assert len(confirmed) == 4


class LastFirst:
    """Trains all that it is given, and tells the last of them first."""

    workers = 1

    def drive(self, child, next_job, on_end):
        while jobs := [*iter(next_job, None)]:
            for key, hp in reversed(jobs):
                on_end(key, child(hp, None))


def test_runs_may_end_in_any_order(tmp_path):
    scores = {"relu": 1.0, "swish": 3.0, "gelu": 2.0}

    def child(hp, split, report=None):
        return {"accuracy": scores[hp.get("activation")] + hp.get("seed") % 7}

    plan = Plan(
        objective=keras_tuner.Objective("accuracy", "max"),
        baselines=("relu", "swish"),
        candidates=("gelu",),
        repeats=6,
        race=False,
    )
    session = Session(
        plan,
        child,
        tmp_path / "search",
        LastFirst(),
        Texts("title", "random", "setting", "command", "data", "accuracy"),
        {},
        verbose=False,
    )
    outcome = session.run()
    rows = {row["expression"]: row for row in outcome.rows}
    gains = [float(rows[name]["gain"]) for name in ("swish", "gelu")]
    assert gains == pytest.approx([2, 1])
    assert outcome.verdict.switch and outcome.verdict.best == "swish"
