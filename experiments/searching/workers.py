"""Trains the trials of an oracle, in this process or in several.

Several processes are Keras Tuner's own: this one is the chief, which serves
the oracle on loopback alone, since the port knows no password, and starts the
workers. A worker that dies is replaced by one of the same name, to which the
oracle gives the trial that the dead one left.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent import futures

import keras_tuner

from experiments.child import ChildTrainer, Recipe

METRIC = "accuracy"
"""The objective of every oracle here."""
_DEATHS = 3


class ChildTuner(keras_tuner.Tuner):
    """A tuner whose trials are children; it keeps no checkpoints.

    The trial's hyperparameters are ``activation``, ``seed`` and, if it is not
    to be evaluated on the validation images, ``split``.
    """

    def __init__(self, oracle: keras_tuner.Oracle, trainer: ChildTrainer, **kw):
        super().__init__(oracle=oracle, **kw)
        self._trainer = trainer

    def run_trial(self, trial, *args, **kwargs) -> dict[str, float]:
        """Trains a child; NaN says that it diverged."""
        values = trial.hyperparameters.values

        def report(step: int, accuracy: float) -> bool:
            rung = {"rung": accuracy}
            found = self.oracle.update_trial(trial.trial_id, rung, step)
            return found.status != "STOPPED"

        child = self._trainer.train(
            values["activation"],
            values["seed"],
            values.get("split", "validation"),
            report,
        )
        if child.reason:
            values["note"] = child.reason
        return {
            METRIC: child.accuracy,
            "loss": child.loss,
            "rejected": float(child.rejected),
        }

    def save(self) -> None:
        """Keeps nothing: the oracle has the state, and writes it safely."""


def run_here(
    oracle: keras_tuner.Oracle, trainer: ChildTrainer, folder: pathlib.Path
) -> None:
    """Trains all trials in this process.

    Args:
        oracle: Whose trials; one that has a state keeps it in the folder.
        trainer: How.
        folder: The Keras Tuner project.
    """
    tuner = ChildTuner(
        oracle, trainer, directory=folder.parent, project_name=folder.name
    )
    tuner.search(verbose=0)


def run_workers(
    oracle: keras_tuner.Oracle,
    recipe: Recipe,
    data_dir: str | None,
    count: int,
    folder: pathlib.Path,
    logs: pathlib.Path,
) -> None:
    """Trains all trials in `count` processes.

    Args:
        oracle: Whose trials; one that has a state keeps it in the folder.
        recipe: How.
        data_dir: Where TFDS sets lie.
        count: How many processes.
        folder: The Keras Tuner project.
        logs: A folder for what the workers print.

    Raises:
        RuntimeError: A worker failed, or several were killed; says why.
    """
    # The stock `start_server` would sleep 20 s before it notices the end.
    import grpc
    from keras_tuner.src.distribute import oracle_chief
    from keras_tuner.src.protos import get_service_grpc

    oracle._set_project_dir(folder.parent, folder.name)
    oracle.verbose = 0
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    get_service_grpc().add_OracleServicer_to_server(
        oracle_chief.OracleServicer(oracle), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    job = json.dumps(
        {"recipe": dataclasses.asdict(recipe), "data_dir": data_dir}
    )
    try:
        _supervise(count, port, job, logs)
    finally:
        server.stop(grace=None)


def _supervise(count: int, port: int, job: str, logs: pathlib.Path) -> None:
    """Keeps `count` workers alive until each has nothing left to do."""
    logs.mkdir(parents=True, exist_ok=True)

    def start(name: str) -> subprocess.Popen:
        environment = os.environ | {
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(port),
        }
        with (logs / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "experiments.searching.workers", job],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the chief
            )

    workers = {f"worker{n}": start(f"worker{n}") for n in range(count)}
    deaths = 0
    try:
        while workers:
            time.sleep(0.05)
            for name, process in list(workers.items()):
                if process.poll() is None:
                    continue
                del workers[name]
                if process.returncode:
                    deaths += 1
                    if process.returncode > 0 or deaths >= _DEATHS:
                        raise RuntimeError(_last_words(process, logs / name))
                    workers[name] = start(name)
    finally:
        for process in workers.values():
            process.terminate()
        for process in workers.values():
            process.wait()


def _last_words(process: subprocess.Popen, log: pathlib.Path) -> str:
    log = log.with_suffix(".log")
    lines = log.read_text(errors="replace").strip().splitlines()
    last = lines[-1] if lines else "no output"
    return (
        f"A worker ended with status {process.returncode}: {last} "
        f"(all of it: {log})"
    )


def _work(job: dict) -> None:
    """A worker process: asks the chief for trials until there are none."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    trainer = ChildTrainer(Recipe(**job["recipe"]), job["data_dir"])
    stand_in = Runs([])  # the tuner asks the chief's oracle instead
    with tempfile.TemporaryDirectory() as folder:
        run_here(stand_in, trainer, pathlib.Path(folder) / "worker")


def _leave_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


class Runs(keras_tuner.Oracle):
    """An oracle that has each run of a list trained once, in their order.

    Args:
        runs: The hyperparameter values of each run.
        on_run: Called as ``on_run(index, accuracy)`` when a run has ended,
            the accuracy being 0 for a child that diverged.
    """

    def __init__(
        self,
        runs: Sequence[dict],
        on_run: Callable[[int, float], None] | None = None,
    ):
        super().__init__(
            keras_tuner.Objective(METRIC, "max"),
            max_consecutive_failed_trials=1,
        )
        self._runs = runs
        self._on_run = on_run

    def populate_space(self, trial_id: str) -> dict:
        """Returns the values of the next run."""
        index = int(trial_id)
        if index >= len(self._runs):
            return {"status": "STOPPED"}
        return {"status": "RUNNING", "values": self._runs[index]}

    def score_trial(self, trial) -> None:
        """Scores a diverged child 0: a NaN would count as a crash."""
        super().score_trial(trial)
        if math.isnan(trial.score):
            trial.score = 0.0
        if self._on_run is not None:
            self._on_run(int(trial.trial_id), trial.score)


if __name__ == "__main__":
    _work(json.loads(sys.argv[1]))
