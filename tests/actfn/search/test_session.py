"""A session tells its child which images to measure a function on."""

import keras_tuner

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
