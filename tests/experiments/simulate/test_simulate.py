"""The simulation program, on tables small enough to check by hand."""

import csv

import numpy as np
import pytest

import actfn
from actfn import search
from experiments.simulate import __main__ as simulate
from experiments.simulate import runs, tables
from experiments.simulate.contestants import NAMES, contestant
from experiments.simulate.landscape import Landscape
from experiments.simulate.runs import Run, curves
from experiments.simulate.statistics import summarise
from experiments.tasks.implicit import Implicit

SPACE = actfn.SearchSpace(
    1, ["identity", "sin", "tanh", "max0"], ["add", "mul", "max"]
)
SMALL = ["--seeds", "4", "--proposals", "30"]


def reward_of(text):
    """Any reward that is the same for all ways to write a function."""
    return len(text) / 100 + text.count("tanh")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "rewards.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["expression", "note", "reward"])
        for expression in SPACE.enumerate():
            form = str(actfn.canonicalize(expression))
            writer.writerow([expression, "", reward_of(form)])
    return path


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def run(capsys, *words):
    try:
        status = simulate.main([str(word) for word in words])
    except SystemExit as end:
        status = end.code
    out = capsys.readouterr()
    return status, out.out, out.err


@pytest.fixture
def finished(table, tmp_path, capsys):
    words = ["--table", table, "--policy", "random", "ppo", "exhaustive"]
    status, out, err = run(capsys, *words, *SMALL, "--directory", tmp_path)
    assert status == 0, err
    return tmp_path, out


def test_it_writes_what_it_promises(finished):
    folder, out = finished
    policies = rows(folder / "policies.csv")
    assert [r["policy"] for r in policies] == ["random", "ppo", "exhaustive"]
    for name in ("p_logrank_evaluations", "p_mann_whitney_late"):
        assert policies[0][name] == "nan"  # random against itself
        assert 0 <= float(policies[1][name]) <= 1
    assert float(policies[0]["ratio_p90"]) == 1.0
    assert len(rows(folder / "runs.csv")) == 3 * 4
    found = [r for r in rows(folder / "curves.csv") if r["policy"] == "ppo"]
    best = [float(row["best_mean"]) for row in found]
    assert len(best) == 30 and best == sorted(best)
    assert (folder / "policies.png").read_bytes().startswith(b"\x89PNG")
    assert "exhaustive" in out


def test_random_rows_are_those_of_a_plain_loop(finished, table):
    folder, _ = finished
    rewards = {
        str(actfn.canonicalize(e)): reward_of(str(actfn.canonicalize(e)))
        for e in SPACE.enumerate()
    }
    threshold = max(rewards.values())  # the top 1 percent is one function
    given = [r for r in rows(folder / "runs.csv") if r["policy"] == "random"]
    for seed, row in enumerate(given):
        policy = search.RandomPolicy(SPACE, seed)
        seen, heard, to_top = [], [], np.inf
        for _ in range(30):
            form = str(actfn.canonicalize(policy.propose(1)[0].expression))
            seen.append(form)
            heard.append(rewards[form])
            if rewards[form] == threshold and to_top == np.inf:
                to_top = len(set(seen))
        assert float(row["evaluations_to_top"]) == to_top
        assert int(row["evaluations"]) == len(set(seen))
        assert float(row["late_reward"]) == pytest.approx(
            np.mean(heard[-8:]), rel=1e-5
        )


