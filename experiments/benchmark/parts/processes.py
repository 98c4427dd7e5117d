"""What the benchmark of scaling runs in processes of their own.

A new process imports this module first; TensorFlow is imported by the
functions, so that they can keep quiet what it prints.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from experiments.cli import quiet_start

_trainer: Any = None


def prepare(recipe: dict) -> None:
    """Makes this process one that trains children and does nothing else."""
    global _trainer
    # As the workers have: Linux shares a busy machine among sessions first.
    os.setsid()
    with quiet_start():
        from experiments.tasks.image.child import ChildTrainer
        from experiments.tasks.image.recipe import Recipe
    _trainer = ChildTrainer(Recipe(**recipe))


def train(values: dict) -> None:
    """Trains a child, given the hyperparameters of a trial."""
    _trainer.train(values["activation"], values["seed"])


def be_chief(policy: str, trials: int, pipe) -> None:
    """Serves the trials of a policy; sends first where."""
    with quiet_start():
        from actfn.search.chief import Chief
        from experiments.benchmark.parts.sleeping import oracle_of
    oracle = oracle_of(policy, 0, trials)
    with tempfile.TemporaryDirectory() as folder, Chief() as chief:
        oracle._set_project_dir(folder, "sleeping")
        oracle.reload()
        pipe.send(chief.address)
        chief.run(oracle)
