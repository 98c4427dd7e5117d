"""A chief and its workers: those it starts, and those that join it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence

import keras_tuner

from actfn.search.chief import Chief

_DEATHS = 10


class Fleet:
    """Processes that train the trials of one oracle after another.

    A process of its own that is killed is started anew; its trial goes to the
    next that asks. Other processes may join at the chief's address.

    Args:
        address: Of the chief, see `Chief`.
        count: How many workers to start on this machine.
        words: Their command line, as of `python -m experiments.search`.
        logs: A folder for what they print.
    """

    def __init__(
        self, address: str, count: int, words: Sequence[str], logs: pathlib.Path
    ):
        self._address = address
        self._names = [f"local{number}" for number in range(count)]
        self._words = list(words)
        self._logs = logs
        self._processes: dict[str, subprocess.Popen] = {}
        self._deaths = 0
        self._ended = 0

    def __enter__(self) -> Fleet:
        self.chief = Chief(self._address)
        return self

    def __exit__(self, error: type | None, *_) -> None:
        if error is None:
            self.chief.close()
        for name, process in self._processes.items():
            process.terminate()
            self.chief.service.lose(name)
        for process in self._processes.values():
            process.wait()
        if error is not None:
            self.chief.close()

    def train(self, oracle: keras_tuner.Oracle, name: str) -> None:
        """Has all trials of an oracle trained.

        Args:
            oracle: Its project folder is set.
            name: Unique in the search.

        Raises:
            FatalRuntimeError: A worker failed, or many were killed.
        """
        if not self._processes:
            self._logs.mkdir(parents=True, exist_ok=True)
            for each in self._names:
                self._start(each)
        self.chief.run(oracle, f"{name}-", self._watch)

    def _start(self, name: str) -> None:
        host, _, port = self.chief.address.rpartition(":")
        variables = {
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_IP": _reachable(host),
            "KERASTUNER_ORACLE_PORT": port,
        }
        module = "experiments.search.local_worker"
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *self._words],
                env=os.environ | variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the chief
            )

    def _watch(self) -> None:
        """Starts killed workers anew."""
        if self.chief.service.ended > self._ended:
            self._ended, self._deaths = self.chief.service.ended, 0
        for name, process in list(self._processes.items()):
            if process.poll() is None:
                continue
            self._deaths += 1
            most = _DEATHS * len(self._names)
            if process.returncode >= 0 or self._deaths >= most:
                raise self._failure(name, process.returncode)
            self.chief.service.lose(name)
            self._start(name)

    def _failure(self, name: str, status: int) -> Exception:
        log = self._log(name)
        lines = log.read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "no output"
        return f"A worker ended with status {status}: {last} (all of it: {log})"

    def _log(self, name: str) -> pathlib.Path:
        return self._logs / f"{name}.log"


def _reachable(host: str) -> str:
    """Returns where this machine reaches a chief that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
