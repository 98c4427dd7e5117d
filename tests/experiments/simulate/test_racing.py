"""Simulated races, on tables small enough to know what must come out."""

import csv
import functools

import numpy as np
import pytest
from scipy import stats

import actfn
from actfn import search
from experiments.simulate import __main__ as simulate
from experiments.simulate import racing, tables

SPACE = actfn.SearchSpace(
    1,
    ["identity", "sin", "tanh", "max0", "cos", "square", "sigmoid"],
    ["add", "mul", "max", "min"],
)
WORDS = ["--unary", *SPACE.unary, "--binary", *SPACE.binary]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Runs of functions of which most are alike, and noise tells nothing."""
    path = tmp_path_factory.mktemp("table") / "runs.csv"
    rng = np.random.default_rng(0)
    functions = {actfn.canonicalize(e): str(e) for e in SPACE.enumerate()}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["function", "task", "run", "status", "psnr"])
        for text in functions.values():
            worth = rng.uniform(0.5, 0.6)
            for run in range(20):
                score = worth + 0.1 * rng.normal()
                row = [text, "implicit", run, "completed", score]
                writer.writerow(row)
    return path


def run(capsys, *words):
    try:
        status = simulate.main([str(word) for word in words])
    except SystemExit as end:
        status = end.code
    out = capsys.readouterr()
    return status, out.out, out.err


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_it_writes_what_scipy_says_of_paired_searches(table, tmp_path, capsys):
    words = [
        "--table",
        table,
        *WORDS,
        "--racing",
        "--policy",
        "random",
        "evolution",
    ]
    words += ["--proposals", "50", "--directory", tmp_path / "all"]
    status, out, err = run(capsys, *words, "--seeds", 3)
    assert status == 0, err
    status, out, err = run(capsys, *words, "--seeds", 30, "--resume")
    assert status == 0, err
    assert "True reward" in out and "evolution" in out
    pairs = rows(tmp_path / "all" / "races.csv")
    assert len(pairs) == 60
    for row in rows(tmp_path / "all" / "racing.csv"):
        each = [p for p in pairs if p["policy"] == row["policy"]]
        single, raced = (
            np.array([float(p[name]) for p in each])
            for name in ("single", "racing")
        )
        test = stats.ttest_rel(raced, single)
        low, high = test.confidence_interval()
        for name, value in (
            ("single", single.mean()),
            ("racing", raced.mean()),
            ("gain", raced.mean() - single.mean()),
            ("low", low),
            ("high", high),
            ("p", test.pvalue),
        ):
            assert float(row[name]) == pytest.approx(value, rel=1e-4, abs=1e-6)
        assert np.ptp(raced - single) > 0


def test_a_search_never_sees_the_runs_that_judge_it(table):
    land = tables.table(table, None, SPACE.unary, SPACE.binary)
    seen = []

    class Spied(np.ndarray):
        def __getitem__(self, place):
            if np.ndim(place) == 0:
                seen.append(int(place))
            return np.asarray(self)[place]

    land.runs = {form: each.view(Spied) for form, each in land.runs.items()}
    for raced in (False, True):
        seen.clear()
        policy = search.RandomPolicy(land.space, seed=5)
        worth = racing.handed_over(policy, land, 60, raced)
        order = np.random.default_rng((5, 13)).permutation(20)
        left_out = order[racing.MOST :]
        assert len(seen) == 60 and not {*seen} & {*left_out.tolist()}
        means = [np.asarray(r)[left_out].mean() for r in land.runs.values()]
        assert worth in means


def test_bad_input_is_one_line_and_status_2(tmp_path, capsys):
    for words, message in (
        (["--racing"], "at least 16 runs"),
        (["--racing", "--landscape", "ridge", "--runs", "8"], "Received: 8"),
        (["--runs", "8"], "--runs must not go with a table"),
    ):
        folder = tmp_path / "out"
        status, _, err = run(capsys, *words, "--directory", folder)
        assert status == 2
        assert message in err and err.count("\n") == 1, err
        assert not folder.exists()


@pytest.mark.parametrize("raced", [False, True])
def test_only_runs_that_all_functions_have_are_raced(table, raced):
    land = tables.table(table, None, SPACE.unary, SPACE.binary)
    land.runs = dict(land.runs)
    first = next(iter(land.runs))
    land.runs[first] = np.append(land.runs[first], [1e9] * 4)
    policy = search.RandomPolicy(land.space, seed=5)
    assert racing.handed_over(policy, land, 60, raced) < 1e6


@pytest.mark.parametrize("raced", [False, True])
def test_a_search_in_which_all_diverge_hands_over_the_floor(table, raced):
    land = tables.table(table, None, SPACE.unary, SPACE.binary)
    land.runs = {form: np.full(20, -5.0) for form in land.runs}
    land.floor = -5.0
    policy = search.RandomPolicy(land.space, seed=5)
    assert racing.handed_over(policy, land, 9, raced) == -5


def test_pairs_of_a_policy_with_other_settings_are_run_anew(table, tmp_path):
    land = tables.table(table, None, SPACE.unary, SPACE.binary)
    for tournament in (3, 4, 3):
        found = racing.Races(tmp_path / "races.csv")
        make = functools.partial(
            search.EvolutionPolicy, land.space, 1, tournament=tournament
        )
        found.run("evolution", 1, make, land, 20)
    pairs = rows(tmp_path / "races.csv")
    assert len(pairs) == len({row["settings"] for row in pairs}) == 2
