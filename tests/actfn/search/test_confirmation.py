"""Verdicts: against SciPy, and over many comparisons that are simulated."""

import math

import numpy as np
import pytest
from scipy import stats

from actfn.search.confirmation import LEVEL, holm, judge
from actfn.search.racing import Rounds, losers


def confirm(draw, functions, repeats=10):
    """Runs a confirmation as the session does; `draw(run)` has the scores."""
    rounds = Rounds(functions, repeats, race=True, safe=functions[:1])
    scores = {}
    while (job := rounds.next()) is not None:
        name, run = job
        if run not in scores:
            scores[run] = draw(run)
        rounds.add(name, run, scores[run][name])
    return judge(rounds.scores, functions[0], planned=repeats)


def share_of_switches(seeds, functions, advantage, common=0.0, to=None):
    count = 0
    for seed in range(seeds):
        rng = np.random.default_rng((seed, 2))

        def draw(run, rng=rng):
            own = common * rng.normal() + math.sqrt(1 - common**2) * rng.normal(
                size=len(functions)
            )
            own[-1] += advantage
            return dict(zip(functions, own, strict=True))

        verdict = confirm(draw, functions)
        count += verdict.switch and to in (None, verdict.best)
    return count / seeds


FUNCTIONS = ["relu", "gelu", "swish_1", "f1", "f2", "f3"]


@pytest.mark.parametrize("common", [0.0, 0.7])
def test_equal_functions_are_rarely_told_apart(common):
    assert share_of_switches(200, FUNCTIONS, 0.0, common) <= LEVEL


@pytest.mark.parametrize("common", [0.0, 0.7])
def test_twice_the_seed_noise_is_found(common):
    assert share_of_switches(200, FUNCTIONS, 2.0, common, to="f3") >= 0.8


def test_p_interval_and_correction_are_scipys():
    rng = np.random.default_rng(0)
    relu, one, two = rng.normal(size=(3, 8))
    one = one + 1.5
    verdict = judge({"relu": relu, "one": one, "two": two}, "relu")
    margin = 0.1 * np.std(relu, ddof=1)
    raw = [
        stats.ttest_rel(each - margin, relu, alternative="greater").pvalue
        for each in (one, two)
    ]
    rows = {row.expression: row for row in verdict.comparisons}
    expected = [2 * raw[0], max(2 * raw[0], raw[1])]
    if raw[0] > raw[1]:
        expected = [max(2 * raw[1], raw[0]), 2 * raw[1]]
    assert [rows["one"].p, rows["two"].p] == pytest.approx(expected)
    interval = stats.ttest_rel(one, relu).confidence_interval(0.95)
    assert (rows["one"].low, rows["one"].high) == pytest.approx(interval)
    error = stats.sem(one - relu)
    assert rows["one"].gain_error == pytest.approx(error)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([], []),
    ],
)
def test_holm(raw, expected):
    assert holm(raw) == pytest.approx(expected)


def test_a_difference_that_nobody_would_notice_is_no_reason():
    rng = np.random.default_rng(1)
    relu = rng.normal(size=10)
    verdict = judge({"relu": relu, "x": relu + 1e-6}, "relu")
    assert not verdict.switch and verdict.best == "relu"
    assert judge({"relu": relu, "x": relu + 1.0}, "relu").switch


def test_who_diverged_or_was_dropped_cannot_win():
    relu = np.arange(8.0)
    good = relu + 100 + 0.01 * np.arange(8) ** 2
    broken = [*good[:7], math.nan]
    assert judge({"relu": relu, "good": good}, "relu").switch
    assert not judge({"relu": relu, "broken": broken}, "relu").switch
    verdict = judge({"relu": relu, "short": good[:5]}, "relu")
    assert not verdict.switch
    assert "dropped after 5 seeds" in verdict.comparisons[0].note


@pytest.mark.parametrize("lost", [1, 4, 10])
def test_an_incumbent_that_diverges_is_judged_by_the_signs(lost):
    nan = [math.nan] * lost
    relu = [*nan, *np.arange(10.0 - lost)]
    better = [*[3.0] * lost, *(np.arange(10.0 - lost) + 1)]
    mixed = [*[3.0] * lost, *(np.arange(10.0 - lost) - 1)]
    scores = {"relu": relu, "better": better, "mixed": mixed, "same": relu}
    verdict = judge(scores, "relu")
    found = {row.expression: row for row in verdict.comparisons}
    raw = [
        stats.binomtest(wins, 10, alternative="greater").pvalue
        for wins in (10, lost)
    ]
    assert found["better"].p == pytest.approx(min(1, 3 * raw[0]))
    assert found["same"].p == 1  # It diverged as often.
    assert found["mixed"].p == pytest.approx(
        min(1, (3 if lost == 10 else 2) * raw[1])
    )
    assert verdict.switch and verdict.best in ("better", "mixed")
    assert f"relu diverged in {lost} of 10 seeds (sign test" in verdict.text
    assert found["relu"].note == f"diverged in {lost} of 10 seeds"
    # Of the seeds with which both completed, and of them alone.
    assert found["better"].pairs == 10 - lost
    if lost == 4:
        gains = np.array([1.0, 1.2, 0.9, 1.1, 1.3, 0.8])
        other = [*[3.0] * lost, *(np.arange(6.0) + gains)]
        row = judge({"relu": relu, "x": other}, "relu").comparisons[0]
        test = stats.ttest_1samp(gains, 0)
        assert row.gain_error == pytest.approx(stats.sem(gains))
        assert (row.low, row.high) == pytest.approx(
            tuple(test.confidence_interval(0.95))
        )


