"""The benchmarks of the search, at their smallest."""

import csv
import itertools
import json
import types

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
from experiments.benchmark import (
    search as benchmark_search,
)
from experiments.benchmark.parts import variants


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
            for name in ("threads", "screen", "cache", "processes", "steps")
            if getattr(before, name) != getattr(after, name)
        ]
        assert len(differing) == 1


@pytest.mark.parametrize("name", ["oracle", "memory", "search"])
def test_bad_numbers(name, capsys):
    flag = {"oracle": "--marks", "memory": "--trials", "search": "--functions"}
    with pytest.raises(SystemExit) as stop:
        benchmark.main([name, flag[name], "0"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


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
        found = json.dumps({"seconds": seconds, "not_finished": 0})
        return types.SimpleNamespace(stdout=found.encode())

    monkeypatch.setattr(benchmark_search.subprocess, "run", run)
    return measured


def test_a_stopped_benchmark_of_the_search_goes_on(tmp_path, children, capsys):
    words = ["search", "--functions", "3", "--directory", str(tmp_path)]
    words += ["--variants", "stock", "loop", "thread", "reject"]
    with pytest.raises(KeyboardInterrupt):
        benchmark.main(words)
    kept = rows(tmp_path / "search.csv")
    assert len(kept) == 2
    with pytest.raises(SystemExit):  # other functions
        benchmark.main([*words, "--resume", "--seed", "1"])
    assert "--resume must go with the settings" in capsys.readouterr().err
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
    benchmark.main(words)  # anew
    assert len(children) == 9
