"""The benchmarks of the search, at their smallest."""

import csv
import itertools

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
