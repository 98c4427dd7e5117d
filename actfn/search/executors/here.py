"""Calls in this process, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from actfn.search.executors.base import Ended, Function, call


class Here:
    """Runs each call in this process when its end is waited for."""

    workers = 1

    def __init__(self):
        self._queue: deque[tuple[str, Any]] = deque()

    def start(
        self,
        function: Function,
        on_message: Callable[[str, Any], Any] | None = None,
    ) -> None:
        """See `Executor.start`; nothing is pickled."""
        self._function, self._on_message = function, on_message

    def submit(self, key: str, payload: Any) -> None:
        """See `Executor.submit`."""
        self._queue.append((key, payload))

    def wait(self, timeout: float | None = None) -> Ended | None:
        """See `Executor.wait`; the timeout is not looked at."""
        if not self._queue:
            return None
        key, payload = self._queue.popleft()

        def ask(message: Any) -> Any:
            return self._on_message and self._on_message(key, message)

        return call(key, self._function, payload, ask)

    def stop(self) -> None:
        """See `Executor.stop`."""
        self._queue.clear()
