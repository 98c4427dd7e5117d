"""Oracles of Keras Tuner whose trials are run by executors."""

import contextlib
import os
import pathlib
import signal
import threading
import time

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner import errors

from actfn import search
from actfn.search import executors
from actfn.search.executors.trials import run_trials
from tests.actfn.search.executors.conftest import NODE, oracle_of, statuses

DONE = ["completed"] * 6


def test_ends_are_told_and_rungs_are_asked(executor):
    losses = np.array([0.5, np.nan])  # of a closure

    def run_trial(trial, report):
        number = int(trial.trial_id)
        if number == 0:
            raise errors.FailedTrialError("too large")
        goes_on = report(1, {"rung": 1 - number / 10})
        trial.hyperparameters.values["note"] = f"{goes_on}"
        return {"accuracy": losses[number % 2]}

    halving = search.SuccessiveHalving(reduction=2, grace=2)
    oracle = oracle_of(halving=halving)
    run_trials(oracle, run_trial, executor)
    ends = ["failed", *["diverged", "completed"] * 2, "diverged"]
    assert statuses(oracle) == ends
    notes = {int(end.trial): end.message for end in oracle.results}
    assert "too large" in notes[0]
    assert notes[1] == "True" and notes[5] == "False"


@pytest.mark.parametrize("kind", [NameError, errors.FatalValueError])
def test_a_bug_ends_the_search_at_once(kind, executor):
    def run_trial(trial, report):
        raise kind("undefined")

    told = r"(?s)Traceback.*in run_trial.*Error: undefined"
    with pytest.raises(errors.FatalRuntimeError, match=told):
        run_trials(oracle := oracle_of(), run_trial, executor)
    assert statuses(oracle) == []


@pytest.mark.parametrize("executor", ["processes", "ray"], indirect=True)
def test_a_killed_worker_loses_and_repeats_nothing(executor, tmp_path):
    def run_trial(trial, report):
        assert report(1, {"rung": 0.5})
        if trial.trial_id == "00002" and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"accuracy": 0.5}

    oracle = oracle_of(halving=search.SuccessiveHalving())
    run_trials(oracle, run_trial, executor)
    assert (tmp_path / "killed").exists() and statuses(oracle) == DONE
    for trial in oracle.trials.values():  # nor is what was told before
        assert trial.metrics.get_history("rung")[0].value == [0.5]


@pytest.mark.parametrize("executor", ["ray"], indirect=True)
def test_a_lost_mailbox_is_started_anew(executor, tmp_path):
    def run_trial(trial, report):
        number = int(trial.trial_id)
        report(1, {"rung": number})
        if number == 1:
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if b"Mailbox" in path.read_bytes():
                        os.kill(int(path.parent.name), signal.SIGKILL)
                        (tmp_path / "killed").touch()
        report(2, {"rung": 10 + number})
        return {"accuracy": 0.5}

    oracle = oracle_of(halving=search.SuccessiveHalving(grace=9))
    run_trials(oracle, run_trial, executor)
    assert (tmp_path / "killed").exists() and statuses(oracle) == DONE
    for number, trial in oracle.trials.items():
        told = trial.metrics.get_history("rung")
        expected = [int(number), 10 + int(number)]
        assert [float(np.mean(one.value)) for one in told] == expected


def build(hp):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(hp.Int("units", 2, 8)), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile("sgd", "mse", run_eagerly=True)
    return model


@pytest.mark.parametrize("name", ["RandomSearch", "Hyperband"])
def test_a_stock_tuner_does_what_its_search_does(name, executor, tmp_path):
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    data = (x, x.sum(1, keepdims=True))
    words = {"validation_data": data, "verbose": 0, "epochs": 2}
    budget = {"max_trials" if name == "RandomSearch" else "max_epochs": 3}
    ours, stock = (
        getattr(keras_tuner, name)(
            build, "val_loss", seed=1, directory=tmp_path / project, **budget
        )
        for project in ("ours", "stock")
    )
    search.run(ours, *data, executor=executor, **words)
    stock.search(*data, **words)
    found, expected = (
        {n: (t.status, t.hyperparameters.values, t.score) for n, t in trials}
        for trials in (ours.oracle.trials.items(), stock.oracle.trials.items())
    )
    assert len(found) == len(expected)
    assert found == expected or executor.workers > 1
    best, (model,) = ours.oracle.get_best_trials()[0], ours.get_best_models()
    loss = model.evaluate(*data, verbose=0)
    assert loss == pytest.approx(best.score, rel=1e-5)


def test_a_lost_ray_node_of_three_loses_no_trial(tmp_path):
    ray = pytest.importorskip("ray")
    ray.shutdown()
    head = NODE | {"include_dashboard": False}
    cluster = pytest.importorskip("ray.cluster_utils").Cluster(
        True, False, head
    )
    try:
        nodes = [cluster.add_node(**NODE) for _ in range(2)]
        ray.init(address=cluster.address, log_to_driver=False)
        # With its own node the driver would be lost as well.
        own = ray.get_runtime_context().get_node_id()
        lost = next(node for node in nodes if node.node_id != own)
        lost_id = lost.node_id

        def run_trial(trial, report):
            where = ray.get_runtime_context().get_node_id()
            (tmp_path / f"{trial.trial_id} {where}").touch()
            while where == lost_id or not (tmp_path / "go").exists():
                time.sleep(0.05)
            return {"accuracy": 0.5}

        def lose_a_node():
            while not [*tmp_path.glob(f"* {lost_id}")]:
                time.sleep(0.1)
            cluster.remove_node(lost, allow_graceful=False)
            (tmp_path / "go").touch()

        threading.Thread(target=lose_a_node, daemon=True).start()
        run_trials(oracle := oracle_of(), run_trial, executors.make("ray", 3))
        assert statuses(oracle) == DONE
        begun = [path.name.split()[0] for path in tmp_path.glob("0* *")]
        assert len(begun) > len({*begun})  # that of the lost node ran again
    finally:
        ray.shutdown()
        cluster.shutdown()
