"""The time left, on durations that are known and a clock that is set."""

import itertools

import numpy as np
import pytest

from actfn.search.progress import Progress
from actfn.search.time_left import TimeLeft

SEARCH, CONFIRMATION = 60, 40


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def durations(share, cost, seed):
    """Children by phase: none or each second given up, at 0.4 of 8 seconds."""
    given_up = np.arange(SEARCH) % 2 < 2 * share
    if seed is not None:  # as many in each ten, in random order
        rng = np.random.default_rng(seed)
        given_up = rng.permuted(given_up.reshape(-1, 10), axis=1).ravel()
    searched = [(0.4, False) if gone else (8.0, True) for gone in given_up]
    return {"search": searched, "confirmation": [(8.0 * cost, True)] * 40}


def played(phases, workers, cost):
    """Yields the true time left and the estimate, after each child."""
    clock = Clock()
    costs = {"search": 1.0, "confirmation": cost}
    left = TimeLeft(costs, ("search",), workers, clock)
    ends, begin = [], clock.now
    for name, children in phases.items():
        free = [begin] * workers
        own = []
        for seconds, full in children:
            first = int(np.argmin(free))
            free[first] += seconds
            own.append((free[first], name, seconds, full))
        ends.append(sorted(own))
        begin = max(free)
    done = dict.fromkeys(phases, 0)
    for own in ends:
        left.begin()
        for when, name, seconds, full in own:
            clock.now = when
            left.end(name, seconds, full)
            done[name] += 1
            estimates = [
                left.of(phase, len(phases[phase]) - done[phase])
                for phase in phases
            ]
            yield begin - when, sum(estimates)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("share", "cost"), [(0.5, 1), (0.5, 3.5), (0, 1)])
def test_half_given_up_is_within_a_tenth_from_the_tenth_on(
    share, cost, workers
):
    pairs = list(played(durations(share, cost, None), workers, cost))
    assert len(pairs) == SEARCH + CONFIRMATION
    # Of two at a time, more of those given up are among the first to end.
    within = 0.1 if workers == 1 else 0.12
    for number, (true, estimate) in enumerate(pairs[9:90], 10):
        assert estimate == pytest.approx(true, rel=within), number


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cost", [1, 3.5])
def test_in_any_order_the_estimate_is_right_after_each_ten(cost, seed):
    pairs = list(played(durations(0.5, cost, seed), 1, cost))
    for true, estimate in pairs[9:90:10]:
        assert estimate == pytest.approx(true, rel=1e-6)


def test_a_wrong_cost_is_corrected_by_the_children_themselves():
    clock = Clock()
    left = TimeLeft(
        {"search": 1.0, "confirmation": 1.0}, ("search",), clock=clock
    )
    for phase, seconds in [("search", 2.0)] * 10 + [("confirmation", 6.0)] * 30:
        clock.now += seconds
        left.end(phase, seconds)
    assert left.of("confirmation", 10) == pytest.approx(60, rel=0.1)


def test_nothing_is_known_before_the_first_child_and_a_pause_counts_not():
    clock = Clock()
    left = TimeLeft(
        {"search": 1.0, "confirmation": 2.0}, ("search",), clock=clock
    )
    assert left.of("search", 5) is None
    clock.now += 1000
    left.begin()
    clock.now += 3
    left.end("search")
    assert left.of("search", 5) == pytest.approx(15)
    assert left.of("confirmation", 5) == pytest.approx(30)


def test_children_that_are_all_given_up_say_what_they_can():
    clock = Clock()
    left = TimeLeft(
        {"search": 1.0, "confirmation": 1.0}, ("search",), clock=clock
    )
    clock.now += 4
    left.end("search", 4.0, full=False)
    assert left.of("confirmation", 2) == pytest.approx(8)


def test_the_control_goes_at_the_pace_of_the_search():
    clock = Clock()
    costs = {"search": 1.0, "control": 1.0, "confirmation": 1.0}
    left = TimeLeft(costs, ("search", "control"), clock=clock)
    for seconds, full in itertools.islice(
        itertools.cycle([(1.0, False), (9.0, True)]), 20
    ):
        clock.now += seconds
        left.end("search", seconds, full)
    assert left.of("control", 10) == pytest.approx(50)
    assert left.of("confirmation", 10) == pytest.approx(90)


def test_progress_adds_the_phases_up(capsys):
    clock = Clock()
    costs = {"search": 1.0, "tuning": 1.0, "confirmation": 2.0}
    phases = {"search": 4, "tuning": 0, "confirmation": 5}
    left = TimeLeft(costs, ("search",), clock=clock)
    with Progress(phases, left) as progress:
        assert progress.seconds_left() is None
        progress.enter("search")
        progress.recall(1)  # by an earlier run, in a time that is not known
        clock.now += 60
        progress.advance()
        assert progress.seconds_left() == pytest.approx(2 * 60 + 5 * 120)
        progress.expect("confirmation", 3)
        assert progress.seconds_left() == pytest.approx(2 * 60 + 3 * 120)
        (phase,) = progress.phases()
        assert (phase.name, phase.done, phase.total) == ("search", 2, 4)
        assert phase.seconds_left == pytest.approx(120)
    assert "08:00 left" in capsys.readouterr().err