def test_same_seed_same_files(finished, table, tmp_path, capsys):
    folder, _ = finished
    again = tmp_path / "again"
    words = ["--table", table, "--policy", "random", "ppo", "exhaustive"]
    run(capsys, *words, *SMALL, "--directory", again)
    for name in ("runs.csv", "curves.csv"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    words = [*words, *SMALL, "--seed", "1", "--resume"]
    run(capsys, *words, "--directory", again)
    later, first = rows(again / "runs.csv"), rows(folder / "runs.csv")
    assert later[:3] == first[1:4]


@pytest.mark.parametrize("name", NAMES)
def test_policies_do_not_hear_of_functions_without_a_row(name):
    if name == "optuna":
        pytest.importorskip("optuna")
    forms = sorted({str(actfn.canonicalize(e)) for e in SPACE.enumerate()})
    some = {form: reward_of(form) for form in forms[::3]}
    land = Landscape("some", SPACE, some, None)
    done = runs.run(contestant(name, SPACE, 0), land, 60)
    assert {*done.rewards} <= {*some.values()}
    # All are found, or proposals run out: nobody waits for who never answers.
    assert len(done.rewards) == 60 or done.evaluations == len(some)
    assert done.evaluations > len(some) / 2
    policy, seen = contestant(name, SPACE, 0), []
    while len(seen) < done.evaluations:  # the same in a plain loop
        (proposal,) = policy.propose(1)
        form = str(actfn.canonicalize(proposal.expression))
        if form in some:
            policy.update([(proposal.id, some[form])])
            seen += [] if form in seen else [form]
    assert [some[form] for form in seen] == [*done.rewards[done.is_new]]


def test_the_space_is_read_off_the_table(table):
    found = tables.table(table)
    assert found.space.core_units == 1
    assert {*found.space.unary} == {*SPACE.unary}
    assert {*found.space.binary} == {*SPACE.binary}
    forms = {str(actfn.canonicalize(e)) for e in SPACE.enumerate()}
    assert found.size == len(forms)
    assert found.best == max(map(reward_of, forms))
    assert all(map(found.knows, forms)) and not found.knows("erf(x)")
    with pytest.raises(KeyError, match="erf"):
        found.reward("erf(x)")


def test_runs_of_tabulate_are_found_by_their_canonical_form(tmp_path):
    path = tmp_path / "runs.csv"
    rows = [
        ("x + x", 0, "completed", 20.0),
        ("x + x", 1, "completed", 22.0),
        ("tanh(x) + sin(x)", 0, "completed", 30.0),
        ("tanh(x) + sin(x)", 1, "completed", 32.0),
        ("sin(x) ** 2", 0, "diverged", "nan"),
        # As trained, relu is max(x, 0); prelu starts at 0.25, no string does.
        ("relu", 0, "completed", 25.0),
        ("prelu", 0, "completed", 50.0),
        # Of two units.
        ("sin(x) + tanh(x) + sin(sin(x))", 0, "completed", 60.0),
    ]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["function", "run", "status", "psnr", "task"])
        writer.writerows([*row, "implicit"] for row in rows)
    unary = ["identity", "sin", "tanh", "max0"]
    land = tables.table(path, None, unary, ["add", "mul", "max"])
    assert land.space.core_units == 1 and land.size == 4
    for text, reward in (
        ("2 * x", 21),
        ("sin(x) + tanh(x)", 31),
        ("sin(x) * sin(x)", Implicit.metrics["psnr"].floor),
        ("max(x, 0)", 25),
    ):
        form = land.canonical(actfn.parse(text))
        assert land.reward(form) == reward
    # What both seeds add to both functions alike tells nothing.
    assert land.noise == 0 and land.best == 31
    assert land.runs_of(land.canonical(actfn.parse("x + x"))).tolist() == [
        20, 22
    ]  # fmt: skip


def test_the_score_of_a_task_where_less_is_better_is_turned_around(
    toy_task, tmp_path
):
    path = tmp_path / "runs.csv"
    path.write_text(
        "function,run,status,error,task\n"
        "x + x,0,completed,0.25,toy\nsin(x) + x,0,diverged,nan,toy\n"
    )
    land = tables.table(path, None, ["identity", "sin"], ["add"])
    assert land.best == -0.25 and land.reward("x + sin(x)") == -1e3


def made_run(rewards, is_new=None):
    rewards = np.array(rewards, float)
    is_new = np.ones(len(rewards), bool) if is_new is None else is_new
    return Run(rewards, np.array(is_new, bool), 1.0)


def test_what_never_finds_the_top_counts_as_the_whole_budget(table):
    land = tables.table(table)
    top = land.threshold
    never = made_run([0, 1, 0, 1])
    at_3 = made_run([0, 0, 1, top], is_new=[1, 0, 1, 1])
    row = summarise("any", {"any": [never, at_3, at_3, never]}, land, budget=4)
    assert row.found == 0.5
    assert (row.evaluations_median, row.evaluations_p90) == (3.5, 4.0)
    assert (row.proposals_median, row.proposals_p90) == (4.0, 4.0)
    assert np.isnan(row.p_mann_whitney_late)
    assert np.isnan(row.p_logrank_evaluations)
    # The last quarter is one proposal.
    assert row.late_reward == pytest.approx((1 + top) / 2)
    np.testing.assert_array_equal(
        curves([never, at_3], 4), [[0, 1, 1, 1], [0, 1, top, top]]
    )


