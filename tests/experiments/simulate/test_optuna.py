"""Optuna as a search method, where it is installed (.ci/optuna)."""

import sys

import numpy as np
import pytest

import actfn
from experiments.simulate import __main__ as simulate
from experiments.simulate.contestants import contestant
from tests.searching import rows

SPACE = actfn.SearchSpace(1)


def test_without_it_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ValueError, match="pip install optuna"):
        contestant("optuna", SPACE, 0)


def test_it_finds_a_planted_operator_and_is_repeatable():
    pytest.importorskip("optuna")

    def search(seed):
        policy = contestant("optuna", SPACE, seed)
        found = []
        for _ in range(80):
            (proposal,) = policy.propose()
            text = str(proposal.expression)
            found.append(text)
            reward = ("sin(x)" in text) + ("tanh(x)" in text)
            policy.update([(proposal.id, float(reward))])
        return found

    first = search(1)
    assert first == search(1) != search(2)
    hits = np.array(["sin(x)" in text or "tanh(x)" in text for text in first])
    assert hits[-30:].mean() > 1.5 * hits[:30].mean()


def test_it_is_told_of_other_results():
    pytest.importorskip("optuna")
    policy = contestant("optuna", SPACE, 0)
    for _ in range(12):
        policy.tell(actfn.parse("max(x, sin(x))"), 1.0)
        policy.tell(actfn.parse("x + x"), 0.0)
    drawn = [str(p.expression) for p in policy.propose(20)]
    assert sum("sin" in text for text in drawn) > 3
    assert policy.statistics()["results"] == 24
    with pytest.raises(ValueError, match="`reward` must be a finite"):
        policy.tell(actfn.parse("x + x"), float("nan"))
    with pytest.raises(NotImplementedError, match="cannot be saved"):
        policy.get_state()


def test_it_is_compared(tmp_path):
    pytest.importorskip("optuna")
    words = "--policy random optuna --seeds 2 --proposals 12"
    words = [*words.split(), "--directory", str(tmp_path)]
    assert simulate.main(words) == 0
    found = [row["policy"] for row in rows(tmp_path / "policies.csv")]
    assert found == ["random", "optuna"]
