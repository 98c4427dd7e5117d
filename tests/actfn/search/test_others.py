"""Hyperparameters beside the activation: drawn, given, or tuned first."""

import collections
import json
import math
import os

import keras
import keras_tuner
import numpy as np
import pytest

import actfn
from actfn import search
from actfn.search.books.tables import read_rows
from actfn.search.executors import make
from actfn.search.others import (
    Others,
    best_values,
    names_of,
    tuner_of,
    values_in,
    without_ours,
)
from actfn.search.plan import Plan, Texts
from actfn.search.session import Session

SPACE = actfn.SearchSpace(unary=["identity", "sin", "exp"], binary=["add"])


def hyperparameters():
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 4, 16)
    hp.Float("lr", 1e-4, 1e-1, sampling="log")
    hp.Fixed("depth", 2)
    return hp


def planted(hp):
    """Best for sin(x) + sin(x), 11 units and a learning rate of 0.003."""
    sines = hp.get("activation").count("sin")
    units, lr = hp.get("units"), math.log10(hp.get("lr"))
    return sines - ((units - 11) / 6) ** 2 - (lr + 2.5) ** 2


def oracle_of(others, **options):
    policy = search.RandomPolicy(SPACE, seed=3)
    return search.PolicyOracle(
        policy,
        keras_tuner.Objective("score", "max"),
        hyperparameters=hyperparameters(),
        others=others,
        cache=False,
        **options,
    )


def train(oracle, count):
    trials = []
    for _ in range(count):
        trial = oracle.create_trial("t")
        oracle.update_trial(
            trial.trial_id, {"score": planted(trial.hyperparameters)}
        )
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        trials.append(trial)
    return trials


def test_what_can_be_chosen():
    hp = hyperparameters()
    hp.Fixed("activation", "x")
    assert names_of(hp) == ["units", "lr"]
    assert values_in(hp) == {"units": 4, "lr": 1e-4}


def test_they_are_drawn_in_their_ranges_and_shown(capsys):
    oracle = oracle_of("draw")
    trials = train(oracle, 200)
    units = collections.Counter(t.hyperparameters.get("units") for t in trials)
    assert set(units) == set(range(4, 17))
    rates = [t.hyperparameters.get("lr") for t in trials]
    assert min(rates) >= 1e-4 and max(rates) <= 0.1
    below = sum(rate < 1e-4**0.5 * 0.1**0.5 for rate in rates)
    assert 70 < below < 130, "not evenly drawn on a logarithmic scale"
    assert oracle.results[0].values == values_in(trials[0].hyperparameters)
    again = train(oracle_of("draw"), 5)
    assert [t.hyperparameters.values for t in again] == [
        t.hyperparameters.values for t in trials[:5]
    ]
    best = oracle.get_best_trials(1)[0]
    assert abs(best.hyperparameters.get("units") - 11) <= 3
    assert abs(math.log10(best.hyperparameters.get("lr")) + 2.5) < 0.7
    assert best.hyperparameters.get("activation").count("sin") == 2
    best.summary()
    assert "units" in capsys.readouterr().out


def test_a_trial_that_goes_on_after_a_kill_has_its_draw(tmp_path):
    values = []
    for _ in range(2):
        oracle = oracle_of("draw")
        oracle._set_project_dir(tmp_path, "s")
        oracle.reload()
        values.append(oracle.create_trial("t").hyperparameters.values)
    assert values[0] == values[1]


def test_a_condition_comes_with_its_parent():
    hp = keras_tuner.HyperParameters()
    kind = hp.Choice("kind", ["a", "b"])
    for name in ("a", "b"):
        with hp.conditional_scope("kind", [name]):
            hp.Int(f"of_{name}", 1, 100)
    assert kind == "a"
    for seed in range(20):
        drawn = hp.copy()
        drawn.values = {}
        Others("draw").choose(drawn, seed)
        assert set(drawn.values) == {"kind", f"of_{drawn.values['kind']}"}


