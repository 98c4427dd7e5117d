"""Who gets a further seed, against SciPy's and textbook formulas."""

import numpy as np
import pytest
from scipy import stats

from actfn.search.books.results import Result
from actfn.search.books.standings import FIRST, LEVEL, MOST, SHARE, Standings


def standings_of(table):
    found = Standings()
    for form, rewards in table.items():
        for run, reward in enumerate(rewards):
            found.start(run)
            found.add(form, reward, True)
    return found


def test_the_noise_is_that_of_a_two_way_analysis_of_variance():
    rng = np.random.default_rng(0)
    rewards = rng.normal(size=(5, 4)) + 3 * rng.normal(size=4)
    found = standings_of(dict(zip("abcde", rewards, strict=True)))
    left = rewards - rewards.mean(axis=1, keepdims=True)
    left = left - left.mean(axis=0)
    variance, degrees = found.noise()
    assert degrees == 4 * 3
    assert variance == pytest.approx(np.sum(left**2) / degrees)
    # One run more, of a function of its own, says nothing of the noise.
    found.add("f", 100.0, True)
    assert found.noise() == (variance, degrees)


def test_of_two_functions_the_test_is_scipys_paired_one():
    rng = np.random.default_rng(1)
    dropped = 0
    for gap in np.linspace(0, 2, 40):
        best, other = rng.normal(size=(2, 6))
        best += gap
        if best.mean() < other.mean():
            best, other = other, best
        # Two functions and their residuals are n - 1 differences.
        p = stats.ttest_rel(best, other, alternative="greater").pvalue
        left = standings_of({"best": best, "other": other}).survivors()
        assert ("other" not in left) == (p < LEVEL)
        assert "best" in left
        dropped += "other" not in left
    assert 5 < dropped < 35


def test_nobody_is_dropped_before_there_is_any_noise_to_judge_by():
    table = {str(number): [float(number)] for number in range(20)}
    assert len(standings_of(table).survivors()) == 20


def race(rewards_of, children, rng):
    """A race whose functions are new unless it asks for a further seed."""
    found, runs = Standings(), {}
    for child in range(children):
        form = found.next(busy=()) or f"function {child}"
        run = len(runs.setdefault(form, []))
        found.start(run)
        runs[form].append(rewards_of(form) + rng.normal())
        found.add(form, runs[form][-1], True)
        assert found.further <= SHARE * found.children
    return found, runs


def test_seeds_go_to_the_promising_and_within_their_share():
    rng = np.random.default_rng(2)
    worth = {}
    found, runs = race(
        lambda form: worth.setdefault(form, rng.choice([0.0, 50.0])), 90, rng
    )
    assert found.further == 18
    assert max(map(len, runs.values())) <= MOST
    several = [form for form, each in runs.items() if len(each) > 1]
    assert {worth[form] for form in several} == {50.0}
    assert list(runs)[FIRST - 1] == f"function {FIRST - 1}"  # none before


def test_exact_rewards_cost_no_seeds_once_that_is_known():
    class Exact:
        def normal(self):
            return 0.0

    found, _ = race(lambda form: float(form.split()[1]), 60, Exact())
    assert found.further <= 10
    assert found.ranked()[0] == f"function {max(map(_number, found.ranked()))}"


def _number(form):
    return int(form.split()[1])


def test_one_lucky_run_does_not_win_over_many():
    rng = np.random.default_rng(3)
    table = {name: 1.0 + 0.1 * rng.normal(size=8) for name in "abcd"}
    table["lucky"] = [max(np.mean(runs) for runs in table.values()) + 0.02]
    ranked = standings_of(table).ranked()
    assert ranked[0] != "lucky" and set(ranked) == {*table}


def test_who_failed_or_is_busy_gets_no_seed():
    found = standings_of({str(n): [float(n)] for n in range(FIRST + 1)})
    best, second = str(FIRST), str(FIRST - 1)
    assert found.next(busy=()) == best
    assert found.next(busy=[best]) == second
    found.add(best, 100.0, False)
    assert found.next(busy=()) == second
    assert best not in found.ranked()


def test_standings_are_a_function_of_the_results():
    results = [
        Result(str(order), form, form, reward, status, 0.0, 0, order, run=run)
        for order, (form, reward, status, run) in enumerate(
            [
                ("a", 1.0, "completed", 0),
                ("b", 2.0, "completed", 0),
                ("b", 2.0, "cached", 0),
                ("a", 4.0, "completed", 1),
                ("c", 9.0, "diverged", 0),
            ]
        )
    ]
    found = Standings.of(results)
    assert found.runs("b") == 1 and found.mean("a") == 2.5
    assert set(found.ranked()) == {"a", "b"}
