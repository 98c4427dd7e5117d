"""The open table of the package: it is what its runs say, and they repeat."""

import json
import pathlib
import statistics

import numpy as np
import pytest
from scipy import stats

from actfn import bench
from actfn.search.executors import make
from experiments import tasks
from experiments.tabulate import describe, rows
from experiments.tabulate.functions import Function, digest
from experiments.tabulate.stages import stages

pytest.importorskip("pyarrow")
KEPT = pathlib.Path(__file__).parents[3] / "docs" / "results" / "table"
NAMES = sorted(folder.name for folder in KEPT.iterdir())


@pytest.fixture(scope="module")
def table():
    return bench.load()


@pytest.fixture(scope="module")
def listed(table):
    """The functions as they were declared."""
    return [
        Function(row["function"], row["form"], row["set"], tuple(row["names"]))
        for row in table.functions.to_pylist()
    ]


@pytest.fixture(scope="module")
def runs(table):
    """The rows of each task."""
    found = {name: [] for name in table.tasks}
    for row in table.runs.to_pylist():
        found[row["task"]].append(row)
    return found


def test_every_run_that_is_kept_is_in_it(table, runs, listed):
    assert {*table.task_names} == {*NAMES} and NAMES
    for name in NAMES:
        for path in KEPT.glob(f"{name}/*/settings.json"):
            settings = json.loads(path.read_text())
            assert settings["functions"] == digest(listed)
            assert settings["setting"] == table.tasks[name]["setting"]
        metric = tasks.get(name).metric
        kept = {
            (row["function"], int(row["run"])): (
                row["status"],
                float(row[metric] or "nan"),
            )
            for row in rows.read(KEPT / name)
        }
        found = {
            (row["function"], row["run"]): (
                row["status"],
                float("nan" if row["score"] is None else row["score"]),
            )
            for row in runs[name]
        }
        assert len(found) == len(runs[name])
        np.testing.assert_equal(found, kept)


def test_functions_are_described_as_the_code_describes_them(table, listed):
    """Else `gather` was not run after a change of what is said of them."""
    chosen = [*range(0, 100, 3), *range(100, len(listed), 150)]
    kept = table.functions.to_pylist()
    for place, row in zip(
        chosen, describe.rows([listed[n] for n in chosen]), strict=True
    ):
        for name, value in row.items():
            told = kept[place][name]
            if name == "range" and row["division"]:
                continue  # beside a pole it is a matter of the last bits
            if isinstance(value, float) or name == "values":
                value = np.array(value, float)
                told = np.array(told, float)
                np.testing.assert_allclose(told, value, rtol=1e-4, atol=1e-6)
            else:
                assert told == value, (row["function"], name)


def test_the_counts_are_those_of_the_runs(table, runs, listed):
    texts = [each.text for each in listed]
    for name, told in table.tasks.items():
        own = runs[name]
        first = {row["function"] for row in own if row["run"] == 0}
        assert told["runs"] == len(own)
        assert told["functions"] == len(first)
        # The first of the list, whatever the others are: a random sample.
        assert first == {*texts[: told["declared"]]}
        scores = rows.scores(
            [{**row, tasks.get(name).metric: row["score"]} for row in own],
            tasks.get(name),
        )
        wanted = {
            child
            for stage in stages(listed[: told["declared"]], scores)
            for child in stage
        }
        assert told["missing"] == len(wanted - {*scores})
        seeds = {(row["run"], row["seed"]) for row in own}
        assert len(seeds) == len({run for run, _ in seeds})


def test_the_summary_is_that_of_the_runs(table, runs):
    for name, told in table.tasks.items():
        sign = 1 if told["direction"] == "max" else -1
        scores = {}
        for row in runs[name]:
            done = row["status"] == "completed"
            score = row["score"] if done else told["floor"]
            scores.setdefault(row["function"], []).append((score, done))
        own = [r for r in table.summary.to_pylist() if r["task"] == name]
        assert {row["function"] for row in own} == {*scores}
        means = [
            statistics.fmean(v for v, _ in scores[row["function"]])
            for row in own
        ]
        ranks = stats.rankdata(np.multiply(means, -sign), method="min")
        for row, rank in zip(own, ranks, strict=True):
            values, done = map(list, zip(*scores[row["function"]], strict=True))
            assert row["runs"] == len(values)
            assert row["diverged"] == done.count(False)
            assert row["mean"] == pytest.approx(np.mean(values), rel=1e-5)
            assert row["rank"] == rank
            if len(values) > 1:
                spread = pytest.approx(np.std(values, ddof=1), 1e-4, 1e-6)
                assert row["deviation"] == spread


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_runs_are_repeated(name):
    """Another processor adds in another order, which grows with the steps.

    So the first steps are the same, the later ones alike, and the function
    beats as many others as before. Five are drawn of the better half, and
    most must agree: at a pole, or where gradients explode, a last digit
    decides.
    """
    task = tasks.get(name)
    found = [
        row for row in rows.read(KEPT / name) if row["status"] == "completed"
    ]
    scores = np.array([float(row[task.metric]) for row in found])
    ranks = stats.rankdata(task.metrics[task.metric].sign * scores)
    better = np.flatnonzero(ranks > len(found) / 2)
    drawn = np.random.default_rng(len(found)).choice(better, 5, False)
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
    unlike = {}
    for number, row in kept.items():
        own = again[number]
        assert own["setting"] == row["setting"]
        assert own["seed"] == int(row["seed"])
        if wrong := _unlike(own, row, task.metric, scores):
            unlike[row["function"]] = wrong
    assert len(unlike) < 3, unlike


def _unlike(own, row, metric, scores):
    """Returns what of a repeated run is not as in the row, by its name."""
    if own["status"] != row["status"]:
        return {"status": own["status"]}
    ratios = {
        column: own[column] / float(row[column])
        for column in (*rows.TENTHS, *rows.SIGNS)
        if row[column]
    }
    begun = ("loss_1", *rows.SIGNS)
    wrong = {
        column: ratio
        for column, ratio in ratios.items()
        if not (abs(ratio - 1) < 1e-3 if column in begun else 0.5 < ratio < 2)
    }
    low, high = sorted([float(row[metric]), own[metric]])
    between = np.mean((low < scores) & (scores < high))
    return wrong | ({} if between < 0.05 else {metric: between})
