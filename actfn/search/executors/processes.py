"""Runs jobs in processes of one thread each, on this machine."""

import contextlib
import functools
import os
import shutil
import signal
import tempfile
import threading
import time
from multiprocessing import current_process
from multiprocessing.connection import Client, Listener
from typing import Any

from joblib.externals import loky

from actfn.search.executors import shipping
from actfn.search.executors.base import Executor, Function


class Processes(Executor):
    """A pool of processes of one thread each; see `Executor`.

    They are loky's: started anew, not forked. One that is killed takes the
    others with it, and new ones are started. Processes that have nothing to do
    end by themselves after some minutes; until then another search finds them.
    All end with the process that started them, however that ends.
    """

    @contextlib.contextmanager
    def open(self, function):
        """Writes the function to files, and listens for messages."""
        secret, ended = current_process().authkey, threading.Event()
        with (
            tempfile.TemporaryDirectory(prefix="actfn-") as folder,
            Listener(backlog=1024, authkey=secret) as listener,
        ):
            shipping.dump(function, folder)
            words = {"args": (listener, ended), "daemon": True}
            threading.Thread(target=self._listen, **words).start()
            place = folder, listener.address
            try:
                yield lambda *job: self._pool().submit(_work, *place, *job)
            finally:
                if self.running:
                    self._pool().shutdown(kill_workers=True)
                ended.set()
                Client(listener.address).close()  # wakes `_listen`

    def _pool(self) -> loky.ProcessPoolExecutor:
        """Returns the same pool; another one if a process was killed."""
        return loky.get_reusable_executor(
            self.workers,
            timeout=300,
            initializer=_follow,
            initargs=(os.getpid(),),
            env=shipping.environment(),
        )

    def _listen(self, listener: Listener, ended: threading.Event) -> None:
        while not ended.is_set():
            try:
                with listener.accept() as line:
                    line.send(self.hear(*line.recv()))
            except (EOFError, OSError):
                pass  # who asked was killed


# In the worker ---------------------------------------------------------------

_folders: set[str] = set()


def _follow(driver: int) -> None:
    """Has this process end with its driver, and with nothing else."""

    def follow() -> None:
        while os.getppid() == driver:
            time.sleep(0.5)
        for folder in _folders:
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver
    threading.Thread(target=follow, daemon=True).start()


@functools.lru_cache(maxsize=1)
def _load(folder: str) -> Function:
    _folders.add(folder)
    return shipping.load(folder)


def _work(folder: str, address: Any, key: str, payload: Any) -> tuple:
    def ask(message: Any) -> Any:
        with Client(address, authkey=current_process().authkey) as line:
            line.send((key, message))
            return line.recv()

    return _load(folder)(payload, ask)
