"""Tasks: each for a few steps, and against what is known independently."""

import dataclasses
import math
import os
import signal
import time

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate

from experiments import tasks
from experiments.search import __main__ as search
from experiments.tasks import implicit, physics, text
from experiments.tasks.base import Metric, cost
from experiments.tasks.candidates import Candidate
from experiments.tasks.child import TaskChild, train
from experiments.tasks.training import cosine_adam
from experiments.tasks.untrained import signs
from models.cost import multiply_adds
from tests.searching import rows, run, start, without_seconds

NAMES = tasks.names()


@pytest.mark.parametrize("name", NAMES)
def test_a_few_steps_are_repeatable_under_their_seed(name):
    task = tasks.get(name)
    setting = dataclasses.replace(task.settings["quick"], steps=3)
    data = task.data(setting)
    first, again, other = (
        train(task, setting, data, "sin(beta * x)", seed, signs=signs)
        for seed, signs in ((1, False), (1, True), (2, False))
    )
    assert first.metrics == again.metrics  # whose signs were asked for
    assert not first.signs and all(s > 0 for s in again.signs.values())
    assert first.metrics != other.metrics
    assert first.reason == ""
    for metric, value in first.metrics.items():
        kind = task.metrics[metric]
        assert kind.clip(value) == value and value != kind.floor


@pytest.mark.parametrize("name", NAMES)
def test_the_cost_of_the_larger_setting_is_that_of_its_products(name):
    task = tasks.get(name)

    def products(setting):
        model = task.build(setting, task.data(setting), Candidate("relu"))
        context = getattr(setting, "context", 1)
        return setting.steps * multiply_adds(model, context)

    quick, larger = (task.settings[name] for name in ("quick", "larger"))
    ratio = products(larger) / products(quick)
    # First and last layers, attention and strides are left out of it.
    assert cost(larger) / cost(quick) == pytest.approx(ratio, rel=0.35)


@pytest.mark.parametrize("name", NAMES)
def test_special_candidates_are_functions_of_distinct_names(name):
    task = tasks.get(name)
    members = [m for family in task.families for m in family.members]
    assert len({*members, *task.specials}) == len(members) + len(task.specials)
    for text_ in (*task.baselines, *task.specials, *members):
        task.candidate(text_).layer()


def test_adam_is_the_formula_of_its_authors():
    """Kingma and Ba, arXiv:1412.6980, Algorithm 1, with Keras's epsilon."""
    start = np.array([[1.0, -2.0, 0.5], [3.0, 0.1, -4.0]])
    table = keras.Variable(start, dtype="float32")
    optimizer = cosine_adam(0.1, 20)
    optimizer.build([table])
    drawn = np.random.default_rng(0).normal(size=(20, 3, 3))
    m, v, expected = np.zeros((2, 3)), np.zeros((2, 3)), start.copy()
    for t, parts in enumerate(drawn, start=1):
        # Of an embedding: two of three places are in one row.
        sparse = tf.IndexedSlices(
            tf.constant(parts, "float32"), tf.constant([1, 0, 1]), (2, 3)
        )
        optimizer.apply([sparse], [table])
        g = np.stack([parts[1], parts[0] + parts[2]])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        rate = 0.1 * 0.5 * (1 + math.cos(math.pi * (t - 1) / 20))
        alpha = rate * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        expected -= alpha * m / (np.sqrt(v) + 1e-7)
    np.testing.assert_allclose(table.numpy(), expected, rtol=2e-4)


def test_signs_of_the_untrained_against_differences(toy_task):
    setting = toy_task.settings["quick"]
    data, child = toy_task.data(setting), toy_task.candidate("tanh(x)")
    keras.utils.set_random_seed(3)
    model = toy_task.build(setting, data, child)
    descent = toy_task.descent(setting, data, model, child, 3)
    found = signs(model, descent)
    slopes, weights = [], []
    for variable in model.trainable_variables:
        start = variable.numpy()
        for place in np.ndindex(start.shape):
            both = []
            for step in (1e-2, -1e-2):
                moved = start.copy()
                moved[place] += step
                variable.assign(moved)
                both.append(float(descent.loss(descent.batches[0])))
            variable.assign(start)
            slopes.append((both[0] - both[1]) / 2e-2)
            weights.append(start[place])
    assert found == {
        "gradient_norm": pytest.approx(np.linalg.norm(slopes), rel=1e-2),
        "snip": pytest.approx(np.abs(slopes) @ np.abs(weights), rel=1e-2),
    }


