"""Searches that choose one function for each of two groups of sites."""

import csv
import functools
import math

import keras
import keras_tuner
import numpy as np
import pytest

import actfn
from actfn import search
from actfn.search.books.ledger import Ledger
from actfn.search.child import ModelChild
from actfn.search.executors import make
from actfn.search.groups import functions_of
from actfn.search.plan import Plan, Texts
from actfn.search.policies import POLICIES
from actfn.search.report.curves import curve
from actfn.search.session import Session
from actfn.spaces.groups import GroupedSpace, canonical_text, parse_functions
from tests.actfn.search import models

NAMES = ("early", "late")
ONE = actfn.SearchSpace(
    unary=["identity", "sin", "tanh", "max0"], binary=["add", "mul"]
)
SPACE = GroupedSpace(dict.fromkeys(NAMES, ONE))
GRID = np.linspace(-3, 3, 31)
BEST = {  # the functions that the made-up reward is highest for
    "early": np.sin(GRID) * np.tanh(GRID),
    "late": GRID + np.maximum(GRID, 0),
}
PLANTED = canonical_text(
    parse_functions("early: sin(x) * tanh(x); late: x + max(x, 0)")
)


@functools.cache
def values(text):
    return np.asarray(actfn.parse(text)(GRID))


def reward(text):
    functions = functions_of(text, NAMES)
    if functions == dict.fromkeys(NAMES, "relu"):
        functions = dict.fromkeys(NAMES, "max(x, 0)")
    away = [np.abs(values(functions[n]) - BEST[n]).mean() for n in NAMES]
    return -float(sum(away))


def train(ledger, count):
    for _ in range(count):
        if (task := ledger.ask()) is None:
            return
        ledger.finish(task.trial, reward(task.expression), "completed", 1.0)


@pytest.mark.parametrize(
    ("policy", "settings"),
    [
        ("evolution", {"population": 20, "tournament": 5}),
        ("surrogate", {"warmup": 15, "candidates": 32}),
    ],
)
def test_a_search_finds_a_planted_optimum(policy, settings):
    """An eighth of the functions are trained, the best among them."""
    ledger = Ledger(POLICIES[policy](SPACE, seed=0, **settings), seed=0)
    functions = {canonical_text(e) for e in ONE.enumerate()}
    trainings = len(functions) ** 2 // 8
    train(ledger, trainings)
    best = min(ledger.results, key=lambda result: result.rank)
    assert best.canonical == PLANTED
    assert best.reward == pytest.approx(0, abs=1e-6)


def test_exhaustive_search_walks_the_product():
    space = actfn.SearchSpace(unary=["identity", "sin"], binary=["add"])
    policy = search.ExhaustivePolicy(
        GroupedSpace({"early": space, "late": space})
    )
    ledger = Ledger(policy, seed=0)
    trained = []
    while task := ledger.ask():
        trained.append(task.expression)
        ledger.finish(task.trial, float(len(trained)), "completed", 1.0)
    each = ["x + x", "x + sin(x)", "sin(x) + sin(x)"]
    assert trained == [f"early: {a}; late: {b}" for a in each for b in each]
    best, highest = policy.ranking()[0]
    assert (str(best), highest) == (trained[-1], 9.0)


@pytest.mark.parametrize("policy", ["random", "ppo", "reinforce"])
def test_other_methods_go_on_from_their_state(policy):
    small = {} if policy == "random" else {"units": 4, "batch_size": 2}
    first, second = (POLICIES[policy](SPACE, seed=3, **small) for _ in "ab")
    for policy in (first, second):
        drawn = policy.propose(2)
        policy.update([(p.id, reward(str(p.expression))) for p in drawn])
        policy.tell(drawn[0].expression, 1.0)
        if policy is first:
            second.set_state(first.get_state())
            break
    texts = [[str(p.expression) for p in a.propose(2)] for a in (first, second)]
    assert texts[0] == texts[1]
    assert all(functions_of(text, NAMES) for text in texts[0])


class Told(search.RandomPolicy):
    """Proposes given functions."""

    TEXTS = (
        "early: x + sin(x); late: x * tanh(x)",
        "early: sin(x) + x; late: tanh(x) * x",
        "early: x * tanh(x); late: x + sin(x)",
    )

    def _draw(self, n):
        texts = self.TEXTS[self._next_id : self._next_id + n]
        return [(parse_functions(text), None) for text in texts]


def test_twins_are_cached():
    ledger = Ledger(Told(SPACE), seed=0)
    train(ledger, 3)
    assert [r.status for r in ledger.results] == [
        "completed",
        "cached",
        "completed",
    ]
    assert ledger.results[0].reward == ledger.results[1].reward


def test_a_trial_of_keras_tuner_has_the_function_of_each_group():
    oracle = search.PolicyOracle(Told(SPACE), "val_accuracy", 2, verbose=0)
    hp = oracle.create_trial("tuner").hyperparameters
    assert hp.get("activation") == Told.TEXTS[0]
    assert hp.get("activation_early") == "x + sin(x)"
    assert hp.get("activation_late") == "x * tanh(x)"


