"""What the benchmark of scaling runs in processes of their own.

A new process imports this module first; TensorFlow is imported by the
functions, so that they can keep quiet what it prints.
"""

from __future__ import annotations

from typing import Any

from experiments.cli import quiet_start

_trainer: Any = None


def prepare(recipe: dict) -> None:
    """Makes this process one that trains children and does nothing else."""
    global _trainer
    with quiet_start():
        from experiments.tasks.image.child import ChildTrainer
        from experiments.tasks.image.recipe import Recipe
    _trainer = ChildTrainer(Recipe(**recipe))


def train(values: dict) -> None:
    """Trains a child, given the hyperparameters of a trial."""
    _trainer.train(values["activation"], values["seed"])