def test_a_pause_changes_nothing():
    task = tasks.get("implicit")
    setting = dataclasses.replace(task.settings["quick"], steps=4)
    data, child = task.data(setting), task.candidate("sin(beta * x)")
    whole, parts = (descent(task, setting, data, child) for _ in range(2))
    assert whole.run_to(4) and all(map(parts.run_to, (1, 3, 4)))
    assert len(whole.losses) == 4
    np.testing.assert_array_equal(whole.losses, parts.losses)


def descent(task, setting, data, child):
    keras.utils.set_random_seed(3)
    model = task.build(setting, data, child)
    return task.descent(setting, data, model, child, 3)


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_child_may_be_given_up_at_its_rung(goes_on):
    task = tasks.get("implicit")
    setting = dataclasses.replace(task.settings["quick"], steps=20)
    data, told = task.data(setting), []

    def report(step, loss):
        told.append((step, loss))
        return goes_on

    found = train(task, setting, data, "relu", 3, report)
    whole = train(task, setting, data, "relu", 3)
    ((step, loss),) = told
    assert step == 6  # three tenths
    assert loss == pytest.approx(whole.losses[2], rel=1e-6)  # the third tenth
    if goes_on:
        assert found.metrics == whole.metrics and found.reason == ""
    else:
        assert found.rejected
        assert found.reason == "among the worse after 6 steps"
        assert found.losses[:3] == whole.losses[:3]
        assert np.isnan(found.losses[3:]).all()
        assert found.metrics["psnr"] < whole.metrics["psnr"]


@pytest.mark.parametrize(("reward", "better"), [("psnr", 1.0), ("loss", -1.0)])
def test_a_child_reports_as_of_its_reward(reward, better):
    task = tasks.get("implicit")
    child = TaskChild(task, with_steps(20), halved_by=reward)
    hp = keras_tuner.HyperParameters()
    hp.Fixed("activation", "relu")
    hp.Fixed("seed", 0)
    told = []

    def report(step, metrics):
        told.append(metrics)
        return True

    child(hp, "validation", report)
    assert [*told[0]] == ["rung"] and better * told[0]["rung"] < 0
    child(hp, "test", None)  # who is confirmed is trained to the end
    without = TaskChild(task, with_steps(20))
    without(hp, "validation", report)
    assert len(told) == 1


def with_steps(steps):
    return lambda setting: dataclasses.replace(setting, steps=steps)


def test_a_search_with_halving_stops_most(toy_task, tmp_path):
    words = "--task toy --trials 24 --repeats 2 --finalists 1 --no-control"
    words = [*words.split(), "--core-units", "1", "--policy", "random"]
    words += ["--steps", "10", "--directory", str(tmp_path)]
    assert search.main([*words, "--halving"]) == 0
    found = rows(tmp_path / "results.csv")
    stopped = [r for r in found if "after 3 steps" in r["message"]]
    finished = [float(r["reward"]) for r in found if r["status"] == "completed"]
    # The first eight go on in any case, then one of four.
    assert 4 <= len(stopped) <= 16 and len(finished) >= 8
    assert max(float(r["reward"]) for r in found) == max(finished)
    settings = (tmp_path / "settings.json").read_text()
    with pytest.raises(SystemExit):  # another search
        search.main([*words, "--resume"])
    assert (tmp_path / "settings.json").read_text() == settings
    assert search.main([*words, "--resume", "--halving"]) == 0