def session(folder, stop=math.inf):
    """A search on the made-up reward, killed when a child is `stop`."""
    calls = []

    def child(hp, split, report=None):
        calls.append(hp.get("activation"))
        if len(calls) > stop:
            raise KeyboardInterrupt
        return {"score": reward(calls[-1])}

    plan = Plan(
        objective=keras_tuner.Objective("score", "max"),
        baselines=("relu",),
        policy=search.EvolutionPolicy(SPACE, seed=2, warmup=4),
        trials=12,
        control=search.RandomPolicy(SPACE, seed=3),
        control_trials=3,
        finalists=2,
        repeats=2,
    )
    texts = Texts("title", "evolution", "setting", "command", "data", "score")
    executor = make(None, 1, None)
    made = Session(plan, child, folder, executor, texts, {}, verbose=False)
    return made, calls


def test_a_killed_search_goes_on_and_the_page_shows_the_text(tmp_path):
    whole, all_calls = session(tmp_path / "a")
    outcome = whole.run()
    broken, before = session(tmp_path / "b", stop=7)
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    again, after = session(tmp_path / "b")
    assert again.run().verdict == outcome.verdict
    assert before[:-1] + after == all_calls
    best = min(outcome.trials, key=lambda trial: trial.rank).expression
    assert best.startswith("early: ")
    assert f"{best}</" in outcome.report.read_text()
    with open(tmp_path / "b" / "results.csv", newline="") as file:
        rows = [row["expression"] for row in csv.DictReader(file)]
    assert rows == [trial.expression for trial in outcome.trials]


def test_the_report_draws_the_functions_together():
    both = curve("early: sin(x); late: max(x, 0)")
    assert both.value == curve("sin(x)").value + curve("max(x, 0)").value
    assert both.latex == (
        r"\text{early: } \sin\left(x\right),\quad \text{late: } "
        + curve("max(x, 0)").latex
    )
    assert eval(both.python, {"actfn": actfn}).keys() == {*NAMES}


def network():
    inputs = x = keras.Input((64,))
    for name in ("block_1", "block_2", "block_3"):
        x = keras.layers.Dense(8, activation="relu", name=name)(x)
    return models.compiled(
        keras.Model(inputs, keras.layers.Dense(models.CLASSES)(x))
    )


SETTINGS = {"baselines": ("relu",), "verbose": 0}
GROUPS = {"early": "block_1*", "late": "block_[2-9]*"}


def data():
    x, y = models.examples(64)
    return x.reshape(64, 64), y


def test_a_model_is_searched_by_patterns_of_its_sites(tmp_path):
    space = actfn.SearchSpace(unary=["identity", "sin"], binary=["mul"])
    found = search.find(
        network(),
        *data(),
        groups=GROUPS,
        space=space,
        policy="random",
        trials=2,
        finalists=1,
        repeats=1,
        directory=tmp_path,
        **SETTINGS,
    )
    assert {row["expression"] for row in found.leaderboard} >= {"relu"}
    assert len(found.leaderboard) == 2
    assert all(functions_of(t.expression, NAMES) for t in found.trials)
    assert "one for each group (early, late)" in found.report.read_text()
    model = found._make("early: sin(x); late: tanh")
    sites = [model.get_layer(f"block_{n}_activation") for n in (1, 2, 3)]
    assert [str(site.expression) for site in sites] == [
        "sin(x)",
        "tanh(x)",
        "tanh(x)",
    ]


def test_a_pattern_that_matches_nothing_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"\['blok_\*'\] match none of"):
        search.find(
            network(),
            *data(),
            groups={"early": "block_1*", "late": "blok_*"},
            directory=tmp_path / "a",
            **SETTINGS,
        )
    assert not (tmp_path / "a").exists()


def test_a_function_build_reads_the_name_of_each_group():
    seen = []

    def build(hp):
        seen.append([hp.get(f"activation_{name}") for name in NAMES])
        return models.compiled(keras.Sequential())

    hp = keras_tuner.HyperParameters()
    hp.Fixed("activation", "relu")
    child = ModelChild(build, None, {}, "val_loss", NAMES)
    child.make(hp)
    hp.values["activation"] = "early: sin(x); late: 0 * x"
    child.make(hp)
    assert seen == [["relu", "relu"], ["sin(x)", "0 * x"]]
    assert child._hopeless(hp).startswith("late: constant")


@pytest.mark.parametrize(
    ("build", "settings", "message"),
    [
        (models.mlp, {"groups": GROUPS}, "`groups` must map"),
        (models.mlp, {"groups": "early"}, "`groups` must map"),
        (models.mlp, {"groups": ("a", "a")}, "`groups` must map"),
        (None, {"groups": NAMES}, "`groups` must map"),
        (None, {"groups": {"early": "b*", "late": "b*"}}, "`groups` must map"),
        (models.mlp, {"groups": ("a",), "space": SPACE}, "those of the space"),
        (
            models.mlp,
            {"groups": NAMES, "policy": search.RandomPolicy(ONE)},
            "those of the space",
        ),
        (
            models.mlp,
            {"groups": NAMES, "baselines": ("early: relu; head: relu",)},
            "for each of the groups",
        ),
    ],
)
def test_groups_that_do_not_fit_are_refused(build, settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        search.find(
            build or network(),
            *data(),
            directory=tmp_path / "a",
            verbose=0,
            **settings,
        )
    assert not (tmp_path / "a").exists()
