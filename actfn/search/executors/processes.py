"""Processes of this machine, each of one thread, in joblib's loky pool.

A killed worker breaks a pool; a new one is made and given what had not ended.
Workers end with the driver: they look whether it is still their parent.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import os
import pathlib
import pickle
import queue
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import cloudpickle
import keras_tuner
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import BrokenProcessPool

from actfn.search.executors.base import Ended, Function, call

_DEATHS = 10
"""So many pools in a row may break before any call ends."""
_IDLE_SECONDS = 20
"""So long workers wait for the next phase of a search, or another search."""
THREADS = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "XLA_FLAGS": (
        os.environ.get("XLA_FLAGS", "")
        + " --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    ).strip(),
}


class Processes:
    """Runs calls in processes of this machine.

    The function is written to a file once; each worker reads it from there,
    so that its data travel once a worker and not with each call.

    Args:
        workers: How many.

    Raises:
        FatalRuntimeError: From `wait`: many workers in a row were killed.
    """

    def __init__(self, workers: int):
        self.workers = workers
        self._open: dict[str, Any] = {}
        self._futures: dict[concurrent.futures.Future, str] = {}
        self._pool: Any = None
        self._deaths = 0
        self._done: queue.SimpleQueue = queue.SimpleQueue()

    def start(
        self,
        function: Function,
        on_message: Callable[[str, Any], Any] | None = None,
    ) -> None:
        """See `Executor.start`."""
        self._folder = tempfile.TemporaryDirectory(prefix="actfn-")
        self._file = str(pathlib.Path(self._folder.name) / "function.pickle")
        with open(self._file, "wb") as file:
            cloudpickle.dump(function, file)
        self._switchboard = _Switchboard(on_message)

    def submit(self, key: str, payload: Any) -> None:
        """See `Executor.submit`."""
        self._open[key] = payload
        self._send(key)

    def wait(self, timeout: float | None = None) -> Ended | None:
        """See `Executor.wait`."""
        end = None if timeout is None else time.monotonic() + timeout
        while self._open:
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                future = self._done.get(timeout=left)
            except queue.Empty:
                return None
            key = self._futures.pop(future, None)
            if key is None:  # of a pool that is gone
                continue
            try:
                ended = future.result()
            except (BrokenProcessPool, concurrent.futures.CancelledError):
                self._renew()
                continue
            except Exception as error:  # it could not be sent, say
                ended = call(key, _raise, error, None)
            self._deaths = 0
            del self._open[key]
            return ended
        return None

    def stop(self) -> None:
        """See `Executor.stop`; workers that are idle stay for a while."""
        if self._open:
            self._kill()
        self._open.clear()
        self._futures.clear()
        self._switchboard.close()
        self._folder.cleanup()

    def _kill(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None

    def _send(self, key: str) -> None:
        payload = cloudpickle.dumps(self._open[key])
        place = self._switchboard.address
        words = (key, self._file, payload, place, os.getpid())
        self._pool = get_reusable_executor(
            self.workers, timeout=_IDLE_SECONDS, env=THREADS
        )
        future = self._pool.submit(_work, *words)
        self._futures[future] = key
        future.add_done_callback(self._done.put)

    def _renew(self) -> None:
        """Makes a new pool and gives it what had not ended."""
        self._deaths += 1
        if self._deaths >= _DEATHS:
            raise keras_tuner.errors.FatalRuntimeError(
                f"{self._deaths} times in a row a worker process was killed "
                "before any child ended; is there enough memory?"
            )
        self._kill()
        ended = {
            key
            for future, key in self._futures.items()
            if future.done() and not _broke(future)
        }
        lost = [key for key in self._open if key not in ended]
        self._futures = {
            f: key for f, key in self._futures.items() if key in ended
        }
        for key in lost:
            self._send(key)


def _broke(future: concurrent.futures.Future) -> bool:
    if future.cancelled():
        return True
    return isinstance(future.exception(), BrokenProcessPool)


def _raise(error: Exception, _) -> None:
    raise error


class _Switchboard:
    """Answers the workers' messages over a socket of this machine."""

    def __init__(self, on_message: Callable[[str, Any], Any] | None):
        self.address = None
        self._listener = None
        if on_message is None:
            return
        from multiprocessing.connection import Listener

        key = os.urandom(16)
        self._listener = Listener(None, authkey=key)
        self.address = (self._listener.address, key)
        self._on_message, self._lock = on_message, threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line = self._listener.accept()
            except (OSError, EOFError, multiprocessing.AuthenticationError):
                return
            threading.Thread(
                target=self._answer, args=(line,), daemon=True
            ).start()

    def _answer(self, line) -> None:
        with contextlib.suppress(EOFError, OSError), line:
            while True:
                key, message = line.recv()
                with self._lock:
                    line.send(self._on_message(key, message))


_loaded: dict[str, Function] = {}


def _work(key: str, file: str, payload: bytes, place, driver: int) -> Ended:
    """Runs one call, in a worker."""
    _leave_with(driver)
    if file not in _loaded:
        _loaded.clear()
        with open(file, "rb") as opened:
            _loaded[file] = pickle.load(opened)

    def ask(message: Any) -> Any:
        if place is None:
            return None
        from multiprocessing.connection import Client

        with Client(place[0], authkey=place[1]) as line:
            line.send((key, message))
            return line.recv()

    return call(key, _loaded[file], pickle.loads(payload), ask)


_watching = False


def _leave_with(driver: int) -> None:
    """Ends this process when the driver is gone, whatever it is doing."""
    global _watching
    if _watching:
        return
    _watching = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver

    def watch() -> None:
        while True:
            try:
                os.kill(driver, 0)
            except ProcessLookupError:
                os._exit(1)
            time.sleep(0.5)

    threading.Thread(target=watch, daemon=True).start()