def test_given_values_and_defaults():
    trials = train(oracle_of({"units": 7}), 4)
    assert {t.hyperparameters.get("units") for t in trials} == {7}
    assert {t.hyperparameters.get("lr") for t in trials} == {1e-4}
    trials = train(oracle_of("default"), 4)
    assert {t.hyperparameters.get("units") for t in trials} == {4}


@pytest.mark.parametrize(
    ("others", "words"), [("tuned", "`others`.*'tuned'"), (3, "`others`.*3")]
)
def test_another_way_is_refused(others, words):
    with pytest.raises(ValueError, match=words):
        oracle_of(others)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"units, lr.*Received: 'unit'"):
        train(oracle_of({"unit": 7}), 1)


class Child:
    """Keeps what it was called with; the score has a noise of its seed."""

    def __init__(self):
        self.calls = []

    def __call__(self, hp, split, report=None):
        self.calls.append((split, dict(hp.values)))
        noise = hp.get("seed") % 1000 / 1e5
        return {"score": planted(hp) + noise}


def session_of(child, folder, others, trials=25):
    plan = Plan(
        objective=keras_tuner.Objective("score", "max"),
        baselines=("relu",),
        policy=search.RandomPolicy(SPACE, seed=0),
        trials=trials,
        finalists=1,
        repeats=5,
        others=others,
    )
    texts = Texts("t", "random", "Set.", "c", "p", "score")
    return Session(
        plan,
        child,
        folder,
        make("here", 1),
        texts,
        {"of": str(others)},
        hyperparameters(),
        verbose=False,
    )


class Deepening(Child):
    """Asks for another hyperparameter in its third trial; may be stopped."""

    def __init__(self, stop=None):
        super().__init__()
        self._stop = stop

    def __call__(self, hp, split, report=None):
        if len(self.calls) == self._stop:
            raise KeyboardInterrupt
        if len(self.calls) == 2:
            hp.Int("later", 1, 1000)
        return super().__call__(hp, split, report)


def test_what_a_trial_asked_for_is_known_after_a_stop(tmp_path):
    whole, first = Deepening(), Deepening(stop=4)
    session_of(whole, tmp_path / "whole", "draw", trials=8).run()
    with pytest.raises(KeyboardInterrupt):
        session_of(first, tmp_path / "s", "draw", trials=8).run()
    second = Child()
    session_of(second, tmp_path / "s", "draw", trials=8).run()
    calls = first.calls + second.calls
    assert calls == whole.calls
    found = [values.get("later") for _, values in calls]
    assert found[:2] == [None, None] and len({*found[2:6]}) == 4


@pytest.mark.parametrize("others", ["shared", "draw", {"units": 5}])
def test_compared_functions_share_the_other_values(tmp_path, others):
    child = Child()
    session = session_of(child, tmp_path / "s", others)
    outcome = session.run()
    compared = [values for split, values in child.calls if split == "test"]
    assert len({v["activation"] for v in compared}) == 2
    assert len({(v["units"], v["lr"]) for v in compared}) == 1
    for name, value in outcome.values.items():
        assert compared[0][name] == value
    page = outcome.report.read_text()
    assert f"units {outcome.values['units']}" in page
    rows = read_rows(tmp_path / "s" / "results.csv")
    drawn = {
        json.loads(r["values"])["units"]
        for r in rows
        if r["status"] != "cached"
    }
    assert len(drawn) > 1 if others == "draw" else drawn
    assert outcome.verdict.best.count("sin") >= 1


def test_a_space_that_is_exhausted_leaves_no_time(tmp_path):
    session = session_of(Child(), tmp_path / "s", "default", trials=30)
    session.run()
    counts = {p.name: (p.done, p.total) for p in session.content().phases}
    assert counts["search"] == (6, 6)
    assert counts["confirmation"] == (10, 10)


