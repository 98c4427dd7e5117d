"""The runs of the open table that are kept say what training comes to."""

import pathlib

import numpy as np
import pytest

from actfn.search.executors import make
from experiments import tasks
from experiments.tabulate import rows

KEPT = pathlib.Path(__file__).parents[3] / "docs" / "results" / "table"
NAMES = sorted(folder.name for folder in KEPT.iterdir())


def test_there_are_some():
    assert {*NAMES} <= {*tasks.names()} and NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_three_runs_are_repeated(name):
    task = tasks.get(name)
    found = [
        row for row in rows.read(KEPT / name) if row["status"] == "completed"
    ]
    drawn = np.random.default_rng(len(found)).choice(len(found), 3, False)
    kept = {str(n): found[n] for n in drawn}
    jobs = iter(
        [(n, (row["function"], int(row["run"]))) for n, row in kept.items()]
    )
    trainer = rows.Trainer(name, task, task.settings["quick"])
    again = {}
    # In a process of one thread, as the program does.
    executor = make("processes")
    executor.drive(trainer, lambda: next(jobs, None), again.__setitem__)
    assert {*again} == {*kept}
    for number, row in kept.items():
        agree(again[number], row, task.metric)


def agree(run, row, metric):
    """A processor with other kernels adds in another order, which grows."""
    assert (run["seed"], run["setting"]) == (int(row["seed"]), row["setting"])
    begin, before = float(run["loss_1"]), float(row["loss_1"])
    assert begin == pytest.approx(before, rel=1e-2)
    if begin == pytest.approx(before, rel=2e-6):  # six digits are kept
        names = (*rows.TENTHS, metric, *rows.SIGNS)
        for name in names:
            if row.get(name):
                expected = pytest.approx(float(row[name]), rel=1e-4)
                assert float(run[name]) == expected, name
