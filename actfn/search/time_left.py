"""How long the children that are left will take."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping

_TRUST = 5.0
"""What other phases say of a phase counts as so many children of its own."""


@dataclasses.dataclass
class _Phase:
    """What is known of a phase; times are the wall clock's.

    Attributes:
        cost: Time of a child that is trained to the end, relative to that of
            the other phases.
        gives_up: Whether children may be given up before that.
        passed: From the phase's begin to the last child that ended.
        ended: How many children have.
        seconds: Of their own, those of all children.
        full: How many were trained to the end.
        full_seconds: Of their own.
    """

    cost: float = 1.0
    gives_up: bool = False
    passed: float = 0.0
    ended: int = 0
    seconds: float = 0.0
    full: int = 0
    full_seconds: float = 0.0

    @property
    def full_share(self) -> float:
        """A child's mean time, relative to one that is trained to the end."""
        if not self.full_seconds:
            return 1.0
        return self.seconds / self.ended * self.full / self.full_seconds


class TimeLeft:
    """Estimates the time that phases will still take.

    A phase's children go on at the mean pace of those that have ended in it,
    given up or not. What is not known yet comes from the other phases: a phase
    that gives children up goes at the pace of those that do, one that gives up
    none at that of children trained to the end; both scaled by the cost, and
    weighted as five children of the phase's own. With several workers, those
    children that have not ended count as half done.

    Args:
        costs: By phase, the time of a child that is trained to the end there,
            in any unit that the phases share.
        gives_up: The phases whose children may be given up.
        workers: How many children are trained at a time.
        clock: Returns seconds.
    """

    def __init__(
        self,
        costs: Mapping[str, float],
        gives_up: tuple[str, ...] = (),
        workers: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._phases = {
            name: _Phase(cost, name in gives_up) for name, cost in costs.items()
        }
        self._begun = (workers - 1) / 2
        self._clock = clock
        self._last = clock()

    def begin(self) -> None:
        """Starts the clock, of a phase or after a pause."""
        self._last = self._clock()

    def end(
        self, phase: str, seconds: float | None = None, full: bool = True
    ) -> None:
        """Takes note of a child that has ended.

        Args:
            phase: A key of `costs`.
            seconds: From the child's own begin; by default from the last end.
            full: Whether it was trained to the end.
        """
        now, known = self._clock(), self._phases[phase]
        passed, self._last = now - self._last, now
        own = passed if seconds is None else seconds
        known.passed += passed
        known.ended += 1
        known.seconds += own
        if full:
            known.full += 1
            known.full_seconds += own

    def of(self, phase: str, children: int) -> float | None:
        """Returns the seconds of so many more children; None if unknown."""
        elsewhere, own = self._elsewhere(phase), self._phases[phase]
        done = own.ended + self._begun
        if not own.ended:
            return None if elsewhere is None else children * elsewhere
        if elsewhere is None:
            pace = own.passed / done
        else:
            pace = (own.passed + _TRUST * elsewhere) / (done + _TRUST)
        return pace * max(0.0, children - self._begun)

    def _elsewhere(self, phase: str) -> float | None:
        """Returns seconds a child, from the other phases."""
        wanted = self._phases[phase]
        others = [
            each
            for name, each in self._phases.items()
            if name != phase and each.ended
        ]
        alike = [each for each in others if each.gives_up == wanted.gives_up]
        by_full = not (wanted.gives_up and alike)
        if not by_full:
            others = alike
        passed = sum(each.passed / each.cost for each in others)
        count = sum(
            (each.ended + self._begun) * (each.full_share if by_full else 1)
            for each in others
        )
        return wanted.cost * passed / count if count else None