def test_where_all_diverge_it_is_said():
    verdict = judge({"relu": [math.nan] * 3, "x": [math.nan] * 3}, "relu")
    assert not verdict.switch
    assert "keep relu: it diverged in 3 of 3 seeds" in verdict.text


def test_where_no_other_completes_it_is_said():
    scores = {"relu": [1.0, 2, 3], "x": [math.nan], "y": [5.0, math.nan]}
    text = judge(scores, "relu", planned=3).text
    assert "none of 2 other functions completed two runs" in text
    assert (
        "no other function was compared" in judge({"relu": [1.0]}, "relu").text
    )


def test_one_seed_is_no_evidence():
    verdict = judge({"relu": [0.0], "x": [5.0]}, "relu")
    assert not verdict.switch
    assert "one run each" in verdict.text


@pytest.mark.parametrize("deviation", [1, 30])
def test_the_difference_that_would_have_shown_does_show(deviation):
    """Where pairs have much in common, the margin is most of it."""
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(300):
        relu = deviation * rng.normal(size=10)
        first, second = relu + rng.normal(size=(2, 10))
        note = judge({"relu": relu, "x": first}, "relu").note
        gain = float(note.split("gain of ")[1].split(" ")[0])
        found += judge({"relu": relu, "x": second + gain}, "relu").switch
    assert 0.65 < found / 300 < 0.95


@pytest.mark.parametrize("seeds", [1, 2, 3, 4, 5, 8])
def test_equal_differences_are_judged_by_their_signs(seeds):
    """Accuracies of 100 images often differ by one image in a row."""
    relu = np.tile([0.52, 0.53], 4)[:seeds]
    found = judge({"relu": relu, "x": relu + 0.015625}, "relu")
    p = found.comparisons[0].p
    assert p == pytest.approx(0.5**seeds)
    assert found.switch == (seeds > 4)
    scores = {"good": relu + 0.015625, "x": relu}
    assert losers(scores, ["good"]) == (["x"] if seeds > 4 else [])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rounding_makes_no_differences_of_equal_ones(dtype):
    """Shares of 200 examples that differ by thirty, whatever the last bits."""
    rng = np.random.default_rng(0)
    seen = set()
    for right in rng.integers(60, 170, size=(200, 3)):
        relu = (right / 200).astype(dtype)
        better = ((right + 30) / 200).astype(dtype)
        seen.add(np.ptp(better.astype(float) - relu) == 0)
        found = judge({"relu": relu, "x": better}, "relu")
        assert found.comparisons[0].p == pytest.approx(0.5**3)
        assert losers({"good": better, "x": relu}, ["good"]) == []
    assert seen == {True, False}  # some are equal to the bit, not all


def test_who_is_ahead_of_the_incumbent_is_judged_by_shared_seeds():
    """Workers end their runs in any order."""
    rng = np.random.default_rng(0)
    relu, one = rng.normal(size=(2, 6))
    for ahead in range(1, 4):
        for both in range(1, 4):
            found = judge(
                {"relu": relu[:both], "x": one[: both + ahead]}, "relu"
            )
            row = next(r for r in found.comparisons if r.expression == "x")
            assert row.gain == pytest.approx(np.mean((one - relu)[:both]))
            assert row.pairs == both and len(row.scores) == both + ahead


def test_losers_need_three_seeds_and_spare_the_incumbent():
    rng = np.random.default_rng(0)
    scores = {
        "relu": rng.normal(size=4) - 50,
        "good": rng.normal(size=4),
        "bad": rng.normal(size=4) - 50,
    }
    assert losers(scores, ["relu"]) == ["bad"]
    assert losers({n: s[:2] for n, s in scores.items()}, ["relu"]) == []
    scores["nan"] = [math.nan] * 4
    assert set(losers(scores, ["relu"])) == {"bad", "nan"}


def test_what_is_dropped_does_not_depend_on_the_order():
    rng = np.random.default_rng(5)
    names = ["relu", "a", "b", "c"]
    table = {n: rng.normal(size=6) - 9 * (n == "b") for n in names}
    outcomes = []
    for order in (names, names[::-1]):
        rounds = Rounds(names, 6, race=True, safe=["relu"])
        while (job := rounds.next()) is not None:
            wave = [job]
            while (job := rounds.next()) is not None:
                wave.append(job)
            for name, run in sorted(wave, key=lambda j: order.index(j[0])):
                rounds.add(name, run, table[name][run])
        outcomes.append(rounds.scores)
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]["b"]) == 3 and len(outcomes[0]["a"]) == 6
    assert rounds.count == rounds.expected == 21


def test_fewer_repeats_than_there_were_are_what_is_waited_for():
    rounds = Rounds(["relu", "new"], 2, race=False, safe=["relu"])
    for run in range(5):
        rounds.add("relu", run, 0.0)
    assert (rounds.count, rounds.expected) == (2, 4)
    assert rounds.scores == {"relu": [0.0, 0.0], "new": []}
    assert rounds.next() == ("new", 0)


def test_the_incumbent_must_be_there():
    with pytest.raises(ValueError, match=r"incumbent 'relu'.*Received"):
        judge({"x": [1.0]}, "relu")


def test_the_best_is_told_by_gains_as_means_are_of_unlike_seeds():
    relu = np.array([0.9, 0.92, 0.88, 0.2, 0.22, 0.18, 0.21, 0.19])
    noise = 0.03 * np.random.default_rng(0).normal(size=8)
    scores = {
        "relu": relu,
        "dropped": relu[:3] - 0.1,  # of the easy seeds alone
        "good": relu + 0.01 + noise - noise.mean(),
    }
    verdict = judge(scores, "relu", planned=8)
    assert "The best of them, good, gains +0.01 " in verdict.text
    names = [row.expression for row in verdict.comparisons]
    assert names == ["good", "relu", "dropped"]
