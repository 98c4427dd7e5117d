"""Who is stopped at a rung of successive halving."""

import math

import keras_tuner
import pytest

import actfn
from actfn import search

SPACE = actfn.SearchSpace(core_units=1)


def halved(folder, trials):
    """Trials report at a rung; returns who was told to stop there."""
    oracle = search.PolicyOracle(
        search.RandomPolicy(SPACE),
        objective=keras_tuner.Objective("val_loss", "min"),
        max_trials=trials,
        halving=search.SuccessiveHalving(reduction=2, grace=2),
        verbose=0,
    )
    oracle._set_project_dir(folder, "search")
    oracle.reload()
    stopped = []
    for loss in [3.0, 5.0, 4.0, 2.0, 4.5, 9.0, 1.0][len(oracle.results) :]:
        trial = oracle.create_trial("t")
        if trial.status == "STOPPED":
            break
        found = oracle.update_trial(trial.trial_id, {"rung": loss}, 100)
        stopped.append(found.status == "STOPPED")
        metrics = {"val_loss": loss / 2, "rejected": float(stopped[-1])}
        oracle.update_trial(trial.trial_id, metrics)
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return stopped, oracle


def test_halving_stops_the_worse_half(tmp_path):
    # By hand: the place among those so far must be in the better half.
    expected = [False, False, False, False, True, True, False]
    stopped, oracle = halved(tmp_path / "whole", 7)
    assert stopped == expected
    rewards = [result.reward for result in oracle.results]
    assert rewards == [-1.5, -2.5, -2.0, -1.0, -2.25, -4.5, -0.5]
    first, _ = halved(tmp_path / "parts", 3)
    rest, _ = halved(tmp_path / "parts", 7)
    assert first + rest == expected


def test_a_child_that_is_trained_again_counts_once_at_a_rung():
    halving = search.SuccessiveHalving(reduction=2, grace=1)
    assert halving.add(100, 0.5, "first")
    for _ in range(3):
        assert halving.add(100, 0.9, "second")
    # Better is one of three; were each try counted, three of five would be.
    assert halving.add(100, 0.7, "third")
    assert not halving.add(100, 0.1, "second")


@pytest.mark.parametrize("reward", [math.nan, -math.inf, math.inf])
def test_a_child_that_has_diverged_stops_at_a_rung(reward):
    halving = search.SuccessiveHalving(reduction=2, grace=8)
    rest = [0.5, 0.1, 0.9, 0.2, 0.7, 0.3, 0.8, 0.4, 0.6, 0.0]
    told = [halving.add(1, each, str(each)) for each in rest]
    halving.clear()
    for each, expected in zip(rest, told, strict=True):
        # Even among the first few; and the others do not notice it.
        assert not halving.add(1, reward, f"diverged before {each}")
        assert halving.add(1, each, str(each)) == expected


@pytest.mark.parametrize(
    "options", [{"reduction": 1}, {"grace": 0}, {"reduction": 1.5}]
)
def test_bad_halving(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        search.SuccessiveHalving(**options)