def test_p_value_of_three_against_three_wholly_apart(table):
    land = tables.table(table)
    low, high = (
        [made_run([value]) for value in values]
        for values in ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    )
    # Of the 20 ways to part six numbers, two are as far apart.
    row = summarise("any", {"any": high, "random": low}, land, budget=1)
    assert row.p_mann_whitney_late == pytest.approx(2 / 20)


def test_ridge_rewards_are_kept_for_the_next_run(tmp_path, capsys):
    words = ["--landscape", "ridge", "--core-units", "2", "--sample", "12"]
    words += ["--policy", "random", "evolution", "--seeds", "2"]
    words += ["--proposals", "12", "--directory", tmp_path]
    words += ["--unary", "identity", "tanh", "sin", "--binary", "add", "mul"]
    status, out, err = run(capsys, *words)
    assert status == 0, err
    assert "ridge, 2 units: 12 functions" in out
    kept = (tmp_path / "ridge_rewards.csv").read_bytes()
    assert len(kept.splitlines()) > 13
    first = (tmp_path / "runs.csv").read_bytes()
    run(capsys, *words, "--resume")
    assert (tmp_path / "ridge_rewards.csv").read_bytes() == kept
    assert (tmp_path / "runs.csv").read_bytes() == first


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--table", "nowhere.csv"], "nowhere.csv"),
        (["--table", "wrong.csv"], "columns expression and reward"),
        (["--table", "tasks.csv"], "runs of one task"),
        (
            ["--table", "other.csv", "--unary", "sin", "--binary", "add"],
            "functions of the space",
        ),
        (["--table", "nan.csv"], "`reward` must be a finite number"),
        (["--table", "text.csv"], "Cannot read"),
        (["--policy", "magic"], "magic"),
        (["--seeds", "0"], "positive integer"),
        (["--seed", "-1"], "`seed` must be"),
        (["--landscape", "ridge", "--table", "wrong.csv"], "--table"),
        (["--landscape", "ridge", "--unary", "foo"], "'foo'"),
        (["--table", "good.csv", "--unary", "foo"], "'foo'"),
        (["--table", "good.csv", "--unary", "cos"], "`expression` must be"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    words, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    head = "function,task,run,status,psnr\n"
    two = "relu,implicit,0,completed,1\nrelu,text,0,completed,1\n"
    (tmp_path / "tasks.csv").write_text(head + two)
    other = "elu,implicit,0,completed,1\n"
    (tmp_path / "other.csv").write_text(head + other)
    (tmp_path / "nan.csv").write_text("expression,reward\nx + x,nan\n")
    (tmp_path / "text.csv").write_text("expression,reward\nx +,1\n")
    (tmp_path / "good.csv").write_text("expression,reward\nx + x,1\n")
    words = ["--table", "good.csv", *words] if "--seed" in words else words
    status, _, err = run(capsys, *words, "--directory", tmp_path / "out")
    assert status == 2
    assert message in err and err.count("\n") == 1, err


def test_a_stopped_simulation_goes_on(finished, table, tmp_path, capsys):
    folder, _ = finished
    words = ["--table", table, "--policy", "random", "ppo", "exhaustive"]
    words += [*SMALL, "--directory", tmp_path / "stopped"]
    done, whole = [], simulate.run

    def stopping(policy, landscape, budget):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(policy)
        return whole(policy, landscape, budget)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "run", stopping)
        status, _, err = run(capsys, *words)
        assert status == 130 and "--resume goes on" in err
        kept = rows(tmp_path / "stopped" / "proposals.csv")
        assert len(kept) == 5
        status, _, err = run(capsys, *words)
        assert status == 2 and "add --resume" in err
        done.clear()
        patch.setattr(simulate, "run", lambda *a: done.append(0) or whole(*a))
        assert run(capsys, *words, "--resume")[0] == 0
        assert len(done) == 3 * 4 - 5
    for name in ("runs.csv", "curves.csv"):
        again = tmp_path / "stopped" / name
        assert again.read_bytes() == (folder / name).read_bytes()
    status, _, err = run(capsys, *words, "--resume", "--proposals", "31")
    assert status == 2 and "proposals 30 there, 31 here" in err


def test_exhaustive_refuses_a_large_space_before_any_run(tmp_path, capsys):
    words = ["--landscape", "ridge", "--sample", "2", "--policy", "exhaustive"]
    status, _, err = run(capsys, *words, "--directory", tmp_path)
    assert status == 2
    assert "`space` must have at most 1000000" in err.splitlines()[-1]
    assert not any(tmp_path.iterdir())
