"""What every executor does: run calls of one function, elsewhere or here."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

Ask = Callable[[Any], Any]
"""Sends a message to the driver and returns its answer."""
Function = Callable[[Any, Ask], Any]
"""What is executed: ``function(payload, ask)``."""


@dataclasses.dataclass(frozen=True)
class Ended:
    """The end of a call.

    Attributes:
        key: The one that it was submitted with.
        value: What the function returned.
        error: The traceback of an exception that it raised; None if it
            returned.
        kind: The exception's class by its qualified name, or empty.
    """

    key: str
    value: Any = None
    error: str | None = None
    kind: str = ""


@runtime_checkable
class Executor(Protocol):
    """Runs calls of one function, several at once.

    Attributes:
        workers: How many at once.
    """

    workers: int

    def start(
        self,
        function: Function,
        on_message: Callable[[str, Any], Any] | None = None,
    ) -> None:
        """Makes the function known, with all data in it, to the workers.

        Args:
            function: Pickled by cloudpickle, once, if it leaves the process.
            on_message: Answers what a call asks, in the driver, as
                ``on_message(key, message)``.
        """

    def submit(self, key: str, payload: Any) -> None:
        """Has ``function(payload, ask)`` called; the key is unique."""

    def wait(self, timeout: float | None = None) -> Ended | None:
        """Returns the next call that ends; None after so many seconds."""

    def stop(self) -> None:
        """Ends all workers and what they do."""


def call(key: str, function: Function, payload: Any, ask: Ask) -> Ended:
    """Calls the function and tells how that ended."""
    try:
        return Ended(key, function(payload, ask))
    except Exception as error:
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        return Ended(key, error=traceback.format_exc(), kind=kind)


def drive(
    executor: Executor,
    function: Function,
    next_job: Callable[[], tuple[str, Any] | None],
    on_end: Callable[[Ended], None],
    on_message: Callable[[str, Any], Any] | None = None,
) -> None:
    """Keeps the workers busy until there is nothing left to do.

    Args:
        executor: It is started here, and stopped in any case.
        function: What is called.
        next_job: Returns the key and the payload of the next call, or None
            while there is none. All is done when there is none and nothing
            runs.
        on_end: Called in the driver with each end.
        on_message: See `Executor.start`.
    """
    running = 0
    executor.start(function, on_message)
    try:
        while True:
            while running < executor.workers and (job := next_job()):
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
