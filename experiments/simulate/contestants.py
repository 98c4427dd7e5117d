"""Who is compared: the library's search methods, and some of their settings."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from actfn.search.policies import POLICIES, policy_class
from actfn.search.policies.base import Policy, settings_of
from actfn.search.policies.prior import Prior
from actfn.spaces.grammar import SearchSpace
from experiments.simulate.optuna_tpe import OptunaPolicy

PRIORS = {
    "surrogate_prior": "the surrogate that knows the open table, but for the "
    "task it searches on",
    "surrogate_shuffled": "the same with the scores shuffled, which mislead",
}
NAMES = (*POLICIES, "optuna", *PRIORS)


def contestant(
    name: str, space: SearchSpace, seed: int, task: str | None = None
) -> Policy:
    """Returns a search method.

    Args:
        name: One of `NAMES`.
        space: Where it searches.
        seed: Of the method, and of the shuffling.
        task: Whose rewards it is to find, which no prior knows.

    Raises:
        ValueError: The space does not suit it, there is no prior, or Optuna
            is not installed.
    """
    if name == "optuna":
        return OptunaPolicy(space, seed)
    if name not in PRIORS:
        return POLICIES[name](space, seed=seed)
    prior = Prior.load(without=[task] if task else [])
    if name == "surrogate_shuffled":
        places = np.random.default_rng(seed).permutation(len(prior.texts))
        scores = {task: each[places] for task, each in prior.scores.items()}
        prior = Prior(prior.texts, scores, prior.shapes)
    return policy_class("surrogate")(space, seed=seed, prior=prior)


def digest(policy: Policy) -> str:
    """Returns what tells a policy's settings from others."""
    told = json.dumps(settings_of(policy), sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
