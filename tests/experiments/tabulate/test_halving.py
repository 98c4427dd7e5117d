"""What stopping children on the way saves and loses, by hand."""

import numpy as np
import pytest

from experiments.tabulate import __main__ as tabulate
from experiments.tabulate import halving
from experiments.tabulate.halving import Children, play
from tests.searching import rows as read

SPACE = ["--unary", "identity", "max0", "sin", "--binary", "mul", "max"]
INF = float("inf")


def children(*losses):
    """Children whose loss is the same in all tenths, and minus their score."""
    first = np.array(losses)
    return Children(-first, np.repeat(first[:, None], 10, axis=1))


def test_a_search_by_hand():
    # The first eight go on; then only who is among the better half.
    found = children(*[5.0] * 8, 9.0, 1.0, 6.0)
    stopped, taken = play(found, range(11), (3,), 2)
    assert [*stopped] == [False] * 8 + [True, False, True]
    assert [*taken] == [10] * 8 + [3, 10, 3]
    stopped, taken = play(found, range(11), (1, 3), 2)
    assert [*taken] == [10] * 8 + [1, 10, 1]


def test_the_order_counts():
    found = children(*[5.0] * 8, 3.0, 3.2, 3.5)
    # The third best of eleven: fewer than 11 / 4 are better, not than 11 / 6.
    assert not play(found, range(11), (3,), 4)[0].any()
    stopped, _ = play(found, range(11), (3,), 6)
    assert [*stopped] == [False] * 10 + [True]
    stopped, _ = play(found, [*range(8), 10, 9, 8], (3,), 6)
    assert not stopped.any()  # each was the best when it came


def test_who_diverges_is_not_stopped():
    losses = np.array([[1.0] * 2 + [INF] * 8] + [[2.0] * 10] * 9)
    found = Children(np.array([-9.0] + [-2.0] * 9), losses)
    stopped, taken = play(found, [*range(1, 10), 0], (3,), 2)
    assert not stopped[-1] and taken[-1] == 2


def test_means_over_searches():
    # Of two functions one is drawn: the rule never stops it.
    alone = halving.judge(children(1.0, 2.0), (3,), 2, 1, 50)
    assert alone == {
        "steps": 1.0, "best_lost": 0.0, "five_lost": 0.0, "regret": 0.0
    }  # fmt: skip
    # Slow starters: in the first tenth the best nine look worst.
    losses = np.repeat(np.arange(40.0)[:, None], 10, axis=1)
    losses[:9, 0] = 100.0
    slow = Children(-np.arange(40.0), losses)
    early = halving.judge(slow, (1,), 4, 40, 50)
    late = halving.judge(slow, (3,), 4, 40, 50)
    assert early["best_lost"] > 0.7 and early["regret"] > 1
    assert late["best_lost"] == late["regret"] == 0
    assert early["steps"] < late["steps"] < 0.7


def test_the_command(make, tmp_path, capsys):
    folder = make("runs", *SPACE)
    words = ["halving", str(folder), "--functions", "8", "--searches", "5"]
    assert tabulate.main([*words, "--directory", str(tmp_path / "new")]) == 0
    found = read(tmp_path / "new" / "halving.csv")
    assert [(r["rungs"], r["reduction"]) for r in found] == [
        (" ".join(map(str, rungs)), str(one)) for rungs, one in halving.RULES
    ]
    assert {r["task"] for r in found} == {"toy"}
    capsys.readouterr()
    broken = tmp_path / "broken" / "1-of-1"
    broken.mkdir(parents=True)
    text = (folder / "1-of-1" / "runs.csv").read_text()
    (broken / "runs.csv").write_text(text.replace("function", "name", 1))
    for bad in (
        ["halving", str(tmp_path)],
        ["halving", str(broken.parent)],
        [*words[:3], "999"],
    ):
        with pytest.raises(SystemExit) as ended:
            tabulate.main([*bad, "--directory", str(tmp_path)])
        assert ended.value.code == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
