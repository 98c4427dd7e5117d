"""The tests and intervals of a simulation, against plain NumPy."""

import csv

import numpy as np
import pytest
from scipy import stats

import actfn
from experiments.simulate import landscape as landscapes
from experiments.simulate import statistics, tables
from experiments.simulate.landscape import Landscape
from experiments.simulate.runs import Run

SPACE = actfn.SearchSpace(unary=["identity", "sin"], binary=["add"])


def landscape_of(rewards, noise=0.0):
    forms = {str(place): reward for place, reward in enumerate(rewards)}
    return Landscape("made", SPACE, forms, lambda _: 0.0, noise=noise)


def run_of(to_top, length):
    """A run whose evaluation of this number is of reward 1."""
    rewards = np.zeros(length)
    if to_top <= length:
        rewards[to_top - 1] = 1.0
    return Run(rewards, np.ones(length, bool), 1.0)


def logrank(times, seen, group):
    """p of the log-rank test by its definition (Mantel, 1966)."""
    observed = expected = variance = 0.0
    for time in np.unique(times[seen]):
        at_risk = times >= time
        n, n1 = at_risk.sum(), (at_risk & group).sum()
        d = (seen & (times == time)).sum()
        observed += (seen & (times == time) & group).sum()
        expected += d * n1 / n
        if n > 1:
            share = n1 / n
            variance += d * share * (1 - share) * (n - d) / (n - 1)
    return stats.chi2.sf((observed - expected) ** 2 / variance, 1)


def test_logrank_counts_runs_that_found_none_as_censored():
    land = landscape_of([0.0] * 99 + [1.0])
    # To the top, and how many each evaluated: four have found none.
    ours = [(2, 40), (5, 40), (5, 40), (30, 40), (99, 6), (99, 8)]
    theirs = [(7, 40), (11, 40), (20, 40), (35, 40), (99, 40), (99, 40)]
    runs = [[run_of(*each) for each in group] for group in (ours, theirs)]
    row = statistics.summarise(
        "any", {"any": runs[0], "random": runs[1]}, land, 40
    )
    to_top, lengths = np.array(ours + theirs).T
    seen = to_top <= lengths
    # Who proposes the same 40 times has not found it after eight: it is stuck.
    times = np.where(seen, to_top, 40)
    expected = logrank(times, seen, np.arange(12) < 6)
    assert row.p_logrank_evaluations == pytest.approx(expected, rel=1e-6)
    for other in (
        # As if they had found the top with their last new function.
        (np.minimum(times, lengths), np.ones(12, bool)),
        # As if they had left the search after their last new function.
        (np.minimum(times, lengths), seen),
    ):
        wrong = logrank(*other, np.arange(12) < 6)
        assert row.p_logrank_evaluations != pytest.approx(wrong, rel=1e-2)


def test_bootstrap_interval_is_that_of_a_plain_loop():
    rng = np.random.default_rng(1)
    ours, theirs = rng.geometric(0.05, 200), rng.geometric(0.02, 200)
    low, high = statistics.bootstrap_interval(ours, theirs)
    ratios = [
        np.percentile(rng.choice(ours, 200), 90)
        / np.percentile(rng.choice(theirs, 200), 90)
        for _ in range(4_000)
    ]
    expected = np.percentile(ratios, [2.5, 97.5])
    np.testing.assert_allclose([low, high], expected, rtol=0.06)
    assert low < statistics.p90_ratio(ours, theirs) < high


def test_each_ratio_is_over_its_own_rival():
    land = landscape_of([0.0] * 99 + [1.0])
    to_top = {"random": [20, 30], "surrogate": [8, 12], "other": [4, 6]}
    runs = {
        name: [run_of(each, 40) for each in counts]
        for name, counts in to_top.items()
    }
    p90 = {name: np.quantile(each, 0.9) for name, each in to_top.items()}
    for name in runs:
        row = statistics.summarise(name, runs, land, 40)
        for rival, field in (
            ("random", "ratio_p90"),
            ("surrogate", "ratio_p90_surrogate"),
        ):
            ratio = getattr(row, field)
            assert ratio == pytest.approx(p90[name] / p90[rival])
            low = getattr(row, f"{field}_bootstrap_low")
            high = getattr(row, f"{field}_bootstrap_high")
            assert np.isnan(low) if name == rival else low < ratio < high
    alone = statistics.summarise("other", {"other": runs["other"]}, land, 40)
    assert np.isnan([alone.ratio_p90, alone.ratio_p90_surrogate]).all()


def test_regret_is_in_rewards():
    land = landscape_of([0.0] * 99 + [1.0])
    rewards = np.full((2, 60), 0.25)
    rewards[:, 49], rewards[1, 50] = [0.5, 0.75], 1.0
    runs = [Run(row, np.ones(60, bool), 1.0) for row in rewards]
    row = statistics.summarise("any", {"any": runs}, land, 60)
    assert row.regret == pytest.approx((0.5 + 0.25) / 2)
    assert row.regret_error == pytest.approx(np.std([0.5, 0.25]))


def test_the_top_knows_the_noise():
    rewards = np.linspace(0, 0.999, 1000)
    assert landscape_of(rewards).threshold == pytest.approx(0.99)
    # Two standard errors of a difference: 0.0566.
    noisy = landscape_of(rewards, noise=0.02)
    assert noisy.threshold == pytest.approx(0.999 - 2 * np.sqrt(2) * 0.02)
    assert noisy.top_share == pytest.approx(0.057)


def test_noise_is_read_off_a_table(tmp_path):
    path = tmp_path / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["expression", "reward", "runs", "deviation"])
        functions = ["x + x", "sin(x) + x", "sin(x) + sin(x)"]
        for text, reward in zip(functions, (0.5, 0.9, 0.7), strict=True):
            writer.writerow([text, reward, 4, reward / 10])
    assert tables.table(path).noise == pytest.approx(0.09 / 2)


def test_paired_noise_leaves_out_what_all_runs_share():
    rng = np.random.default_rng(0)
    own = rng.normal(0, 0.01, (2_000, 5))
    shared = rng.normal(0, 1.0, 5)
    noise = landscapes.paired_noise(list(own + shared))
    # The best tenth's means differ, their scatter between runs does not.
    assert noise == pytest.approx(0.01 / np.sqrt(5), rel=0.1)
    once = landscapes.paired_noise([np.array([1.0]), np.array([2.0])])
    assert np.isnan(once)
    # Then the top is the best 1 percent.
    rewards = np.arange(200.0)
    assert landscape_of(rewards, once).threshold == 198
