"""Finalists beside every rival, and several searches in one table."""

import csv
import json
import shutil

import numpy as np
import pytest
from scipy import stats

from experiments.benchmark import discoveries
from experiments.search.of_a_task import write_rivals

SETTINGS = {
    "task": "implicit",
    "seed": 0,
    "trials": 60,
    "finalists": 2,
    "repeats": 8,
    "reward": "psnr",
    "validation": "a",
    "test": "b",
}
RELU = np.array([18.0, 18.4, 17.9, 18.2, 18.3, 18.1, 17.8, 18.0])
GAINS = {
    "sin(x)": np.array([2.0, 2.1, 1.9, 2.2, 2.0, 1.8, 2.1, 2.0]),
    "cos(x)": np.array([3.0, 3.1, 2.9]),  # dropped after three seeds
}


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture()
def folder(tmp_path):
    folder = tmp_path / "search"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    roles = {"relu": "baseline"} | dict.fromkeys(GAINS, "finalist")
    scores = {"relu": RELU} | {n: RELU[: len(g)] + g for n, g in GAINS.items()}
    rows = [
        {"expression": n, "role": roles[n], "mean": s.mean()}
        for n, s in scores.items()
    ]
    write(folder / "confirmed.csv", rows)
    runs = [
        {"expression": n, "run": run, "score": score}
        for n, s in scores.items()
        for run, score in enumerate(s)
    ]
    # Once there were to be more repeats, and the finalist did badly in them.
    runs += [
        {"expression": "relu", "run": 8, "score": 18},
        {"expression": "sin(x)", "run": 8, "score": 0},
    ]
    write(folder / "retrained.csv", runs)
    return folder


def test_a_finalist_against_a_rival(folder):
    write_rivals(folder)
    rows = {row["expression"]: row for row in read(folder / "rivals.csv")}
    assert {row["rival"] for row in rows.values()} == {"relu"}
    margin = 0.1 * RELU.std(ddof=1)
    gains = GAINS["sin(x)"]
    test = stats.ttest_1samp(gains, margin, alternative="greater")
    row = rows["sin(x)"]
    assert float(row["margin"]) == pytest.approx(margin, rel=1e-5)
    assert float(row["gain"]) == pytest.approx(gains.mean(), rel=1e-5)
    assert float(row["p"]) == pytest.approx(2 * test.pvalue, rel=1e-4)
    assert row["pairs"] == "8"
    # However much it gains: it was dropped.
    assert float(rows["cos(x)"]["p"]) == 1 and rows["cos(x)"]["pairs"] == "3"


def test_a_table_of_before_is_made_anew(folder):
    (folder / "rivals.csv").write_text("expression,p\nx,0\n")
    write_rivals(folder)
    assert len(read(folder / "rivals.csv")) == 2


def test_searches_of_other_settings_do_not_stand_together(folder, capsys):
    write_rivals(folder)
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    words = [str(folder), str(other), "--directory", str(folder.parent)]
    discoveries.main(words)
    assert len(read(folder.parent / "discoveries.csv")) == 2
    for name in ("reward", "validation", "test"):
        text = json.dumps(SETTINGS | {name: "another"})
        (other / "settings.json").write_text(text)
        with pytest.raises(SystemExit) as ended:
            discoveries.main(words)
        assert ended.value.code == 2 and "another" in capsys.readouterr().err
