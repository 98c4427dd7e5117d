"""Runs that are done, kept as rows so that a simulation can go on."""

from __future__ import annotations

import pathlib

import numpy as np

from actfn.search.books.tables import CsvLog, read_rows
from experiments.simulate.runs import Run

_COLUMNS = ("policy", "seed", "settings", "seconds", "rewards", "is_new")


class KeptRuns:
    """A CSV file of runs; each is a row as soon as it is done.

    Args:
        path: The file; made if it is not there.

    Raises:
        ValueError: The file holds something else.
        OSError: The file cannot be read or written.
    """

    def __init__(self, path: pathlib.Path):
        self._log = CsvLog(path, _COLUMNS)
        self._runs = {
            (row["policy"], int(row["seed"]), row["settings"]): Run(
                np.array(row["rewards"].split(), float),
                np.array(list(row["is_new"]), int).astype(bool),
                float(row["seconds"]),
            )
            for row in read_rows(path)
        }

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, policy: str, seed: int, settings: str) -> Run | None:
        """Returns a policy's run of this seed, None if it is not done.

        Args:
            policy: Its name.
            seed: Of the run.
            settings: What tells it from the policy with other settings.
        """
        return self._runs.get((policy, seed, settings))

    def add(self, policy: str, seed: int, settings: str, run: Run) -> None:
        """Enters a run; see `get`."""
        row = {
            "policy": policy,
            "seed": seed,
            "settings": settings,
            "seconds": repr(float(run.seconds)),
            "rewards": " ".join(repr(float(reward)) for reward in run.rewards),
            "is_new": "".join(str(int(new)) for new in run.is_new),
        }
        self._log.append(row)
        self._runs[policy, seed, settings] = run
