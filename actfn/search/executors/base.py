"""What runs the trials of a search: submit one, hear its end, stop."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable
from typing import Any, Protocol

Ask = Callable[[Any], Any]
"""Sends a message to the driver and returns its answer."""
Function = Callable[[Any, Ask], Any]
OnMessage = Callable[[str, Any], Any]


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a job has ended.

    Attributes:
        key: Of the job.
        value: What the function returned.
        error: The text of the traceback, if the function raised.
        kind: The name of that exception's class.
    """

    key: str
    value: Any = None
    error: str | None = None
    kind: str | None = None

    @classmethod
    def by_error(cls, key: str, error: BaseException) -> Ended:
        """Returns the end of a job that raised an exception."""
        text = "".join(traceback.format_exception(error))
        return cls(key, error=text, kind=type(error).__name__)


class Executor(Protocol):
    """Runs a function in workers; may be started again once stopped.

    Attributes:
        workers: How many jobs run at a time.
    """

    workers: int

    def start(
        self, function: Function, on_message: OnMessage | None = None
    ) -> None:
        """Gets ready to run a function.

        Args:
            function: Called as ``function(payload, ask)`` in a worker. It
                travels to each worker once, with the data inside it.
            on_message: Called in the driver, within `wait`, as
                ``on_message(key, message)`` for each ``ask(message)``, which
                returns its answer.
        """

    def submit(self, key: str, payload: Any) -> None:
        """Has a worker call the function; returns at once."""

    def wait(self, timeout: float | None = None) -> Ended | None:
        """Returns the next job to end; None after `timeout` seconds."""

    def stop(self) -> None:
        """Ends all that runs."""


def call(function: Function, key: str, payload: Any, ask: Ask) -> Ended:
    """Calls the function, in a worker, and returns how that ended."""
    try:
        return Ended(key, function(payload, ask))
    except Exception as error:
        return Ended.by_error(key, error)


def drive(
    executor: Executor,
    function: Function,
    next_job: Callable[[], tuple[str, Any] | None],
    on_end: Callable[[Ended], None],
    on_message: OnMessage | None = None,
) -> None:
    """Keeps an executor busy until there is nothing left; stops it always.

    Args:
        executor: Who runs the jobs.
        function: See `Executor.start`.
        next_job: Returns the key and the payload of the next job, or None if
            there is none now; it is asked again when a job has ended.
        on_end: Called here with the end of each job.
        on_message: See `Executor.start`.
    """
    executor.start(function, on_message)
    running = 0
    try:
        while True:
            while running < executor.workers:
                job = next_job()
                if job is None:
                    break
                executor.submit(*job)
                running += 1
            if not running:
                return
            ended = executor.wait()
            if ended is not None:
                running -= 1
                on_end(ended)
    finally:
        executor.stop()
