"""`find` and `compare` on users' models: what they return, write and refuse."""

import csv
import pathlib
import sys

import keras
import keras_tuner
import numpy as np
import pytest

import actfn
from actfn import search
from actfn.search.policies import prior
from tests.actfn.search import models

TINY = {
    "epochs": 1,
    "batch_size": 32,
    "trials": 2,
    "control": 0,
    "finalists": 1,
    "repeats": 2,
    "baselines": ("relu", "gelu"),
    "policy": "random",
    "verbose": 0,
}
SPACE = actfn.SearchSpace(1)
TENSORFLOW = keras.backend.backend() == "tensorflow"


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def augmented(shift):
    import tensorflow as tf

    x, y = models.examples()
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(96).batch(32)
    return data.map(lambda x, y: (x + shift * tf.random.normal(()), y))


def flat(count, seed=0):
    x, y = models.examples(count, seed)
    return x.reshape(count, 64), y


def test_a_sequential_mlp_on_arrays(tmp_path):
    found = search.find(models.mlp, *flat(96), **TINY, directory=tmp_path / "a")
    check(found, tmp_path / "a")
    assert "never saw" in (tmp_path / "a" / "report.html").read_text()
    model = found.build()
    x, y = flat(8)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=1, verbose=0)
    assert np.all(np.isfinite(before))


def test_a_functional_cnn(tmp_path):
    settings = TINY | {"batch_size": None}
    if TENSORFLOW:
        data = {"x": augmented(0.1), "validation_data": augmented(0.0)}
    elif keras.backend.backend() == "torch":
        data = {"x": loader(), "validation_data": loader()}
    else:
        x, y = models.examples()
        data, settings = {"x": x, "y": y}, TINY
    found = search.find(
        models.cnn, **data, **settings, directory=tmp_path / "a"
    )
    check(found, tmp_path / "a")


def loader():
    import torch

    x, y = models.examples()
    data = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    return torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)


def test_a_transformer_on_a_py_dataset(tmp_path):
    settings = TINY | {"batch_size": None}
    found = search.find(
        models.transformer,
        models.Tokens(),
        validation_data=models.Tokens(3, seed=1),
        objective="val_accuracy",
        **settings,
        directory=tmp_path / "a",
    )
    check(found, tmp_path / "a")
    assert all(0 <= row["mean"] <= 1 for row in found.leaderboard)


def check(found, folder):
    """What holds for every search of `TINY`."""
    names = {row["expression"] for row in found.leaderboard}
    finished = [t for t in found.trials if t.status == "completed"]
    assert {"relu", "gelu"} <= names
    assert len(names) == 2 + bool(finished)
    assert len([t for t in found.trials if t.status != "cached"]) == 2
    expected = "switch to " if found.switch else "keep relu"
    assert found.verdict.startswith(expected)
    assert found.best == actfn.get(found.name).expression
    assert found.report == folder / "report.html"
    assert [r["trial"] for r in read(folder / "results.csv")] == [
        t.trial for t in found.trials
    ]
    runs = read(folder / "retrained.csv")
    assert len(runs) == len({(r["expression"], r["run"]) for r in runs})
    assert len({r["seed"] for r in runs}) == 2


@pytest.mark.slow
def test_children_with_one_seed_are_paired_and_repeatable(tmp_path):
    settings = TINY | {"trials": 1}
    one = search.find(
        models.mlp, *flat(96), **settings, directory=tmp_path / "1"
    )
    two = search.find(
        models.mlp, *flat(96), **settings, directory=tmp_path / "2"
    )
    assert one.verdict == two.verdict
    for a, b in zip(one.comparisons, two.comparisons, strict=True):
        np.testing.assert_allclose(a.scores, b.scores, rtol=1e-5)


def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch):
    folder = tmp_path / "a"
    whole = search.find(models.mlp, *flat(96), **TINY, directory=tmp_path / "b")
    calls = []

    def build(hp):
        calls.append(hp.get("activation"))
        if len(calls) == 5:  # after a look, two trials and a run
            raise KeyboardInterrupt
        return models.mlp(hp)

    with pytest.raises(KeyboardInterrupt):
        search.find(build, *flat(96), **TINY, directory=folder)
    before = read(folder / "retrained.csv")
    calls[:] = [""] * 5
    again = search.find(build, *flat(96), **TINY, directory=folder)
    assert read(folder / "retrained.csv")[: len(before)] == before
    assert again.verdict == whole.verdict
    calls[:] = [""] * 5
    once_more = search.find(build, *flat(96), **TINY, directory=folder)
    assert once_more.verdict == whole.verdict
    assert len(calls) == 6  # no child: one look at what `build` makes


