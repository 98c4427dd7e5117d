"""What the open table gives a search to begin with, and a search in it."""

import sys

import numpy as np
import pytest
from scipy import stats

import actfn
from actfn import bench
from actfn.search.policies import prior as priors
from experiments.search import __main__ as searching
from experiments.simulate import __main__ as simulate
from experiments.simulate import tables
from experiments.tabulate import __main__ as tabulate
from tests.searching import rows as read

SPACE = ["--unary", "identity", "max0", "sin", "--binary", "mul", "max"]
FEW = ["--seeds", "2", "--proposals", "8"]


@pytest.fixture
def folder(make, tmp_path, monkeypatch):
    """A table in the package's place, and its prior."""
    folder = tmp_path / "table"
    words = ["gather", str(make("runs", *SPACE)), *SPACE, "--to", str(folder)]
    assert tabulate.main(words) == 0
    monkeypatch.setattr(bench.table, "FOLDER", folder)
    monkeypatch.setattr(priors, "PATH", folder / "prior.npz")
    return folder


def test_scores_are_the_normal_quantiles_of_the_ranks(folder, capsys):
    target = folder / "prior.npz"
    assert tabulate.main(["prior", "--to", str(target)]) == 0
    assert "on toy" in capsys.readouterr().out
    prior = priors.Prior.load()
    table = bench.load()
    forms = dict(
        zip(
            table.functions["function"].to_pylist(),
            table.functions["form"].to_pylist(),
            strict=True,
        )
    )
    found = {forms[r["function"]]: r for r in table.summary.to_pylist()}
    assert {*prior.texts} == {*found} and len(found) > 5
    ranks = stats.rankdata([-found[text]["mean"] for text in prior.texts])
    expected = stats.norm.ppf((ranks - 0.5) / len(ranks))
    np.testing.assert_allclose(prior.scores["toy"], expected, atol=2e-3)
    assert prior.best(1) == [min(found, key=lambda text: found[text]["rank"])]


def search(folder, *words):
    words = ["--table", "bench", *SPACE, *FEW, *words]
    return simulate.main([*words, "--directory", str(folder)])


def test_policies_search_a_task_of_the_table(folder, tmp_path, capsys):
    words = ["--task", "toy", "--policy", "random", "surrogate"]
    assert search(tmp_path / "a", *words) == 0
    runs = read(tmp_path / "a" / "runs.csv")
    assert [row["policy"] for row in runs] == ["random"] * 2 + ["surrogate"] * 2
    errors = [row["mean"] for row in bench.load().summary.to_pylist()]
    landscape = tables.of_bench("toy", 1, SPACE[1:4], SPACE[5:])
    assert landscape.best == pytest.approx(-min(errors))


def test_without_pyarrow_the_error_says_what_to_install(
    folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for program in (
        lambda: tabulate.main(["prior", "--to", str(tmp_path / "p.npz")]),
        lambda: search(tmp_path / "d", "--task", "toy"),
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            program()
        assert ended.value.code == 2
        assert "pip install pyarrow" in capsys.readouterr().err


def test_no_prior_knows_the_task_that_is_searched(folder, tmp_path, capsys):
    assert tabulate.main(["prior", "--to", str(folder / "prior.npz")]) == 0
    with pytest.raises(SystemExit):
        search(tmp_path / "b", "--task", "toy", "--policy", "surrogate_prior")
    assert "`scores` must have a score" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
    known = priors.Prior.load()
    known.scores = {"other": known.scores["toy"]}
    known.save(folder / "prior.npz")
    words = ["--policy", "surrogate_prior", "surrogate_shuffled"]
    assert search(tmp_path / "b", "--task", "toy", *words) == 0
    assert len(read(tmp_path / "b" / "runs.csv")) == 4


def test_a_search_begins_with_what_other_tasks_know(
    folder, toy_task, tmp_path, capsys
):
    words = "--task toy --trials 1 --repeats 1 --finalists 1 --no-control"
    words = [*words.split(), "--core-units", "1", "--no-specials", "--prior"]
    words += ["--directory", str(tmp_path / "s")]

    def known(scores):
        of = {"toy": -scores, "other": scores}
        priors.Prior(["sin(x)", "tanh(x)"], of).save(folder / "prior.npz")

    known(np.array([2.0, -2.0]))
    assert searching.main(words) == 0
    # What the table knows of the task itself would have begun with tanh.
    (row,) = read(tmp_path / "s" / "results.csv")
    x = np.linspace(-5, 5, 21)
    found = actfn.parse(row["expression"])(x)
    assert np.corrcoef(found, np.sin(x))[0, 1] > 0.95
    page = (tmp_path / "s" / "search.html").read_text()
    assert "began with what the open table knows of other tasks" in page
    known(np.array([1.0, -2.0]))
    for more, expected in (
        (["--resume"], "prior"),
        (["--policy", "evolution"], "surrogate"),
    ):
        with pytest.raises(SystemExit) as ended:
            searching.main([*words, *more])
        assert ended.value.code == 2 and expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["--task"]),
        (["--task", "nosuch"], ["toy", "nosuch"]),
    ],
)
def test_bad_input_is_one_line(words, expected, folder, tmp_path, capsys):
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        search(tmp_path / "c", *words)
    err = capsys.readouterr().err
    assert ended.value.code == 2 and len(err.strip().splitlines()) == 1
    assert all(word in err for word in expected)


def test_a_prior_without_a_table_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench.table, "FOLDER", tmp_path)
    with pytest.raises(SystemExit) as ended:
        tabulate.main(["prior", "--to", str(tmp_path / "prior.npz")])
    assert ended.value.code == 2
    assert "gather" in capsys.readouterr().err
