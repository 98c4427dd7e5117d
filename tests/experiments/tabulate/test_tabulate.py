"""The program that makes the open table, with children of a few steps."""

import os
import signal
import subprocess
import sys
import time

import keras_tuner
import numpy as np
import pytest

import actfn
from experiments import tasks
from experiments.tabulate import __main__ as tabulate
from experiments.tabulate import functions, rows, stages
from experiments.tasks.child import train
from tests.searching import ROOT
from tests.searching import rows as read

SPACE = ["--unary", "identity", "max0", "--binary", "max", "mul"]
TOY = ["--task", "toy", *SPACE]
pytestmark = pytest.mark.usefixtures("one_best")


def make(folder, *words):
    return tabulate.main([*TOY, "--directory", str(folder), *words])


def children(folder, part="1-of-1"):
    found = read(folder / part / "runs.csv")
    return [(row["function"], int(row["run"])) for row in found]


def without_seconds(path):
    return [{k: v for k, v in r.items() if k != "seconds"} for r in read(path)]


def test_stages_train_the_better_ones_again(monkeypatch):
    monkeypatch.setattr(stages, "BEST", 50)
    listed = [
        functions.Function(f"f{n}", f"f{n}", "catalog" if n < 3 else "one-unit")
        for n in range(1000)
    ]
    scores = {(f"f{n}", 0): float(n) for n in range(1000)}
    # By the first seed f900 and later are the best tenth; of these, further
    # seeds turn the order around.
    scores |= {(f"f{n}", r): -3.0 * n for n in range(900, 1000) for r in (1, 2)}
    first, second, third = stages.stages(listed, scores)
    assert first == [(f"f{n}", 0) for n in range(1000)]
    again = [0, 1, 2, *range(900, 1000)]
    assert second == [(f"f{n}", run) for n in again for run in (1, 2)]
    last = [0, 1, 2, *range(900, 950)]
    assert third == [(f"f{n}", run) for n in last for run in range(3, 8)]


def test_all_functions_share_the_seeds_of_the_runs(toy_task, tmp_path):
    assert make(tmp_path) == 0
    found = read(tmp_path / "1-of-1" / "runs.csv")
    space = actfn.SearchSpace(1, ["identity", "max0"], ["max", "mul"])
    forms = {str(actfn.canonicalize(e)) for e in space.enumerate()}
    runs = children(tmp_path)
    assert len({*runs}) == len(runs)
    assert {text for text, _ in runs} == forms
    best = max(runs, key=lambda child: child[1])[0]
    assert [run for text, run in runs if text == best] == [*range(8)]
    seeds = {(row["run"], row["seed"]) for row in found}
    assert len(seeds) == 8 == len({seed for _, seed in seeds})
    # The row says what training a child comes to, to six digits.
    setting = toy_task.settings["quick"]
    row = found[0]
    child = train(
        toy_task, setting, toy_task.data(setting), row["function"],
        int(row["seed"]), signs=True,
    )  # fmt: skip
    assert float(row["error"]) == pytest.approx(
        child.metrics["error"], rel=1e-5
    )
    # The signs of the untrained are of the first seed alone.
    assert [bool(row["snip"]) for row in found] == [
        row["run"] == "0" for row in found
    ]
    for name in rows.SIGNS:
        assert float(row[name]) == pytest.approx(child.signs[name], rel=1e-5)
    # Five steps: every second tenth has one.
    losses = [float(row[name]) for name in rows.TENTHS]
    assert np.isnan(losses).tolist() == [True, False] * 5
    assert np.nanmean(losses) == pytest.approx(float(row["area"]), rel=1e-4)


def test_a_torn_run_goes_on_to_the_same_table(
    toy_task, no_training, tmp_path, capsys
):
    assert make(tmp_path) == 0
    path = tmp_path / "1-of-1" / "runs.csv"
    whole, content = without_seconds(path), path.read_bytes()
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    with pytest.raises(SystemExit) as end:
        make(tmp_path)
    assert end.value.code == 2
    assert "--resume" in capsys.readouterr().err
    assert make(tmp_path, "--resume") == 0
    assert path.read_bytes().startswith(b"".join(lines[:3]))
    assert without_seconds(path) == whole


