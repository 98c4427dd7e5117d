"""The benchmark of executors, with next to nothing to do."""

import csv
import sys
import time

import pytest

from experiments.benchmark import scaling as benchmark_scaling


def rows(folder):
    with (folder / "scaling.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_tasks_that_sleep(tmp_path):
    ray = pytest.importorskip("ray")
    ray.init(
        num_cpus=2, object_store_memory=80 * 1024**2, include_dashboard=False
    )  # fmt: skip
    try:
        benchmark_scaling.main(
            ["--parts", "sleeping", "--tasks", "4", "--turns", "2",
             "--seconds", "0.1", "--policy", "random",
             "--directory", str(tmp_path)]
        )  # fmt: skip
    finally:
        ray.shutdown()
    (row,) = rows(tmp_path)
    assert tuple(row) == benchmark_scaling.COLUMNS
    assert row["contestant"] == "4 Ray tasks, random"
    assert row["functions"] == "8"
    # Each task slept at least its share of the eight times.
    assert 0 < float(row["busy"]) <= 1
    assert float(row["seconds"]) >= 0.2
    assert row["machine"]


def test_without_ray_no_task_sleeps(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SystemExit) as ended:
        benchmark_scaling.main(
            ["--parts", "sleeping", "--directory", str(tmp_path)]
        )
    assert ended.value.code == 2
    assert 'pip install "ray[default]"' in capsys.readouterr().err


@pytest.mark.slow
def test_workers_against_bare_processes(tmp_path, capsys):
    benchmark_scaling.main(
        ["--parts", "training", "--rounds", "2", "--functions", "3",
         "--steps", "4", "--directory", str(tmp_path)]
    )  # fmt: skip
    found = rows(tmp_path)
    assert [(r["round"], r["contestant"]) for r in found] == [
        ("1", "bare"), ("1", "workers"), ("2", "workers"), ("2", "bare"),
    ]  # fmt: skip
    assert {r["functions"] for r in found} == {"3"}
    bare, workers = (
        sum(float(r["seconds"]) for r in found if r["contestant"] == name)
        for name in ("bare", "workers")
    )
    last = capsys.readouterr().out.splitlines()[-1]
    assert float(last.rpartition(" ")[2]) == pytest.approx(
        bare / workers, abs=0.001
    )


def test_a_stopped_benchmark_goes_on_with_whole_rounds(
    tmp_path, monkeypatch, capsys
):
    trained = []

    def pool(_, trials):
        trained.append(("bare", len(trials)))
        time.sleep(0.02)

    def executor(*given):
        trained.append(("workers", given[-1]))
        time.sleep(0.02)
        if stops and len(trained) == 6:  # in the second round
            raise KeyboardInterrupt

    monkeypatch.setattr(benchmark_scaling, "_by_pool", pool)
    monkeypatch.setattr(benchmark_scaling, "_by_executor", executor)
    words = ["--parts", "training", "--rounds", "3", "--functions", "5"]
    words += ["--workers", "2", "--directory", str(tmp_path)]
    stops = True
    monkeypatch.setattr(benchmark_scaling, "sorted", _bare_first, raising=False)
    with pytest.raises(KeyboardInterrupt):
        benchmark_scaling.main(words)
    kept = [(row["round"], row["contestant"]) for row in rows(tmp_path)]
    assert kept == [("1", "bare"), ("1", "workers"), ("2", "bare")]
    first, trained[:], stops = rows(tmp_path)[:2], [], False
    benchmark_scaling.main([*words, "--resume"])
    warm_up, rest = trained[:2], trained[2:]
    assert {count for _, count in warm_up} == {2}
    assert rest == [("bare", 5), ("workers", 5)] * 2
    found = rows(tmp_path)
    assert found[:2] == first
    assert [row["round"] for row in found] == ["1", "1", "2", "2", "3", "3"]
    assert "workers / bare" in capsys.readouterr().out


def _bare_first(names, reverse):
    return ["bare", "workers"]


def test_both_train_the_same_functions():
    trials = benchmark_scaling._trials(3, 6)
    again = benchmark_scaling._trials(3, 6)
    assert trials == again
    assert len({trial["activation"] for trial in trials}) == 6
    oracle = benchmark_scaling.oracle_of("random", 3, 6)
    for expected in trials:
        trial = oracle.create_trial("one")
        assert trial.hyperparameters.values == expected
        oracle.update_trial(trial.trial_id, {"accuracy": 0.9})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--seconds", "-1"]])
def test_a_number_that_is_not_positive_is_refused(words, capsys):
    with pytest.raises(SystemExit) as ended:
        benchmark_scaling.main(words)
    assert ended.value.code == 2
    assert "must be positive" in capsys.readouterr().err