def test_a_tuning_of_which_nothing_completes_is_said(tmp_path):
    def child(hp, split, report=None):
        if hp.get("activation") == "relu":
            return {"score": math.nan}
        return {"score": planted(hp)}

    session = session_of(child, tmp_path / "s", "shared", trials=3)
    with pytest.warns(UserWarning, match="defaults of the model"):
        outcome = session.run()
    assert outcome.values == {}
    assert "functions have the defaults" in outcome.report.read_text()


def test_tuned_values_and_the_function_are_the_planted_ones(tmp_path):
    child = Child()
    outcome = session_of(child, tmp_path / "s", "shared").run()
    assert outcome.verdict.best.count("sin") == 2 and outcome.verdict.switch
    assert abs(outcome.values["units"] - 11) <= 2
    assert abs(math.log10(outcome.values["lr"]) + 2.5) < 0.5
    tuned = [v for s, v in child.calls[:15]]
    assert {v["activation"] for v in tuned} == {"relu"}
    searched = [v for s, v in child.calls[15:40]]
    assert len({(v["units"], v["lr"]) for v in searched}) == 1
    trained = len(child.calls)
    again = session_of(child, tmp_path / "s", "shared").run()
    assert len(child.calls) == trained
    assert again.values == outcome.values


# In a user's model ---------------------------------------------------------

X = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
Y = X.sum(axis=1)


def model_of(activation, optimizer):
    model = keras.Sequential(
        [keras.layers.Dense(2), activation, keras.layers.Dense(1)]
    )
    model.compile(optimizer, "mse", run_eagerly=True)
    return model


class Model:
    """Builds models with a rate, and knows what it was built with."""

    def __init__(self):
        self.told = []

    def __call__(self, hp):
        given = {name: hp.get(name) for name in ("activation", "seed")}
        rate = hp.Float("rate", 0.001, 0.1)
        self.told.append(given | {"rate": rate})
        return model_of(
            actfn.get(given["activation"]), keras.optimizers.SGD(rate)
        )


def in_this_order(hp):
    optimizer = hp.Choice("optimizer", ["adam", "sgd"])
    if optimizer == "sgd":  # Unknown to who has built the default alone.
        optimizer = keras.optimizers.SGD(hp.Float("rate", 0.01, 0.1))
    return model_of(actfn.get(hp.get("activation")), optimizer)


def compare(folder, build, **settings):
    settings = {"repeats": 2, "tuning_trials": 4, "seed": 3} | settings
    return search.compare(
        build, X, Y, **{"candidates": ["tanh"]} | settings,
        directory=folder, verbose=0,
    )  # fmt: skip


def test_the_incumbent_is_tuned_whatever_the_model_was_first_built_with(
    tmp_path,
):
    build = Model()
    compare(tmp_path / "a", build, candidates=["tanh", "-x + -x"])
    first, *rest = build.told
    tuning, confirmation = rest[:4], rest[4:]
    assert first["activation"] != "relu"  # so that the test may fail
    assert {told["activation"] for told in tuning} == {"relu"}
    assert len({told["seed"] for told in tuning}) == 1
    assert len({told["rate"] for told in tuning}) == 4
    again = Model()
    compare(tmp_path / "b", again, seed=4)
    assert again.told[1]["seed"] != tuning[0]["seed"]
    assert len({told["rate"] for told in confirmation}) == 1


@pytest.mark.parametrize("seed", [0, 1])
def test_what_only_some_models_ask_for_is_tuned_and_compared(tmp_path, seed):
    found = compare(tmp_path, in_this_order, tuning_trials=5, seed=seed)
    rows = read_rows(tmp_path / "retrained.csv")
    assert len(rows) == 4
    again = compare(tmp_path, in_this_order, tuning_trials=5, seed=seed)
    assert (
        again.values == found.values and again.leaderboard == found.leaderboard
    )