def test_compare_needs_no_search(tmp_path):
    def build(hp):  # in a graph: there are many steps
        return models.compiled(models.mlp(hp), run_eagerly=False)

    x, y = flat(300)
    found = search.compare(
        build,
        x,
        y,
        candidates=["gelu", "0 * x", "x - x", "exp(exp(exp(x * 50)))"],
        baselines=("relu",),
        epochs=8,
        repeats=4,
        directory=tmp_path / "a",
        verbose=0,
    )
    assert found.trials == []
    rows = {row["expression"]: row for row in found.leaderboard}
    assert set(rows) == {"relu", "gelu", "0 * x", "exp(exp(exp(x * 50)))"}
    assert rows["exp(exp(exp(x * 50)))"]["runs"] == 1
    assert "diverged" in rows["exp(exp(exp(x * 50)))"]["note"]
    assert found.name in ("relu", "gelu")


def test_a_child_that_diverges_has_no_accuracy(tmp_path):
    def build(hp):
        model = models.mlp(hp)
        if "erf" in hp.get("activation"):
            raise keras_tuner.errors.FailedTrialError("too large, say")
        if "tanh" in hp.get("activation"):
            model.optimizer = keras.optimizers.SGD(3e38)
        return model

    settings = {"objective": "val_accuracy", "epochs": 2, "verbose": 0}
    settings |= {"baselines": ["relu"], "repeats": 2, "directory": tmp_path}
    names = ["tanh(x)", "erf(x)"]
    found = search.compare(build, *flat(96), candidates=names, **settings)
    rows = {row["expression"]: row for row in found.leaderboard}
    for name in names:  # Not that of guessing the first class.
        assert rows[name]["note"].startswith("diverged in 1 of 1 seeds")
    assert found.name == "relu" and not found.switch


def test_the_incumbent_of_a_model_is_what_is_replaced(tmp_path):
    model = models.compiled(
        keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(8, activation="silu"),
                keras.layers.Dense(3),
            ]
        )
    )
    found = search.compare(
        model,
        *flat(96),
        replace="silu",
        baselines="relu",
        candidates=["max(x, 0)", "x * sigmoid(x)", "tanh"],
        repeats=1,
        epochs=1,
        directory=tmp_path,
        verbose=0,
    )
    rows = {row["expression"]: row["role"] for row in found.leaderboard}
    assert rows == {
        "silu": "baseline",
        "relu": "baseline",
        "tanh": "candidate",
    }
    assert found.name == "silu"  # One seed is no evidence.


def test_a_compiled_model_is_searched_with_its_weights_or_without(tmp_path):
    x, y = flat(96)
    keras.utils.set_random_seed(12345)  # none that a child has
    model = models.compiled(
        keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(8, activation="relu"),
                keras.layers.Dense(3),
            ]
        )
    )
    before = [np.array(w) for w in model.get_weights()]
    settings = {"epochs": 1, "candidates": ["gelu"], "repeats": 2, "verbose": 0}
    kept = search.compare(
        model, x, y, **settings, keep_weights=True, directory=tmp_path / "a"
    ).build()
    fresh = search.compare(
        model, x, y, **settings, directory=tmp_path / "b"
    ).build()
    for old, a, b, now in zip(
        before,
        kept.get_weights(),
        fresh.get_weights(),
        model.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(old, a)
        np.testing.assert_array_equal(old, now)
        if old.ndim == 2:
            assert not np.allclose(old, b)
    assert kept.compiled and fresh.compiled


@pytest.mark.slow
def test_other_processes_train_the_same(tmp_path):
    def build(hp):  # a closure, as a notebook has
        return models.mlp(hp)

    here = search.find(build, *flat(96), **TINY, directory=tmp_path / "1")
    there = search.find(
        build, *flat(96), **TINY, workers=2, directory=tmp_path / "2"
    )
    assert here.verdict.split(":")[0] == there.verdict.split(":")[0]
    a, b = (
        {c.expression: c.scores for c in found.comparisons}
        for found in (here, there)
    )
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-3)


def no_model(hp):
    return "a model"


def not_compiled(hp):
    return keras.Sequential([keras.layers.Dense(3)])


def buggy(hp):
    return undefined_name  # noqa: F821


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (no_model, {}, "`build` must return a compiled Keras model"),
        (not_compiled, {}, "not compiled"),
        (models.mlp, {"objective": "val_f1"}, "say whether it is to be max"),
        (
            models.mlp,
            {"objective": keras_tuner.Objective("val_f1", "max")},
            "one of val_accuracy, val_loss",
        ),
        (models.mlp, {"objective": "loss"}, "of the validation data"),
        (models.mlp, {"policy": "guess"}, "`policy` must be one of"),
        (models.mlp, {"prior": "table"}, "`prior` must go with the policy"),
        (
            models.mlp,
            {"prior": "table", "policy": search.RandomPolicy(SPACE)},
            "`prior` must be given to the policy",
        ),
        (models.mlp, {"trials": 0}, "`trials` must be a positive"),
        (models.mlp, {"control": -1}, "`control` must be an integer from 0"),
        (models.mlp, {"control": 2.5}, "`control` must be an integer from 0"),
        (models.mlp, {"executor": "cloud"}, "`executor` must be one of"),
        (buggy, {}, "undefined_name"),
    ],
)
def test_bad_input_is_said_before_anything_is_written(
    build, arguments, message, tmp_path
):
    folder = tmp_path / "a"
    errors = (ValueError, NameError, keras_tuner.errors.FatalError)
    with pytest.raises(errors, match=message):
        search.find(build, *flat(96), **(TINY | arguments), directory=folder)
    assert not folder.exists()


