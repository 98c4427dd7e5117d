"""The benchmarks of the search, at their smallest."""

import csv
import dataclasses
import itertools
import json
import types

import keras
import keras_tuner
import numpy as np
import pytest

from experiments.benchmark import (
    __main__ as benchmark,
)
from experiments.benchmark import (
    memory as benchmark_memory,
)
from experiments.benchmark import (
    oracle as benchmark_oracle,
)
from experiments.benchmark.parts import own_process, variants


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_oracles_are_measured_at_the_marks(tmp_path, capsys):
    words = ["oracle", "--marks", "3", "9", "--stock-marks", "2"]
    benchmark.main([*words, "--directory", str(tmp_path)])
    found = rows(tmp_path / "oracle.csv")
    places = [(row["oracle"], row["trials"]) for row in found]
    assert places == [("stock", "2"), ("actfn", "3"), ("actfn", "9")]
    assert all(float(row["milliseconds_per_trial"]) > 0 for row in found)
    assert found[0]["relative_to_first"] == found[1]["relative_to_first"] == "1"
    assert "9 trials" in capsys.readouterr().out


def test_both_oracles_end_every_trial(tmp_path):
    for name, make in (
        ("ours", benchmark_oracle.ours),
        ("stock", benchmark_oracle.stock),
    ):
        oracle = make(0, 5)
        folder = str(tmp_path / name)
        assert len([*benchmark_oracle.trial_seconds(oracle, folder, 5)]) == 5
        assert oracle.create_trial("other").status == "STOPPED"


def test_a_slope_by_hand():
    values = [50.0, *np.arange(10, 29) / 1024]  # the first tenth is left out
    each, error = benchmark_memory.slope([50.0, *values])
    assert each == pytest.approx(1.0) and error == pytest.approx(0, abs=1e-6)


def test_variants_share_their_functions(tmp_path):
    expected = variants.functions(6, seed=2)
    listed = variants.Listed(6, seed=2)
    proposals = [p for _ in range(8) for p in listed.propose(1)]
    assert [str(p.expression) for p in proposals] == expected


def test_variants_add_one_thing_at_a_time():
    ways = list(variants.VARIANTS.values())
    for before, after in itertools.pairwise(ways[1:]):
        differing = [
            name
            for name in (
                "threads",
                "screen",
                "cache",
                "processes",
                "halving",
                "one_step",
            )
            if getattr(before, name) != getattr(after, name)
        ]
        assert len(differing) == 1


def test_the_rival_takes_the_same_steps(toy_task, monkeypatch):
    rival = variants.Stock(variants.Job("toy", "quick", 2, seed=0))
    rival.setting = dataclasses.replace(rival.setting, steps=20)
    hp = keras_tuner.HyperParameters()
    hp.values["activation"] = "tanh(x)"
    monkeypatch.setattr(rival, "_choices", ["tanh(x)"])
    keras.utils.set_random_seed(0)
    fitted = rival.build(hp)
    history = rival.fit(hp, fitted, callbacks=[], verbose=0).history
    assert len(history["val_score"]) == len(history["loss"]) == 10
    keras.utils.set_random_seed(0)
    ours = rival.build(hp)
    assert ours.descent.run_to(20)
    pairs = zip(fitted.get_weights(), ours.child.get_weights(), strict=True)
    for theirs, mine in pairs:
        np.testing.assert_allclose(theirs, mine, rtol=1e-4, atol=1e-6)
    means = ours.descent.losses.reshape(10, 2).mean(axis=1)
    np.testing.assert_allclose(history["loss"], means, rtol=1e-4)
    task, data = rival.task, rival.task.data(rival.setting)
    score = task.score(rival.setting, data, ours.child)["error"]
    assert history["val_score"][-1] == pytest.approx(score, rel=1e-4)


@pytest.mark.parametrize("name", ["stock", "loop", "cache", "halving"])
def test_a_variant_judges_all_functions(toy_task, tmp_path, name):
    job = variants.Job("toy", "quick", 3, seed=1)
    if name == "stock":
        found = variants.stock(job, str(tmp_path))
    else:
        way = dataclasses.replace(variants.VARIANTS[name], processes=1)
        found = variants.ours(job, str(tmp_path), way)
    assert found["seconds"] > 0 and 0 <= found["not_finished"] <= 3
    assert found["functions"] == 3


