"""The search program as a session of the library with children of its own."""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Mapping

import keras_tuner

import actfn
from actfn import search
from actfn.search.executors import Executor
from actfn.search.plan import Texts
from actfn.search.session import Session
from experiments.search.settings import SearchSettings
from experiments.tasks.base import key
from experiments.tasks.image.child import ImageChild
from experiments.tasks.image.recipe import Recipe

BASELINES = ("relu", "swish_1", "swish")
DIRECTIONS = {"accuracy": "max", "loss": "min"}
"""What a child can be judged by; the loss is the mean cross-entropy."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(SearchSettings):
    """What makes a search what it is.

    Attributes:
        recipe: How children are trained; the reward is a key of `DIRECTIONS`,
            of which the loss comes with a minus.
    """

    recipe: Recipe

    def to_json(self) -> dict[str, object]:
        """Returns the settings as flat JSON data."""
        settings = self.identity()
        return settings.pop("recipe") | settings


def make_session(
    settings: Settings,
    folder: pathlib.Path,
    data_dir: str | None,
    executor: Executor,
    command: str,
) -> Session:
    """Returns the session that runs a search in a folder.

    Args:
        settings: What to search.
        folder: For the results; nothing is written yet.
        data_dir: Where TFDS sets lie.
        executor: Trains the children.
        command: To be shown in the report.

    Raises:
        ValueError: The settings name data, a model or a space that is not
            there.
    """
    space = settings.space()
    child = ImageChild(settings.recipe, data_dir, settings.reward)
    plan = settings.plan(
        space,
        "image",
        objective=keras_tuner.Objective(
            settings.reward, DIRECTIONS[settings.reward]
        ),
        baselines=BASELINES,
        floor=_floor(settings, child),
        halving=search.SuccessiveHalving() if settings.recipe.rungs else None,
    )
    texts = Texts(
        title="Search for activation functions",
        policy=settings.policy,
        setting=_setting(settings, space),
        command=command,
        provenance=f"Data: {child.trainer.provenance}.",
        metric=settings.reward,
        note="Confirmed on the test images, which the search never saw.",
    )
    # A folder holds one recipe: the key is in every trial of it.
    recipe = keras_tuner.HyperParameters()
    recipe.Fixed("recipe", key(settings.recipe))
    return Session(
        plan,
        child,
        folder,
        executor,
        texts,
        settings.to_json(),
        recipe,
        page="search.html",
    )


def _floor(settings: Settings, child: ImageChild) -> float:
    """The reward of who diverges: far worse than guessing."""
    if settings.reward == "accuracy":
        return 0.0
    return -2 * math.log(child.trainer.classes)


def _setting(settings: Settings, space: actfn.SearchSpace) -> str:
    recipe: Mapping = vars(settings.recipe)
    return (
        f"{settings.trials} functions of up to {settings.core_units} core "
        f"units ({len(space.unary)} unary and {len(space.binary)} binary "
        f"functions, {settings.wiring} wiring), proposed by "
        f"{settings.proposer}, which was told the validation "
        f"{settings.reward}; each trained in {recipe['model']} of width "
        f"{recipe['width']} on {recipe['dataset']} for {recipe['steps']} steps "
        f"of {recipe['batch_size']} images."
    )
