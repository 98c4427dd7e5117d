"""Signal and noise against a table that is made to have known ones."""

import csv
import math

import numpy as np
import pytest

from experiments.benchmark import discrimination


def test_signal_and_noise_of_a_table_that_is_made():
    rng = np.random.default_rng(0)
    functions = rng.permutation(np.linspace(0, 3, 400))[:, None]
    seeds = rng.normal(scale=50, size=(1, 6))  # common to a seed
    table = functions + seeds + rng.normal(scale=0.1, size=(400, 6))
    found = discrimination.statistics(table)
    assert found["noise"] == pytest.approx(0.1, rel=0.05)
    better = np.linspace(1.5, 3, 200).std(ddof=1)
    assert found["signal"] == pytest.approx(better, rel=0.05)
    ratio = found["signal"] / found["noise"]
    assert found["signal_over_noise"] == pytest.approx(ratio)
    assert 0.9 < found["seed_correlation"] <= 1


def test_noise_alone_has_no_rank_correlation():
    table = np.random.default_rng(1).normal(size=(200, 4))
    found = discrimination.statistics(table)
    assert found["signal_over_noise"] < 1
    assert abs(found["seed_correlation"]) < 0.5


def test_the_panel_has_24_functions_that_differ():
    assert len(set(discrimination.PANEL)) == len(discrimination.PANEL) >= 24


def test_a_tiny_run_and_its_resumption(tmp_path, toy_task):
    words = ["--tasks", "toy", "--functions", "4", "--seeds", "2"]
    words += ["--directory", str(tmp_path)]
    discrimination.main(words)
    path = tmp_path / "discrimination_runs.csv"
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 1 + 2 * 4 * 2
    path.write_text("".join(lines[:6]))
    with pytest.raises(SystemExit) as ended:
        discrimination.main(words)
    assert ended.value.code == 2
    discrimination.main([*words, "--resume"])
    assert without_seconds(path.read_text()) == without_seconds(whole)
    with (tmp_path / "discrimination.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["setting"] for row in rows] == ["quick"] * 2 + ["larger"] * 2
    assert all(math.isfinite(float(row["noise"])) for row in rows)
    assert rows[0]["functions"] == "4" and rows[0]["seeds"] == "2"


def without_seconds(text):
    return [line.rsplit(",", 1)[0] for line in text.splitlines()]