@pytest.mark.parametrize("name", ["oracle", "memory", "search"])
def test_bad_numbers(name, capsys):
    flag = {"oracle": "--marks", "memory": "--trials", "search": "--functions"}
    with pytest.raises(SystemExit) as stop:
        benchmark.main([name, flag[name], "0"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_work_is_multiplied_one_thing_at_a_time(tmp_path, monkeypatch, capsys):
    jobs = []

    def measure(name, job):
        jobs.append((name, job.steps, job.width, job.functions))
        found = {"seconds": 2.0 ** len(jobs), "megabytes": 100.5}
        return found | {"functions": job.functions}

    monkeypatch.setattr(variants, "measure", measure)
    words = ["work", "--functions", "3", "--directory", str(tmp_path)]
    benchmark.main(words)
    assert [job[1:] for job in jobs] == [
        *((1, 1, 3), (2, 1, 3), (4, 1, 3), (1, 2, 3), (1, 4, 3)),
        *((1, 1, 6), (1, 1, 12)),
    ]
    found = rows(tmp_path / "work.csv")
    shares = [float(row["relative"]) for row in found]
    assert shares == [2.0**-n * (1, 2, 4)[max(0, n - 4)] for n in range(7)]
    assert capsys.readouterr().out.count("an hour") == 7
    lines = (tmp_path / "work.csv").read_text().splitlines()
    (tmp_path / "work.csv").write_text("\n".join(lines[:4]) + "\n")
    benchmark.main([*words, "--resume"])
    assert len(jobs) == 11 and jobs[7:] == jobs[3:7]
    assert float(rows(tmp_path / "work.csv")[3]["relative"]) == 2.0**-7


def test_a_setting_with_more_work():
    setting = variants.tasks.get("text").settings["quick"]
    job = variants.Job("text", "quick", 1, 0, steps=4, width=2)
    changed = job.change(setting)
    assert (changed.steps, changed.width) == (4 * setting.steps, 128)
    assert variants.Job("text", "quick", 1, 0).change(setting) == setting
    one = variants.one_step(variants.tasks.get("image").settings["child"])
    assert one.steps == 1


@pytest.fixture
def children(monkeypatch):
    """The variants that were measured; the third one is stopped at first."""
    measured = []

    def run(command, **_):
        name, job = command[-2:]
        if len(measured) == 2 and "stopped" not in measured:
            measured.append("stopped")
            raise KeyboardInterrupt
        measured.append(name)
        seconds = 2.0 ** -len(measured) * json.loads(job)["functions"]
        count = json.loads(job)["functions"]
        found = json.dumps(
            {"seconds": seconds, "functions": count, "not_finished": 0}
        )
        return types.SimpleNamespace(stdout=found.encode())

    monkeypatch.setattr(own_process.subprocess, "run", run)
    return measured


def test_a_stopped_benchmark_of_the_search_goes_on(tmp_path, children, capsys):
    words = ["search", "--tasks", "text", "--functions", "3"]
    words += ["--directory", str(tmp_path)]
    words += ["--variants", "stock", "loop", "thread", "reject"]
    with pytest.raises(KeyboardInterrupt):
        benchmark.main(words)
    kept = rows(tmp_path / "search.csv")
    assert len(kept) == 2
    with pytest.raises(SystemExit):  # other functions
        benchmark.main([*words, "--resume", "--seed", "1"])
    assert "--resume must go with the settings" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        benchmark.main([*words, "--resume", "--functions", "4"])
    assert "--functions must be 3" in capsys.readouterr().err
    benchmark.main([*words, "--resume"])
    assert children == ["stock", "loop", "stopped", "thread", "reject"]
    found = rows(tmp_path / "search.csv")
    assert found[:2] == kept
    # The stopped one counted too: 2, 4, 16, 32 times in the fake's seconds.
    stock = [float(row["relative_to_stock"]) for row in found]
    assert stock == [1, 2, 8, 16]
    before = [float(row["relative_to_previous"]) for row in found]
    assert before == [1, 2, 4, 2]
    assert capsys.readouterr().out.count("an hour") == 4
    benchmark.main([*words, "--resume"])  # nothing is left
    assert len(children) == 5 and rows(tmp_path / "search.csv") == found
    # Another task, with its own number of functions, stands below.
    more = ["--tasks", "physics", "--functions", "5", "--resume"]
    benchmark.main([*words, *more])
    both = rows(tmp_path / "search.csv")
    assert both[:4] == found
    assert [row["task"] for row in both[4:]] == ["physics"] * 4
    assert both[4]["relative_to_stock"] == "1"
    benchmark.main(words)  # anew
    assert len(children) == 13
