"""The ways to judge functions that `benchmark search` compares.

python -m experiments.benchmark.parts.variants NAME JSON
"""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import os
import resource
import sys
import tempfile
import time
from typing import Any

import keras
import keras_tuner
import tensorflow as tf

import actfn
from actfn import search
from actfn.search.executors import make
from actfn.search.executors.trials import run_trials
from actfn.search.session import ChildTrial
from experiments import tasks
from experiments.benchmark.parts.own_process import measured
from experiments.tasks.base import Task, with_steps
from experiments.tasks.child import REDUCTION, TaskChild
from experiments.tasks.image.task import Child
from experiments.tasks.training import Descent

_SCORE = "val_score"
_EPOCHS = 10


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way.

    Attributes:
        text: What is different from the one before.
        threads: For TensorFlow, in each process; 0 for all.
        screen: Whether hopeless children are given up.
        cache: Whether equal functions are trained once.
        processes: How many train.
        halving: Whether children that do badly are stopped on the way.
        one_step: Whether children have one step alone.
    """

    text: str
    threads: int = 0
    screen: bool = False
    cache: bool = False
    processes: int = 1
    halving: bool = False
    one_step: bool = False


VARIANTS = {
    "stock": Variant("keras_tuner.RandomSearch, fit, a checkpoint per epoch"),
    "loop": Variant("one compiled loop, no checkpoints"),
    "thread": Variant("one thread", threads=1),
    "reject": Variant("hopeless children given up", threads=1, screen=True),
    "cache": Variant("equal functions once", 1, screen=True, cache=True),
    "workers": Variant("two workers of one thread", 1, True, True, 2),
    "halving": Variant("three of four stopped early", 1, True, True, 2, True),
    # What a child compiled once for all functions could save at most.
    "tracing": Variant(
        "building and tracing alone", 1, True, True, 2, True, one_step=True
    ),
}


@dataclasses.dataclass(frozen=True)
class Job:
    """What is trained.

    Attributes:
        task: Name of the task.
        setting: One of its settings.
        functions: How many.
        seed: Of the functions.
        steps: Times the setting's.
        width: Times the setting's.
    """

    task: str
    setting: str
    functions: int
    seed: int
    steps: int = 1
    width: int = 1

    def change(self, setting: Any) -> Any:
        """Returns a setting with so many times the steps and the width."""
        times = {"steps": self.steps, "width": self.width}
        more = {n: k * getattr(setting, n) for n, k in times.items() if k > 1}
        return dataclasses.replace(setting, **more)


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


class Stock(keras_tuner.HyperModel):
    """The rival's children: the task's, trained by `fit` in ten epochs.

    At the end of an epoch a child is scored, as validation data would; what
    does so is traced once a child.

    Args:
        job: What is trained.
    """

    def __init__(self, job: Job):
        super().__init__()
        self.task = tasks.get(job.task)
        self.setting = self.task.settings[job.setting]
        self._data = self.task.data(self.setting)
        texts = functions(job.functions, job.seed)
        self._choices = list(dict.fromkeys(texts))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Returns a compiled child."""
        child = self.task.candidate(hp.Choice("activation", self._choices))
        model = self.task.build(self.setting, self._data, child)
        fitted = _Fitted(
            model,
            self.task.descent(self.setting, self._data, model, child, seed=0),
        )
        fitted.compile(fitted.descent.optimizer)
        return fitted

    def fit(self, hp, model, *args, **more):
        """Trains a child by `Model.fit`."""
        predictor = tf.function(model.child, autograph=False)

        def score(epoch: int, logs: dict[str, float]) -> None:
            found = self.task.score(self.setting, self._data, predictor)
            logs[_SCORE] = found[self.task.metric]

        scoring = keras.callbacks.LambdaCallback(on_epoch_end=score)
        more["callbacks"] = [scoring, *more["callbacks"]]
        batches = model.descent.batches
        return model.fit(
            tf.data.Dataset.from_tensor_slices(batches),
            epochs=_EPOCHS,
            steps_per_epoch=max(1, self.setting.steps // _EPOCHS),
            **more,
        )


class _Fitted(keras.Model):
    """A child whose step is the task's, for `fit`."""

    def __init__(self, child: keras.Model, descent: Descent):
        super().__init__()
        self.child, self.descent = child, descent
        self.mean = keras.metrics.Mean("loss")
        self.built = True

    def call(self, inputs, training=None):
        return self.child(inputs, training=training)

    def train_step(self, rows):
        loss = self.descent.step(rows)
        self.mean.update_state(loss)
        return {"loss": self.mean.result()}


def stock(job: Job, folder: str) -> dict[str, float]:
    """Runs the rival."""
    model = Stock(job)
    tuner = keras_tuner.RandomSearch(
        model,
        objective=keras_tuner.Objective(_SCORE, _direction(model.task)),
        max_trials=job.functions,
        seed=job.seed + 1,
        max_consecutive_failed_trials=job.functions,
        directory=folder,
        project_name="stock",
    )
    begin = time.perf_counter()
    # It gives up after 20 functions in a row that it has drawn before.
    tuner.oracle._max_collisions = 10**6
    tuner.search(verbose=0)
    trials = tuner.oracle.trials.values()
    scores = [trial.score for trial in trials]
    return {
        "seconds": time.perf_counter() - begin,
        "functions": len(scores),
        "not_finished": sum(
            score is None or not math.isfinite(score) for score in scores
        ),
    }


def ours(job: Job, folder: str, variant: Variant) -> dict[str, float]:
    """Runs a variant of our search."""
    task = tasks.get(job.task)
    metric = task.metrics[task.metric]
    child = TaskChild(
        task,
        one_step if variant.one_step else job.change,
        task.metric if variant.halving else None,
        searched=job.setting,
        screen=variant.screen,
    )
    oracle = _Timed(
        Listed(job.functions, job.seed),
        keras_tuner.Objective(task.metric, _direction(task)),
        floor=metric.sign * metric.floor,
        cache=variant.cache,
        halving=search.SuccessiveHalving(REDUCTION)
        if variant.halving
        else None,
        verbose=0,
    )
    oracle._set_project_dir(folder, "ours")
    oracle.reload()
    run_trials(oracle, ChildTrial(child), make(workers=variant.processes))
    ends = collections.Counter(result.status for result in oracle.results)
    judged = ends["completed"] + ends["cached"]
    return {
        "seconds": oracle.ended - oracle.begun,
        "functions": len(oracle.results),
        "not_finished": len(oracle.results) - judged,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def one_step(setting: Any) -> Any:
    """Returns a setting that trains for one step."""
    if isinstance(setting, Child):
        data = dataclasses.replace(setting.data, steps=1)
        return dataclasses.replace(setting, data=data)
    return with_steps(1, setting)


def measure(name: str, job: Job) -> dict[str, float]:
    """Runs a variant in a process of its own.

    Args:
        name: Of the variant.
        job: What is trained.
    """
    given = json.dumps(dataclasses.asdict(job))
    threads = VARIANTS[name].threads
    return measured(__spec__.name, name, given, threads=threads)


def _direction(task: Task) -> str:
    return task.metrics[task.metric].direction


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
    name, job = sys.argv[1], Job(**json.loads(sys.argv[2]))
    with tempfile.TemporaryDirectory() as folder:
        if name == "stock":
            found = stock(job, folder)
        else:
            found = ours(job, folder, VARIANTS[name])
    print(json.dumps(found))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