def test_a_child_that_diverges_says_so():
    task = tasks.get("implicit")
    setting = dataclasses.replace(task.settings["quick"], steps=3, rate=1e30)
    found = train(task, setting, task.data(setting), "exp(x)", 0)
    assert found.reason == "the loss is not finite"
    # Its rung changes nothing: it is not asked, and trained no further.
    longer = dataclasses.replace(setting, steps=20)
    losses = [
        train(task, longer, task.data(longer), "exp(x)", 0, report).losses
        for report in (None, pytest.fail)
    ]
    np.testing.assert_array_equal(*losses)
    assert all(map(math.isnan, found.metrics.values()))
    assert not found.rejected
    assert Metric("max", 0.0, "dB").clip(-3.0) == 0
    assert Metric("min", 2.0, "").clip(math.inf) == 2


def test_the_pixels_are_two_colours_of_a_chessboard():
    task = implicit.Implicit()
    data = task.data(task.settings["quick"])
    places = [
        np.round((part[0] / 3 + 1) * 63 / 2).astype(int)
        for part in (data.known, data.hidden)
    ]
    assert {tuple(p.sum(1) % 2) for p in places} == {(0,) * 2048, (1,) * 2048}
    whole = implicit.picture("china", 64)
    for place, part in zip(places, (data.known, data.hidden), strict=True):
        np.testing.assert_array_equal(whole[place[:, 0], place[:, 1]], part[1])
    assert implicit.psnr(0.01) == pytest.approx(20)
    assert math.isnan(implicit.psnr(math.nan))
    assert implicit.psnr(0) == math.inf


def test_siren_begins_as_its_authors_say():
    task = implicit.Implicit()
    setting = task.settings["quick"]
    model = task.build(setting, None, task.candidate("siren"))
    first, second = (model.layers[n].kernel.numpy() for n in (0, 2))
    assert 0.4 < np.abs(first).max() <= 1 / 2
    reach = math.sqrt(6 / 96) / 30
    assert 0.95 * reach < np.abs(second).max() <= reach


def test_the_text_is_prose_and_its_end_is_held_out():
    task = text.Text()
    data = task.data(task.settings["quick"])
    whole = text.read("django")
    assert bytes(whole[:2000]).decode().isprintable() is False  # has lines
    assert data.hidden.shape == (512, 65)
    assert len(data.known) == round(0.9 * len(whole))
    assert bytes(data.hidden[-1]) == bytes(whole[-65:])
    logits = np.zeros((2, 64, 256), "float32")
    loss = float(text.cross_entropy(logits, data.hidden[:2]))
    assert loss == pytest.approx(math.log(256), rel=1e-5)


def test_no_byte_sees_those_after_it():
    task = text.Text()
    setting = task.settings["quick"]
    model = task.build(setting, None, task.candidate("relu"))
    window = np.full((1, 64), 101, "int32")
    changed = window.copy()
    changed[0, 40:] = 97
    before, after = model(window), model(changed)
    np.testing.assert_allclose(before[:, :40], after[:, :40], atol=1e-5)
    assert not np.allclose(before[:, 40:], after[:, 40:], atol=1e-3)


@pytest.mark.parametrize("viscosity", [0.1, 0.03])
def test_the_reference_solution_against_cole_and_hopf(viscosity):
    x, t, values = physics.solution(viscosity)
    for moment in (10, 50):
        for place in (150, 256, 300, 400):
            expected = cole_hopf(x[place], t[moment], viscosity)
            assert values[place, moment] == pytest.approx(expected, abs=2e-3)


def cole_hopf(x, t, viscosity):
    """The exact solution, as an integral that SciPy's quad takes."""

    def weight(z):
        power = -np.cos(np.pi * (x - z)) / (2 * np.pi * viscosity)
        return np.exp(power - z**2 / (4 * viscosity * t))

    def top(z):
        return -np.sin(np.pi * (x - z)) * weight(z)

    reach = 10 * math.sqrt(2 * viscosity * t)
    options = {"limit": 500, "points": [0.0]}
    above = integrate.quad(top, -reach, reach, **options)[0]
    return above / integrate.quad(weight, -reach, reach, **options)[0]


