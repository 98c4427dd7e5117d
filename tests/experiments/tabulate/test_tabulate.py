"""The program that tabulates a small space, with children of a few steps."""

import csv

import pytest

import actfn
from experiments.tabulate import __main__ as tabulate

WORDS = ["--unary", "identity", "max0", "--binary", "max"]
WORDS += ["--steps", "4", "--best", "2", "--repeats", "2"]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_killed_run_goes_on_to_the_same_table(tmp_path, capsys):
    words = [*WORDS, "--directory", str(tmp_path)]
    assert tabulate.main(words) == 0
    runs, rewards = rows(tmp_path / "runs.csv"), rows(tmp_path / "rewards.csv")
    space = actfn.SearchSpace(1, ["identity", "max0"], ["max"])
    forms = {str(actfn.canonicalize(e)) for e in space.enumerate()}
    assert {row["canonical"] for row in rewards} == forms
    assert len(runs) == len(forms) + 2
    # Run n has one seed for all functions, and the rewards are means.
    assert {(r["run"], r["seed"]) for r in runs} == {
        (str(n), next(r["seed"] for r in runs if r["run"] == str(n)))
        for n in range(2)
    }
    for row in rewards:
        mine = [r for r in runs if r["expression"] == row["expression"]]
        assert int(row["runs"]) == len(mine)
        mean = sum(float(r["accuracy"]) for r in mine) / len(mine)
        assert float(row["reward"]) == pytest.approx(mean, rel=1e-4)
    first = (tmp_path / "rewards.csv").read_bytes()
    lines = (tmp_path / "runs.csv").read_text().splitlines(keepends=True)
    (tmp_path / "runs.csv").write_text("".join(lines[:-3]))
    with pytest.raises(SystemExit) as end:
        tabulate.main(words)
    assert end.value.code == 2
    assert "--resume" in capsys.readouterr().err
    assert tabulate.main([*words, "--resume"]) == 0
    assert (tmp_path / "rewards.csv").read_bytes() == first


@pytest.mark.parametrize(
    "words", [["--unary", "foo"], ["--best", "0"], ["--steps", "x"]]
)
def test_bad_input_is_one_line_and_status_2(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        tabulate.main([*words, "--directory", str(tmp_path / "t")])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
