"""A process of a search that costs nothing: its chief or a worker.

    python one_of_many.py FOLDER

The worker NAME notes each trial that it begins in a file NAME.TRIAL. At each
trial, or at that of the number $AT, it waits for a file of the name $GATE, if
that is set. With $BUG its model code has one. A chief prints its results as
JSON.
"""

import json
import os
import pathlib
import sys
import time

import keras_tuner

import actfn
from actfn import search
from actfn.search import distributed, worker

TRIALS = 6


def wait_for(*paths):
    """Waits until one of the paths is there, and returns it."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for path in paths:
            for found in path.parent.glob(path.name):
                return found
        time.sleep(0.05)
    raise AssertionError(f"none of {paths} has come")


class Untrained(keras_tuner.Tuner):
    """A tuner whose children are not trained."""

    def run_trial(self, trial):
        folder = pathlib.Path(self.directory)
        (folder / f"{self.tuner_id}.{trial.trial_id}").touch()
        if os.environ.get("AT", trial.trial_id) == trial.trial_id:
            wait_for(folder / os.environ.get("GATE", ""))
        if os.environ.get("BUG"):
            return {"val_accuracy": undefined_name}  # noqa: F821
        return {"val_accuracy": trial.hyperparameters.get("seed") % 89 / 89}


def main(folder):
    policy = search.RandomPolicy(actfn.SearchSpace(core_units=1), seed=0)
    oracle = search.PolicyOracle(policy, max_trials=TRIALS, verbose=0)
    tuner = Untrained(oracle, directory=folder, project_name="project")
    worker.HEARTBEAT = 0.2
    patience = float(os.environ.get("PATIENCE", "60"))
    search.run(tuner, lease=1.0, patience=patience)
    if distributed.role() == "chief":
        print(json.dumps([[r.trial, r.reward] for r in oracle.results]))


if __name__ == "__main__":
    main(sys.argv[1])
