"""Runs one job after the other in this process."""

from __future__ import annotations

import collections
import functools
from typing import Any

from actfn.search.executors.base import Ended, Function, OnMessage, call


class Here:
    """This process; see `Executor`. A job runs while one waits for its end."""

    workers = 1

    def start(
        self, function: Function, on_message: OnMessage | None = None
    ) -> None:
        """Takes a function; nothing is copied."""
        self._function, self._on_message = function, on_message
        self._jobs: collections.deque[tuple[str, Any]] = collections.deque()

    def submit(self, key: str, payload: Any) -> None:
        """Queues a job."""
        self._jobs.append((key, payload))

    def wait(self, timeout: float | None = None) -> Ended | None:
        """Runs the next job, however long it takes."""
        if not self._jobs:
            return None
        key, payload = self._jobs.popleft()
        ask = functools.partial(self._on_message or _unheard, key)
        return call(self._function, key, payload, ask)

    def stop(self) -> None:
        """Forgets what is queued."""
        self._jobs.clear()


def _unheard(key: str, message: Any) -> None:
    raise RuntimeError(f"Nobody hears the messages of {key}: {message!r}")
