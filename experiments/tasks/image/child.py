"""The child: a small network trained briefly to judge one activation.

A child is built, trained by one compiled loop over steps, and evaluated.
Children that cannot become good are not trained to the end; see `Recipe`.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import actfn
import models
from actfn.search import memory, screening
from actfn.search.scoring import RUNG
from actfn.search.seeds import derived_seed
from experiments import datasets
from experiments.tasks.image.recipe import Recipe
from experiments.tasks.image.training import cross_entropy, descent_of
from experiments.tasks.training import moving_mean, predict

_EVALUATION_BATCH = 500
_SCREENING_BATCH = 64
_FAIR_STEPS = 50
"""So many steps at least a child has before it is compared with guessing."""


@dataclasses.dataclass(frozen=True)
class ChildResult:
    """What one child came to.

    Attributes:
        accuracy: The share of evaluation images classified correctly; NaN if
            training diverged or never began.
        loss: The mean cross-entropy on them; NaN likewise.
        seconds: Wall time of building, training and evaluation.
        rejected: Whether it was given up though nothing diverged in training.
        reason: Why it was not trained to the end; empty if it was.
    """

    accuracy: float
    loss: float
    seconds: float
    rejected: bool = False
    reason: str = ""

    @property
    def diverged(self) -> bool:
        """Whether training came to a loss that is not finite."""
        finite = math.isfinite(self.loss) and math.isfinite(self.accuracy)
        return not finite and not self.rejected


Report = Callable[[int, ChildResult], bool]
"""Takes a step and what the child is there; says whether it goes on."""


class ChildTrainer:
    """Trains children of one recipe; reads the data once.

    Args:
        recipe: How to train.
        data_dir: Where TFDS sets lie, see `experiments.datasets.load`.

    Raises:
        ValueError: The recipe names an unknown data set or model, or one of
            its numbers is out of range.
    """

    def __init__(self, recipe: Recipe, data_dir: str | None = None):
        self.recipe = recipe
        data = datasets.load(recipe.dataset, data_dir, recipe.validation)
        self.provenance = data.provenance
        self.classes = len(data.classes)
        pooled = {
            name: _pool(getattr(data, name).images, recipe.pooling)
            for name in ("train", "validation", "test")
        }
        statistics = datasets.channel_statistics(pooled["train"])
        self._splits = {
            name: (
                datasets.standardise(images, *statistics),
                getattr(data, name).labels,
            )
            for name, images in pooled.items()
        }
        self.input_shape = self._splits["train"][0].shape[1:]

    def images(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns standardised images and labels: train, validation or test."""
        return self._splits[split]

    def train(
        self,
        activation: str,
        seed: int,
        evaluate_on: str = "validation",
        report: Report | None = None,
    ) -> ChildResult:
        """Trains one child from scratch, or several, as the recipe says.

        The first that is given up or diverges speaks for all.

        Args:
            activation: What `actfn.get` takes.
            seed: Decides the first weights and the order of the images.
            evaluate_on: ``"validation"`` or ``"test"``.
            report: Called at the recipe's rungs of the first child.

        Raises:
            ValueError: The activation is not one.
        """
        start = time.perf_counter()
        found: list[ChildResult] = []
        while len(found) < self.recipe.children:
            with memory.released():
                run = self._train(activation, seed, evaluate_on, report)
            if run.reason:
                found = [run]
                break
            found.append(run)
            seed, report = derived_seed(seed, 11), None
        return dataclasses.replace(
            found[0],
            accuracy=statistics.fmean(run.accuracy for run in found),
            loss=statistics.fmean(run.loss for run in found),
            seconds=time.perf_counter() - start,
        )

    def _train(self, activation, seed, split, report) -> ChildResult:
        none = ChildResult(math.nan, math.nan, 0.0)

        def give_up(reason: str, result: ChildResult = none) -> ChildResult:
            return dataclasses.replace(result, rejected=True, reason=reason)

        layer = actfn.get(activation)
        if self.recipe.screen and (reason := screening.hopeless(layer)):
            return give_up(reason)
        keras.utils.set_random_seed(seed % 2**32)
        model = self.build(activation)
        if self.recipe.screen and not self._begins_finite(model):
            return give_up("not finite before training")
        descent = descent_of(self.recipe, model, *self.images("train"), seed)
        for stop, look in self._stops():
            if not descent.run_to(stop):
                reason = f"the loss is not finite at step {len(descent.losses)}"
                return dataclasses.replace(none, reason=reason)
            guessing = math.log(self.classes)
            if look == "loss" and moving_mean(descent.losses) >= guessing:
                reason = f"no better than guessing after {stop} steps"
                return give_up(reason, self._evaluate(model, split))
            if look == "accuracy" and report is not None:
                result = self._evaluate(model, split)
                if not report(stop, result):
                    reason = f"among the worse after {stop} steps"
                    return give_up(reason, result)
        return self._evaluate(model, split)

    def _stops(self) -> list[tuple[int, str]]:
        """Returns the steps at which to pause, and what to look at there."""
        recipe = self.recipe
        looks = [(share, "accuracy") for share in recipe.rungs]
        if recipe.screen:
            looks.append((max(0.25, _FAIR_STEPS / recipe.steps), "loss"))
        stops = [
            (math.ceil(share * recipe.steps), look)
            for share, look in looks
            if share < 1
        ]
        return [*sorted(stops), (recipe.steps, "")]

    def _begins_finite(self, model: keras.Model) -> bool:
        """Whether a standard-normal batch gives finite logits and loss."""
        shape = (_SCREENING_BATCH, *self.input_shape)
        batch = tf.random.stateless_normal(shape, (0, 0))
        with keras.StatelessScope():  # leaves the moving statistics as they are
            logits = model(batch, training=True)
        return bool(tf.reduce_all(tf.math.is_finite(logits)))

    def build(self, activation: str) -> keras.Model:
        """Returns a new child with the activation at each site."""
        return models.build(
            self.recipe.model,
            # Memory is no concern here: share work with the backward pass.
            activation=lambda: actfn.get(activation, recompute=False),
            classes=self.classes,
            input_shape=self.input_shape,
            width=self.recipe.width,
            weight_decay=self.recipe.weight_decay,
            batch_norm_momentum=0.9,
        )

    def _evaluate(self, model: keras.Model, split: str) -> ChildResult:
        """Returns accuracy and mean cross-entropy on a split."""
        images, labels = self.images(split)
        logits = predict(model, images, _EVALUATION_BATCH)
        hits = np.argmax(logits, axis=-1) == labels
        loss = float(cross_entropy(labels, logits))
        if not math.isfinite(loss):
            reason = "the loss is not finite after training"
            return ChildResult(math.nan, math.nan, 0.0, reason=reason)
        return ChildResult(float(hits.mean()), loss, 0.0)


