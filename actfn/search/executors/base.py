"""What runs the trials of a search: submit one, hear its end, stop."""

import abc
import queue
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import AbstractContextManager
from typing import Any

import keras_tuner

Ask = Callable[[Any], Any]
"""Sends a message to the driver and returns its answer."""
Function = Callable[[Any, Ask], Any]
Submit = Callable[[str, Any], Future]

RETRIES = 10
"""How often a job is run again whose worker is lost."""


class Executor(abc.ABC):
    """Calls a function in workers, as many at a time as it is told."""

    def __init__(self, workers: int):
        self.workers = workers

    @abc.abstractmethod
    def open(self, function: Function) -> AbstractContextManager[Submit]:
        """Sends a function to all workers; when closed, ends what runs.

        Gives ``submit(key, payload)``, which has a worker call
        ``function(payload, ask)``, where ``ask(message)`` is ``hear(key,
        message)`` here. Its future raises a `BrokenExecutor` if the worker was
        lost.
        """

    def drive(
        self,
        function: Function,
        next_job: Callable[[], tuple[str, Any] | None],
        on_end: Callable[[str, Any], None],
        on_message: Callable[[str, Any], Any] | None = None,
    ) -> None:
        """Keeps the workers busy until there is nothing left.

        Args:
            function: Called as ``function(payload, ask)`` in a worker, to which
                it travels once, with the data inside it.
            next_job: Returns the key and the payload of the next job, or None
                if there is none now; it is asked again when a job has ended.
            on_end: Called here with the key and the value of each job.
            on_message: Called here with the key and the message of each
                ``ask(message)``, which returns its answer.

        Raises:
            ValueError: The function cannot be sent.
            FatalRuntimeError: It raised, or lost one worker after the other.
        """
        self.tell, self._events = on_message, queue.SimpleQueue()
        self.running: dict[Future, tuple[str, Any, int]] = {}
        with self.open(_guarded(function)) as submit:
            while True:
                while len(self.running) < self.workers and (job := next_job()):
                    self._run(submit, *job)
                if not self.running:
                    return
                future, *letter = self._events.get()
                if letter:
                    future.set_result(on_message(*letter))
                else:
                    self._end(submit, future, on_end)

    def hear(self, key: str, message: Any) -> Any:
        """Returns the answer to a message; for other threads than `drive`'s."""
        answer: Future = Future()
        self._events.put((answer, key, message))
        return answer.result()

    def _run(self, submit, key: str, payload: Any, losses: int = 0) -> None:
        future, events = submit(key, payload), self._events
        self.running[future] = key, payload, losses
        future.add_done_callback(lambda future: events.put((future,)))

    def _end(self, submit, future: Future, on_end) -> None:
        key, payload, losses = self.running.pop(future)
        error = future.exception()
        if isinstance(error, BrokenExecutor) and losses < RETRIES:
            return self._run(submit, key, payload, losses + 1)
        value, text = (None, str(error)) if error else future.result()
        if text is None:
            return on_end(key, value)
        raise keras_tuner.errors.FatalRuntimeError(
            f"{key} has failed. Received:\n{text}"
        )


def _guarded(function: Function) -> Callable:
    """Returns a function that returns a value and the text of a traceback."""

    # It travels by value: a worker imports no more than the function does.
    def guarded(payload: Any, ask: Ask) -> tuple:
        try:
            return function(payload, ask), None
        except Exception:
            return None, traceback.format_exc()

    return guarded