def test_parts_make_the_whole_together(toy_task, no_training, tmp_path, capsys):
    assert make(tmp_path / "whole") == 0
    whole = without_seconds(tmp_path / "whole" / "1-of-1" / "runs.csv")
    parts = tmp_path / "parts"
    assert make(parts, "--part", "1/2") == 0
    assert "waits for" in capsys.readouterr().out
    first = children(parts, "1-of-2")
    assert {run for _, run in first} == {0}
    for part in ("2/2", "1/2"):
        resume = ["--resume"] * (part == "1/2")
        assert make(parts, "--part", part, *resume) == 0
        capsys.readouterr()
    assert make(parts, "--part", "2/2", "--resume") == 0
    assert "waits" not in capsys.readouterr().out
    found = [
        row
        for part in ("1-of-2", "2-of-2")
        for row in without_seconds(parts / part / "runs.csv")
    ]
    one, two = ({t for t, _ in children(parts, f"{n}-of-2")} for n in (1, 2))
    assert not one & two and abs(len(one) - len(two)) <= 1
    order = sorted(found, key=lambda row: (row["function"], row["run"]))
    assert order == sorted(whole, key=lambda r: (r["function"], r["run"]))


def test_a_beginning_is_widened_later(toy_task, no_training, tmp_path):
    assert make(tmp_path, "--functions", "2") == 0
    before = children(tmp_path)
    assert len({text for text, _ in before}) == 2
    assert make(tmp_path, "--resume") == 0
    after = children(tmp_path)
    assert after[: len(before)] == before and len({*after}) == len(after)


def test_statuses_are_those_of_the_child(tmp_path):
    task = tasks.get("implicit")
    setting = tasks.get("implicit").settings["quick"]
    setting = type(setting)("china", steps=3, rate=1e30)
    trainer = rows.Trainer("implicit", task, setting)
    gone = trainer(("exp(x)", 0))
    assert gone["status"] == "diverged" and "not finite" in gone["reason"]
    assert np.isnan(gone["psnr"]) and np.isnan(gone["loss_10"])
    never = trainer(("0 * x", 0))
    assert never["status"] == "rejected" and "constant" in never["reason"]
    # A task's own candidate of that name does not take the catalog's place.
    assert "gaussian" in task.specials
    assert "Traceback" in trainer(("nosuch(x)", 0))


def test_what_raises_is_said_and_the_others_are_trained(
    toy_task, no_training, tmp_path, capsys, monkeypatch
):
    drawn = rows.train

    def broken(task, setting, data, candidate, seed, signs):
        if candidate.activation == "max(x, 0)":
            raise RuntimeError("no room")
        return drawn(task, setting, data, candidate, seed, signs)

    monkeypatch.setattr(rows, "train", broken)
    assert make(tmp_path) == 1
    err = capsys.readouterr().err
    assert "max(x, 0), run 0" in err and "no room" in err
    texts = {text for text, _ in children(tmp_path)}
    assert texts and "max(x, 0)" not in texts


def test_workers_that_die_again_and_again_are_one_line(
    toy_task, no_training, tmp_path, capsys, monkeypatch
):
    class Dying:
        workers = 1

        def drive(self, child, next_job, on_end):
            raise keras_tuner.errors.FatalRuntimeError("memory was short")

    monkeypatch.setattr(tabulate, "make", lambda workers: Dying())
    capsys.readouterr()
    assert make(tmp_path) == 1
    err = capsys.readouterr().err
    assert "memory was short" in err and "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        ["--unary", "foo"],
        ["--functions", "0"],
        ["--functions", "1000"],
        ["--steps", "x"],
        ["--part", "3/2"],
        ["--task", "nosuch"],
    ],
)
def test_bad_input_is_one_line_and_status_2(words, toy_task, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        make(tmp_path / "t", *words)
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_killed_in_processes_and_resumed(tmp_path):
    words = ["--task", "physics", "--steps", "3", *SPACE]
    words += ["--workers", "2", "--directory", str(tmp_path)]
    command = [sys.executable, "-m", "experiments.tabulate", *words]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    path = tmp_path / "1-of-1" / "runs.csv"
    while not path.exists() or path.read_bytes().count(b"\n") < 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    before = path.read_bytes()
    assert tabulate.main([*words, "--resume"]) == 0
    assert path.read_bytes().startswith(before)
    found = children(tmp_path)
    assert len({*found}) == len(found)
    assert max(run for _, run in found) == 7
