"""How long a trial belongs to the worker that trains it."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable

LEASE = 20.0
"""Seconds without a sign of life after which a trial goes to another worker."""
HEARTBEAT = 5.0
"""Seconds between two signs of life."""
PATIENCE = 25.0
"""Seconds that a worker waits for an answer of its chief."""
ATTEMPTS = 5
"""How many workers a trial may lose before it counts as failed."""


class Leases:
    """Tells which trials have lost their worker.

    Args:
        seconds: How long a lease lasts.
        clock: The time in seconds.
    """

    def __init__(
        self,
        seconds: float = LEASE,
        clock: Callable[[], float] = time.monotonic,
    ):
        if not seconds > 0:
            raise ValueError(f"`seconds` must be positive. Received: {seconds}")
        self.seconds = seconds
        self._clock = clock
        self._mutex = threading.Lock()
        self._until: dict[str, float] = {}
        self._losses: collections.Counter[str] = collections.Counter()

    def renew(self, trial: str) -> None:
        """Begins a lease, or has it last `seconds` from now on."""
        with self._mutex:
            self._until[trial] = self._clock() + self.seconds

    def has_lapsed(self, trial: str) -> bool:
        """Whether there is no lease of the trial any more."""
        with self._mutex:
            return self._until.get(trial, -1.0) < self._clock()

    def lose(self, trial: str) -> int:
        """Ends a lease whose worker is gone; returns how many were lost."""
        with self._mutex:
            self._until.pop(trial, None)
            self._losses[trial] += 1
            return self._losses[trial]

    def forget(self, trial: str) -> None:
        """Drops a trial that has ended."""
        with self._mutex:
            self._until.pop(trial, None)
            self._losses.pop(trial, None)