def test_what_only_some_models_ask_for_may_be_given(tmp_path):
    values = {"optimizer": "sgd", "rate": 0.05}
    found = compare(
        tmp_path / "a", in_this_order, hyperparameters=values,
        tuning_trials=None,
    )  # fmt: skip
    assert found.values == values
    with pytest.raises(
        ValueError, match=r"optimizer, rate\. Received: 'momentum"
    ):
        compare(
            tmp_path / "b", in_this_order,
            hyperparameters={"optimizer": "sgd", "momentum": 0.5},
        )  # fmt: skip


def test_a_fault_of_the_model_ends_the_tuning_and_is_tried_again(tmp_path):
    build = Model()

    def broken(hp):
        model = build(hp)
        if len(build.told) == 3:
            raise RuntimeError("a fault of mine")
        return model

    with pytest.raises(keras_tuner.errors.FatalError, match="a fault of mine"):
        compare(tmp_path, broken)
    assert len(build.told) == 3
    found = compare(tmp_path, Model())
    assert 0.001 <= found.values["rate"] <= 0.1
    rows = [json.loads(p.read_text()) for p in tmp_path.rglob("trial.json")]
    assert [row["status"] for row in rows].count("COMPLETED") == 4


def test_more_trials_do_not_mix_children_of_other_hyperparameters(tmp_path):
    def find(folder, trials):
        return search.find(
            Model(), X, Y, space=SPACE, policy="random", trials=trials,
            control=0, finalists=1, repeats=3, hyperparameters="draw",
            racing=False, seed=3, directory=folder, verbose=0,
        )  # fmt: skip

    few = find(tmp_path / "a", 1)
    more = find(tmp_path / "a", 6)
    whole = find(tmp_path / "b", 6)
    assert more.values == whole.values != few.values
    assert [r["gain"] for r in more.leaderboard] == [
        r["gain"] for r in whole.leaderboard
    ]


def test_a_users_hyperparameter_may_be_called_like_a_group():
    hp = keras_tuner.HyperParameters()
    hp.Fixed("activation", "relu")
    hp.Fixed("activation_late", "relu")
    hp.Float("activation_rate", 0.0, 1.0)
    assert names_of(hp) == ["activation_rate"]
    assert names_of(without_ours(hp)) == ["activation_rate"]
    assert set(without_ours(hp).values) == {"activation_rate"}


def tuning(folder):
    hp = keras_tuner.HyperParameters()
    hp.Fixed("activation", "relu")
    hp.Float("rate", 0.1, 1.0)
    objective = keras_tuner.Objective("val_loss", "min")
    return tuner_of(hp, objective, 3, 0, folder / "tuning")


def tune(oracle):
    trial = oracle.create_trial("one")
    loss = trial.hyperparameters.get("rate")
    oracle.update_trial(trial.trial_id, {"val_loss": loss})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    return trial.trial_id


class Killed(BaseException):
    pass


@pytest.mark.parametrize("write", range(1, 9))
def test_a_kill_at_any_write_of_the_tuning_loses_no_trial(
    write, tmp_path, monkeypatch
):
    """Whichever file is being replaced: it is the old one or the new one."""
    calls, replace = [], os.replace

    def killed(source, target):
        calls.append(target)
        if len(calls) == write:
            raise Killed
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        oracle = tuning(tmp_path)
        with pytest.raises(Killed):
            for _ in range(3):
                tune(oracle)
    done = len(tuning(tmp_path).end_order)
    oracle = tuning(tmp_path)
    for _ in range(3 - done):
        tune(oracle)
    assert oracle.create_trial("one").status == "STOPPED"
    assert sorted(oracle.end_order) == sorted(oracle.trials)
    assert len(oracle.trials) == 3
    assert best_values(oracle) == {
        "rate": min(t.score for t in oracle.trials.values())
    }


def test_a_damaged_tuning_is_named(tmp_path):
    tune(tuning(tmp_path))
    path = tmp_path / "tuning" / "oracle.json"
    for damaged in (path.read_text()[:-9], "{}"):
        path.write_text(damaged)
        with pytest.raises(ValueError, match="must hold the tuning as it was"):
            tuning(tmp_path)
