"""Leases by a clock that the test turns."""

import pytest

from actfn.search.lease import Leases


@pytest.fixture
def clock():
    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    return Clock()


def test_a_lease_lasts_as_long_as_it_is_renewed(clock):
    leases = Leases(20, clock)
    leases.renew("a")
    for _ in range(5):
        clock.now += 15
        assert not leases.has_lapsed("a")
        leases.renew("a")
    clock.now += 20
    assert not leases.has_lapsed("a")
    clock.now += 0.1
    assert leases.has_lapsed("a")


def test_a_trial_without_a_lease_has_lapsed(clock):
    leases = Leases(20, clock)
    assert leases.has_lapsed("a")
    leases.renew("a")
    leases.renew("b")
    leases.lose("a")
    leases.forget("b")
    assert leases.has_lapsed("a") and leases.has_lapsed("b")


def test_losses_are_counted_for_each_trial_until_it_ends(clock):
    leases = Leases(20, clock)
    assert [leases.lose("a"), leases.lose("a"), leases.lose("b")] == [1, 2, 1]
    leases.forget("a")
    assert leases.lose("a") == 1


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_the_time_must_be_positive(seconds):
    with pytest.raises(ValueError, match="`seconds` must be positive"):
        Leases(seconds)