def test_the_directory_of_another_search_is_kept(tmp_path):
    search.find(models.mlp, *flat(96), **TINY, directory=tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(ValueError, match="another search"):
        search.find(
            models.mlp, *flat(96), **(TINY | {"seed": 3}), directory=tmp_path
        )
    after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert before == after
    killed = tmp_path / "killed"  # while it wrote the first file of all
    killed.mkdir()
    (killed / "settings.json.4242.tmp").write_text("{")
    search.find(models.mlp, *flat(96), **TINY, directory=killed)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"must be empty.*thesis.txt"):
        search.find(models.mlp, *flat(96), **TINY, directory=tmp_path / "own")


def test_a_search_may_get_more_trials(tmp_path):
    few = TINY | {"trials": 2, "control": None, "policy": "evolution"}
    search.find(models.mlp, *flat(96), **few, directory=tmp_path)
    more = few | {"trials": 4}
    found = search.find(models.mlp, *flat(96), **more, directory=tmp_path)
    assert len(found.trials) == 4
    assert len(read(tmp_path / "random.csv")) == 2


def test_a_search_may_begin_with_what_other_tasks_know(tmp_path, monkeypatch):
    texts = ["sin(x)", "tanh(x)", "max(x, 0)"]
    monkeypatch.setattr(prior, "PATH", tmp_path / "prior.npz")

    def known(scores):
        prior.Prior(texts, {"task": scores}).save(prior.PATH)

    settings = TINY | {"policy": "surrogate", "prior": "table"}
    settings |= {"space": SPACE, "directory": tmp_path / "a"}
    known(np.array([2.0, -2.0, -2.0]))
    found = search.find(models.mlp, *flat(96), **settings)
    proposed = read(found.directory / "results.csv")[0]["expression"]
    x = np.linspace(-5, 5, 21)
    assert np.corrcoef(actfn.parse(proposed)(x), np.sin(x))[0, 1] > 0.95
    assert "the open table" in (tmp_path / "a" / "report.html").read_text()
    again = search.find(models.mlp, *flat(96), **settings)
    assert again.verdict == found.verdict
    known(np.array([-2.0, 2.0, -2.0]))
    with pytest.raises(ValueError, match="another search"):
        search.find(models.mlp, *flat(96), **settings)


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, True),
        ({"prior": None}, False),
        ({"policy": "random"}, False),
        ({"space": actfn.SearchSpace(1, inputs=2)}, False),
        ({"groups": ("early", "late")}, False),
        ({"policy": search.SurrogatePolicy(SPACE)}, False),
    ],
)
def test_the_surrogate_begins_with_the_table_where_that_fits(
    changes, begins, monkeypatch
):
    seen = {}
    finding = sys.modules[search.find.__module__]
    monkeypatch.setattr(finding, "_run", lambda *_, **given: seen.update(given))
    search.find(models.mlp, *flat(96), **{"space": SPACE} | changes)
    policy = seen["search"]["policy"]
    assert bool(getattr(policy, "prior", None)) == begins


def test_a_bug_in_a_child_ends_at_once_with_its_text(tmp_path):
    seen = []

    def build(hp):
        seen.append(hp.get("activation"))
        if len(seen) > 1:
            return undefined_name  # noqa: F821
        return models.mlp(hp)

    with pytest.raises(keras_tuner.errors.FatalError, match="undefined_name"):
        search.find(build, *flat(96), **TINY, directory=tmp_path / "a")
    assert len(seen) == 2
    assert pathlib.Path(tmp_path / "a" / "report.html").exists()


def test_callbacks_begin_anew_for_each_child(tmp_path):
    x, y = flat(96)
    # A loss does not rise at once: training ends after the second epoch.
    stop = keras.callbacks.EarlyStopping("val_loss", patience=0, mode="max")
    settings = {"candidates": ["gelu"], "repeats": 2, "verbose": 0}
    epochs = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            epochs.append(epoch)

        def __deepcopy__(self, memo):
            return self

    search.compare(
        models.mlp,
        x,
        y,
        epochs=5,
        callbacks=[stop, Count()],
        directory=tmp_path / "a",
        **settings,
    )
    assert epochs == [0, 1] * 4
    assert stop.stopped_epoch == 0
