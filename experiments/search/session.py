"""The search program as a session of the library with children of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import pathlib
from collections.abc import Mapping

import keras_tuner

import actfn
from actfn import search
from actfn.search.executors import Executor
from actfn.search.policies import POLICIES
from actfn.search.session import Plan, Session, Texts
from experiments.tasks.image.child import ImageChild
from experiments.tasks.image.recipe import Recipe

BASELINES = ("relu", "swish_1", "swish")
DIRECTIONS = {"accuracy": "max", "loss": "min"}
"""What a child can be judged by; the loss is the mean cross-entropy."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What makes a search what it is.

    Attributes:
        recipe: How children are trained.
        reward: What the policy is told of a child, a key of `DIRECTIONS`; the
            loss with a minus.
        policy: A key of `actfn.search.policies.POLICIES`.
        core_units: Of the search space.
        unary: Names of its unary functions; None for the paper's.
        binary: Names of its binary functions; None for the paper's.
        wiring: Of its units.
        trials: Functions to train.
        seed: Of the policy, the children and the repeats.
        control: Whether as many random functions are trained.
        finalists: How many functions are retrained.
        repeats: How often.
    """

    recipe: Recipe
    reward: str
    policy: str
    core_units: int
    unary: list[str] | None
    binary: list[str] | None
    wiring: str
    trials: int
    seed: int
    control: bool
    finalists: int
    repeats: int

    def to_json(self) -> dict[str, object]:
        """Returns the settings as flat JSON data."""
        settings = json.loads(json.dumps(dataclasses.asdict(self)))
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
    space = actfn.SearchSpace(
        settings.core_units, settings.unary, settings.binary, settings.wiring
    )
    child = ImageChild(settings.recipe, data_dir, settings.reward)
    control = search.RandomPolicy(space, seed=settings.seed + 1)
    plan = Plan(
        objective=keras_tuner.Objective(
            settings.reward, DIRECTIONS[settings.reward]
        ),
        baselines=BASELINES,
        policy=POLICIES[settings.policy](space, seed=settings.seed),
        trials=settings.trials,
        control=control if settings.control else None,
        control_trials=settings.trials if settings.control else 0,
        finalists=settings.finalists,
        repeats=settings.repeats,
        seed=settings.seed,
        race=False,
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


def key(recipe: Recipe) -> str:
    """Returns a short text that tells a recipe from others."""
    text = json.dumps(dataclasses.asdict(recipe), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


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
        f"functions, {settings.wiring} wiring), proposed by {settings.policy} "
        f"(seed {settings.seed}), which was told the validation "
        f"{settings.reward}; each trained in {recipe['model']} of width "
        f"{recipe['width']} on {recipe['dataset']} for {recipe['steps']} steps "
        f"of {recipe['batch_size']} images."
    )
