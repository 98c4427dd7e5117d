"""A search that costs nothing, as a process that gets killed.

python one_search.py FOLDER EXECUTOR

Each trial notes that it begins, in a file of its name and its process, and
takes a tenth of a second; prints the results as JSON.
"""

import json
import os
import pathlib
import sys
import time

import actfn
from actfn import search
from actfn.search import executors
from actfn.search.executors.trials import run_trials

TRIALS = 12


def main(folder, name):
    """Searches."""
    folder = pathlib.Path(folder)

    def run_trial(trial, report):
        (folder / f"{trial.trial_id}.{os.getpid()}").touch()
        time.sleep(0.1)
        if trial.hyperparameters.get("seed") % 2:
            return {"accuracy": float("nan")}
        return {"accuracy": trial.hyperparameters.get("seed") % 89 / 89}

    policy = search.RandomPolicy(actfn.SearchSpace(core_units=1), seed=0)
    oracle = search.PolicyOracle(
        policy, "accuracy", max_trials=TRIALS, floor=0.0, verbose=0
    )
    oracle._set_project_dir(folder, "project")
    oracle.reload()
    workers = 1 if name == "here" else 2
    run_trials(oracle, run_trial, executors.make(name, workers))
    print(json.dumps([[r.trial, r.reward] for r in oracle.results]))


if __name__ == "__main__":
    main(*sys.argv[1:])
