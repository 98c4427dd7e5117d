"""Runs jobs in processes of one thread each, on this machine."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import queue
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import connection
from typing import Any

import keras_tuner
from joblib.externals import loky

from actfn.search.executors import shipping
from actfn.search.executors.base import Ended, Function, OnMessage, call

_DEATHS = 10
_IDLE_SECONDS = 300


class Processes:
    """A pool of processes of one thread each; see `Executor`.

    They are loky's: started anew, not forked. One that is killed takes the
    pool with it; another pool is made, and runs again what had not ended.
    Processes that have nothing to do end by themselves after some minutes;
    until then another `start` finds them. All end with the process that
    started them, however that ends.

    Args:
        workers: How many.
    """

    def __init__(self, workers: int):
        self.workers = workers
        self._pool: loky.ProcessPoolExecutor | None = None
        self._jobs: dict[str, Any] = {}

    def start(
        self, function: Function, on_message: OnMessage | None = None
    ) -> None:
        """Writes the function to a file, and listens for messages."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="actfn-"))
        try:
            shipping.dump(function, folder)
        except BaseException:
            shutil.rmtree(folder)
            raise
        self._folder = folder
        self._jobs, self._deaths = {}, 0
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._line = _Listener(self._events, on_message)

    def submit(self, key: str, payload: Any) -> None:
        """Gives a job to the pool."""
        self._jobs[key] = payload
        try:
            self._give(key)
        except loky.process_executor.BrokenProcessPool:
            self._begin_again()  # one was killed while nothing ran

    def wait(self, timeout: float | None = None) -> Ended | None:
        """Returns the next job to end; answers messages until then."""
        end = None if timeout is None else time.monotonic() + timeout
        while self._jobs:
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                event = self._events.get(timeout=left)
            except queue.Empty:
                return None
            ended = event()
            if ended is not None:
                return ended
        return None

    def stop(self) -> None:
        """Kills what runs; processes without a job stay for a while."""
        if self._jobs:
            self._drop()
        self._jobs = {}
        self._line.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _give(self, key: str) -> None:
        if self._pool is None:
            self._pool = loky.ProcessPoolExecutor(
                self.workers,
                timeout=_IDLE_SECONDS,
                initializer=_follow,
                initargs=(os.getpid(),),
                env=shipping.environment(),
            )
        pool = self._pool
        job = (str(self._folder), self._line.address, key, self._jobs[key])
        future = pool.submit(_work, *job)
        events = self._events
        future.add_done_callback(
            lambda future: events.put(
                functools.partial(self._end, pool, key, future)
            )
        )

    def _end(self, pool, key: str, future) -> Ended | None:
        """Takes what has become of a job; None if it runs again."""
        if key not in self._jobs or future.cancelled():
            return None
        error = future.exception()
        if isinstance(error, loky.process_executor.BrokenProcessPool):
            if pool is self._pool:
                self._begin_again()
            return None
        del self._jobs[key]
        self._deaths = 0
        return Ended.by_error(key, error) if error else future.result()

    def _begin_again(self) -> None:
        self._drop()
        self._deaths += 1
        if self._deaths >= _DEATHS:
            raise keras_tuner.errors.FatalRuntimeError(
                f"Processes were killed {self._deaths} times and no trial "
                "ended: is there memory for "
                f"`workers`={self.workers}? Running: {', '.join(self._jobs)}"
            )
        for key in self._jobs:
            self._give(key)

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, kill_workers=True)


class _Listener:
    """Hears the messages of workers; hands them to who waits for an end."""

    def __init__(self, events: queue.SimpleQueue, on_message: OnMessage | None):
        self._events, self._on_message = events, on_message
        self.address: tuple | None = None
        if on_message is not None:
            secret = secrets.token_bytes(16)
            self._listener = connection.Listener(authkey=secret)
            self.address = (self._listener.address, secret)
            threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        if self.address is not None:
            self.address = None
            self._listener.close()

    def _accept(self) -> None:
        while self.address is not None:
            try:
                line = self._listener.accept()
            except (OSError, EOFError):  # it was closed, or a worker died
                time.sleep(0.01)
                continue
            threading.Thread(
                target=self._hear, args=(line,), daemon=True
            ).start()

    def _hear(self, line: connection.Connection) -> None:
        try:
            while True:
                key, message = line.recv()
                self._events.put(
                    functools.partial(self._answer, line, key, message)
                )
        except (EOFError, OSError):
            line.close()

    def _answer(self, line, key: str, message: Any) -> None:
        answer = self._on_message(key, message)
        with contextlib.suppress(OSError):  # it was killed meanwhile
            line.send(answer)


# In the worker ---------------------------------------------------------------


def _follow(driver: int) -> None:
    """Has this process end with its driver, and with nothing else."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver
    threading.Thread(target=_end_with, args=(driver,), daemon=True).start()


def _end_with(driver: int) -> None:
    while os.getppid() == driver:
        time.sleep(0.5)
    for folder in _seen:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


_seen: set[str] = set()


@functools.lru_cache(maxsize=1)
def _function(folder: str) -> Function:
    _seen.add(folder)
    return shipping.load(pathlib.Path(folder))


@functools.lru_cache(maxsize=1)
def _line(address: tuple) -> Callable[[str, Any], Any]:
    place, secret = address
    line = connection.Client(place, authkey=secret)

    def ask(key: str, message: Any) -> Any:
        line.send((key, message))
        return line.recv()

    return ask


def _work(folder: str, address: tuple | None, key: str, payload: Any) -> Ended:
    def ask(message: Any) -> Any:
        if address is None:
            raise RuntimeError(f"Nobody hears the messages of {key}")
        return _line(address)(key, message)

    return call(_function(folder), key, payload, ask)