def test_the_residual_against_derivatives_by_hand():
    x, t = (
        tf.constant(v, tf.float64) for v in ([[0.3], [-0.6]], [[0.2], [0.7]])
    )
    setting = dataclasses.replace(
        physics.Physics.settings["quick"], viscosity=0.25
    )
    found = physics.residual(lambda x, t: x**3 * t, x, t, setting)
    expected = x**3 + (x**3 * t) * (3 * x**2 * t) - 0.25 * 6 * x * t
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_toy_task_is_searched_and_confirmed(toy_task, tmp_path):
    folder = tmp_path / "toy"
    words = "--task toy --trials 3 --repeats 2 --finalists 1 --no-control"
    words = [*words.split(), "--core-units", "1", "--policy", "random"]
    words.append("--no-specials")
    assert search.main([*words, "--directory", str(folder)]) == 0
    confirmed = {r["expression"]: r for r in rows(folder / "confirmed.csv")}
    assert {"relu", "tanh"} < set(confirmed) and len(confirmed) == 3
    assert float(confirmed["relu"]["mean"]) < 0  # an error: lower is better
    assert {r["rival"] for r in rows(folder / "rivals.csv")} == {"relu", "tanh"}
    before = (folder / "confirmed.csv").read_text()
    assert search.main([*words, "--directory", str(folder), "--resume"]) == 0
    assert (folder / "confirmed.csv").read_text() == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--task", "nosuch"], ["nosuch", "implicit"]),
        (["--task", "implicit", "--preset", "paper"], ["preset", "image"]),
        (["--task", "text", "--children", "2"], ["children", "image"]),
        (["--task", "implicit", "--reward", "accuracy"], ["psnr", "accuracy"]),
        (["--task", "text", "--halving", "--racing"], ["halving", "racing"]),
    ],
)
def test_bad_input_is_one_line(words, expected, tmp_path, capsys):
    refused([*words, "--directory", str(tmp_path / "a")], expected, capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"\x1f\x8b damaged"])
def test_a_text_that_is_missing_or_damaged(
    content, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(text, "FOLDER", tmp_path)
    if content is not None:
        (tmp_path / "django.txt.gz").write_bytes(content)
    words = ["--task", "text", "--directory", str(tmp_path / "a")]
    refused(words, ["django.txt.gz"], capsys)
    assert not (tmp_path / "a").exists()


def test_a_picture_that_is_damaged(tmp_path, capsys, monkeypatch):
    def broken(name):
        raise OSError("image file is truncated")

    monkeypatch.setattr(implicit.datasets, "load_sample_image", broken)
    words = ["--task", "implicit", "--directory", str(tmp_path / "a")]
    refused(words, ["china.jpg", "truncated"], capsys)


def refused(words, expected, capsys):
    with pytest.raises(SystemExit) as ended:
        search.main(words)
    out, err = capsys.readouterr()
    assert ended.value.code == 2 and out == ""
    assert len(err.strip().splitlines()) == 1, err
    for word in expected:
        assert word in err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy", "physics"])  # the others need minutes
def test_killed_and_resumed_equals_uninterrupted(name, tmp_path):
    words = "--trials 3 --steps 3 --finalists 1 --repeats 2 --core-units 1"
    words = ["--task", name, *words.split(), "--no-control"]
    program = {"program": "tests.experiments.toy_task"}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    status, _, err = run(*words, "--directory", whole, **program)
    assert status == 0, err
    kills = {"results.csv": 1}
    if name == "toy":  # each phase is cut off where that is cheapest
        kills |= {"tuned.csv": 2, "retrained.csv": 1}
    for file, count in kills.items():
        resume = ["--resume"] if killed.exists() else []
        process = start(*words, *resume, "--directory", killed, **program)
        wait_for_lines(killed / file, 1 + count, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    status, _, err = run(*words, "--resume", "--directory", killed, **program)
    assert status == 0, err
    for file in ("confirmed.csv", "rivals.csv", "tuned.csv", "retrained.csv"):
        assert rows(killed / file) == rows(whole / file), file
    if name == "toy":
        assert len(rows(whole / "tuned.csv")) == 6
    results = without_seconds(whole / "results.csv")
    assert without_seconds(killed / "results.csv") == results


def wait_for_lines(path, count, process):
    while process.poll() is None:
        if path.exists() and path.read_text().count("\n") >= count:
            return
        time.sleep(0.02)
    raise AssertionError(process.communicate())