class ImageChild:
    """A child as `actfn.search.session` calls it.

    Args:
        recipe: How to train.
        data_dir: Where TFDS sets lie.
        reward: What it reports at the recipe's rungs: accuracy or loss.

    Raises:
        ValueError: See `ChildTrainer`.
    """

    def __init__(
        self,
        recipe: Recipe,
        data_dir: str | None = None,
        reward: str = "accuracy",
    ):
        self._reward = reward
        self.trainer = ChildTrainer(recipe, data_dir)

    def __call__(self, hp, split: str, report=None) -> dict[str, float]:
        """Trains a child; NaN says that it diverged."""

        def at_rung(step: int, child: ChildResult) -> bool:
            return report(step, {RUNG: getattr(child, self._reward)})

        child = self.trainer.train(
            hp.get("activation"),
            hp.get("seed"),
            split,
            # Who is trained for the test images is trained to the end.
            at_rung if report is not None else None,
        )
        if child.reason:
            hp.values["note"] = child.reason
        return {
            "accuracy": child.accuracy,
            "loss": child.loss,
            "rejected": float(child.rejected),
        }


def _pool(images: np.ndarray, side: int) -> np.ndarray:
    """Averages over squares; a rest at the lower and right edge is cut off."""
    if side == 1:
        return images
    count, height, width, channels = images.shape
    rows, columns = height // side, width // side
    if not rows or not columns:
        raise ValueError(
            f"`pooling` must not exceed the images' side, {min(height, width)}."
            f" Received: {side}"
        )
    images = images[:, : rows * side, : columns * side]
    squares = images.reshape(count, rows, side, columns, side, channels)
    return np.round(squares.mean(axis=(2, 4))).astype(np.uint8)
