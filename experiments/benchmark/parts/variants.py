"""The ways to judge functions that `benchmark search` compares.

python -m experiments.benchmark.parts.variants NAME JSON
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable

import keras
import keras_tuner

import actfn
import models
from actfn import search
from actfn.search.executors import make
from actfn.search.executors.trials import run_trials
from actfn.search.session import ChildTrial
from experiments.tasks.image.child import ChildTrainer, ImageChild
from experiments.tasks.image.recipe import PRESETS

RECIPE = PRESETS["quick"]


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way.

    Attributes:
        text: What is different from the one before.
        threads: For TensorFlow, in each process; 0 for all.
        screen: Whether hopeless children are given up.
        cache: Whether equal functions are trained once.
        processes: How many train.
        steps: Of each child.
    """

    text: str
    threads: int = 0
    screen: bool = False
    cache: bool = False
    processes: int = 1
    steps: int = RECIPE.steps


VARIANTS = {
    "stock": Variant("keras_tuner.RandomSearch, fit, a checkpoint per epoch"),
    "loop": Variant("one compiled loop, no checkpoints"),
    "thread": Variant("one thread", threads=1),
    "reject": Variant("hopeless children given up", threads=1, screen=True),
    "cache": Variant("equal functions once", 1, screen=True, cache=True),
    "workers": Variant("two workers of one thread", 1, True, True, 2),
    # What a child compiled once for all functions could save at most.
    "tracing": Variant("building and tracing alone", 1, True, True, 2, steps=1),
}


def functions(count: int, seed: int) -> list[str]:
    """Returns random functions of two core units."""
    policy = search.RandomPolicy(actfn.SearchSpace(core_units=2), seed=seed)
    return [str(proposal.expression) for proposal in policy.propose(count)]


class Listed(search.RandomPolicy):
    """A policy that proposes so many random functions and then no more."""

    def __init__(self, count: int, seed: int):
        super().__init__(actfn.SearchSpace(core_units=2), seed=seed)
        self.count = count

    def _draw(self, n: int) -> list:
        return super()._draw(min(n, self.count - self._next_id))


def stock(count: int, seed: int, folder: str) -> dict[str, float]:
    """Runs the rival; two epochs are a few steps less than our children."""
    trainer = ChildTrainer(RECIPE)
    train, validation = trainer.images("train"), trainer.images("validation")
    choices = list(dict.fromkeys(functions(count, seed)))

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        text = hp.Choice("activation", choices)
        model = models.build(
            RECIPE.model,
            activation=lambda: actfn.get(text),
            classes=trainer.classes,
            input_shape=trainer.input_shape,
            width=RECIPE.width,
            batch_norm_momentum=0.9,
        )
        rate = keras.optimizers.schedules.CosineDecay(
            RECIPE.learning_rate, RECIPE.steps
        )
        model.compile(
            keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return model

    tuner = keras_tuner.RandomSearch(
        build,
        objective="val_accuracy",
        max_trials=count,
        seed=seed + 1,
        max_consecutive_failed_trials=count,
        directory=folder,
        project_name="stock",
    )
    begin = time.perf_counter()
    tuner.search(
        *train,
        validation_data=validation,
        epochs=RECIPE.steps * RECIPE.batch_size // len(train[0]),
        batch_size=RECIPE.batch_size,
        verbose=0,
    )
    return {"seconds": time.perf_counter() - begin, "not_finished": 0}


def ours(count: int, seed: int, folder: str, variant: Variant) -> dict:
    """Runs a variant of our search."""
    recipe = dataclasses.replace(
        RECIPE, screen=variant.screen, steps=variant.steps
    )
    oracle = _Timed(
        Listed(count, seed),
        keras_tuner.Objective("accuracy", "max"),
        cache=variant.cache,
        verbose=0,
    )
    oracle._set_project_dir(folder, "ours")
    oracle.reload()
    trial = ChildTrial(ImageChild(recipe))
    run_trials(oracle, trial, make(workers=variant.processes))
    skipped = [r for r in oracle.results if r.status != "completed"]
    return {
        "seconds": oracle.ended - oracle.begun,
        "not_finished": len(skipped),
    }


class _Timed(search.PolicyOracle):
    """Takes the time from the first trial to the last result."""

    begun = ended = 0.0

    def create_trial(self, tuner_id: str):
        self.begun = self.begun or time.perf_counter()
        return super().create_trial(tuner_id)

    def end_trial(self, trial) -> None:
        super().end_trial(trial)
        self.ended = time.perf_counter()


def main() -> None:
    """Runs one variant; prints its result as JSON on the last line."""
    name, job = sys.argv[1], json.loads(sys.argv[2])
    run: Callable = stock if name == "stock" else ours
    more = () if name == "stock" else (VARIANTS[name],)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(run(job["functions"], job["seed"], folder, *more)))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
