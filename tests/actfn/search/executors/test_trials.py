"""Oracles of Keras Tuner whose trials are run by executors."""

import json
import os

import keras
import keras_tuner
import numpy as np
import pytest

import actfn
from actfn import search
from actfn.search import executors
from actfn.search.executors.trials import run_trials

SPACE = actfn.SearchSpace(core_units=1)


@pytest.fixture(scope="module", params=["here", "processes"])
def executor(request):
    workers = 1 if request.param == "here" else 2
    return executors.make(request.param, workers)


def oracle_in(folder, trials=8, **options):
    policy = search.RandomPolicy(SPACE, seed=0)
    oracle = search.PolicyOracle(
        policy, "accuracy", max_trials=trials, verbose=0, **options
    )
    oracle._set_project_dir(folder, "project")
    oracle.reload()
    return oracle


def journal(folder):
    text = (folder / "project" / "journal.jsonl").read_text()
    events = map(json.loads, text.splitlines())
    return [event for event in events if event["event"] == "finish"]


def test_half_of_the_children_diverge(executor, tmp_path):
    def run_trial(trial, report):
        bad = int(trial.trial_id) % 2
        return {"accuracy": float("nan") if bad else 0.5}

    oracle = oracle_in(tmp_path)
    run_trials(oracle, run_trial, executor)
    found = {event["trial"]: event["status"] for event in journal(tmp_path)}
    assert len(journal(tmp_path)) == len(found) == 8
    assert all(
        status == ("diverged" if int(trial) % 2 else "completed")
        for trial, status in found.items()
    )


def test_rungs_are_asked_in_the_driver(executor, tmp_path):
    def run_trial(trial, report):
        value = 1 - int(trial.trial_id) / 10
        goes_on = report(1, {"rung": value})
        trial.hyperparameters.values["note"] = f"{goes_on}"
        return {"accuracy": value, "rejected": float(not goes_on)}

    halving = search.SuccessiveHalving(reduction=2, grace=2)
    oracle = oracle_in(tmp_path, 6, halving=halving)
    run_trials(oracle, run_trial, executor)
    notes = {result.trial: result.message for result in oracle.results}
    assert len(notes) == 6 and notes["00000"] == "True"
    assert notes["00005"] == "False"


def test_a_bug_ends_the_search_at_once_with_its_traceback(executor, tmp_path):
    def run_trial(trial, report):
        return undefined_name  # noqa: F821

    oracle = oracle_in(tmp_path)
    with pytest.raises(
        keras_tuner.errors.FatalError, match="'undefined_name' is not defined"
    ) as raised:
        run_trials(oracle, run_trial, executor)
    assert "in run_trial" in str(raised.value)
    assert journal(tmp_path) == []


def test_who_says_that_a_trial_failed_goes_on(executor, tmp_path):
    def run_trial(trial, report):
        if trial.trial_id == "00001":
            raise keras_tuner.errors.FailedTrialError("too large")
        return 0.5

    oracle = oracle_in(tmp_path, 3)
    run_trials(oracle, run_trial, executor)
    failed = [r for r in oracle.results if r.status == "failed"]
    assert [r.trial for r in failed] == ["00001"]
    assert "too large" in failed[0].message
    assert len(oracle.results) == 3


def build(hp):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(hp.Int("units", 2, 8)), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile("sgd", "mse")
    return model


class Noted(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_train_end(self, logs=None):
        (self.folder / str(os.getpid())).touch()


@pytest.mark.parametrize("name", ["RandomSearch", "Hyperband"])
def test_a_stock_tuner_does_what_its_search_does(name, executor, tmp_path):
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    data = (x, x.sum(1, keepdims=True))
    options = {
        "RandomSearch": {"max_trials": 3},
        "Hyperband": {"max_epochs": 3},
    }

    def tuner(project):
        return getattr(keras_tuner, name)(
            build, objective="val_loss", seed=1, directory=tmp_path,
            project_name=project, **options[name],
        )  # fmt: skip

    pids = tmp_path / "pids"
    pids.mkdir()
    words = {"validation_data": data, "verbose": 0, "epochs": 2}
    words["callbacks"] = [Noted(pids)]
    ours, stock = tuner("ours"), tuner("stock")
    search.run(ours, *data, executor=executor, **words)
    if executor.workers > 1:
        assert str(os.getpid()) not in {path.name for path in pids.iterdir()}
    stock.search(*data, **words)
    scores = [
        {n: (t.status, t.hyperparameters.values, t.score)
         for n, t in each.oracle.trials.items()}
        for each in (ours, stock)
    ]  # fmt: skip
    if executor.workers == 1:
        assert scores[0] == scores[1]
    assert len(scores[0]) == len(scores[1])
    best = ours.oracle.get_best_trials()[0]
    (model,) = ours.get_best_models()
    loss = model.evaluate(*data, verbose=0)
    assert loss == pytest.approx(best.score, rel=1e-5)
