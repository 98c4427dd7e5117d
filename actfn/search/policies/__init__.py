"""Search methods, one file each, behind one ask-and-tell interface."""

import importlib
from collections.abc import Callable
from typing import Any

from actfn.search.policies.base import Policy

_CLASSES = {
    "surrogate": "SurrogatePolicy",
    "evolution": "EvolutionPolicy",
    "ppo": "PPOPolicy",
    "reinforce": "ReinforcePolicy",
    "exhaustive": "ExhaustivePolicy",
    "random": "RandomPolicy",
}


def policy_class(name: str) -> type:
    """Returns a search method by its name; PPO and REINFORCE load TensorFlow.

    Args:
        name: A key of `POLICIES`, but ppo_paper, which is ppo's class.
    """
    module = importlib.import_module(f"actfn.search.policies.{name}")
    return getattr(module, _CLASSES[name])


def _maker(name: str) -> Callable[..., Policy]:
    def make(*args: Any, **kwargs: Any) -> Policy:
        return policy_class(name)(*args, **kwargs)

    return make


POLICIES: dict[str, Callable[..., Policy]] = {
    name: _maker(name) for name in _CLASSES
}
"""What makes a policy, called with a space and a seed, by its name."""


def _published_ppo(*args: Any, **kwargs: Any) -> Policy:
    return policy_class("ppo").published(*args, **kwargs)


POLICIES["ppo_paper"] = _published_ppo


def fits_prior(name: str, space: Any) -> bool:
    """Returns whether a search may begin with what the open table knows.

    It is of functions of one input, and the surrogate alone reads it.

    Args:
        name: A key of `POLICIES`.
        space: Where the proposals come from.
    """
    return name == "surrogate" and space.inputs == 1 and not space.groups


def make_policy(
    name: str, space: Any, seed: int = 0, prior: Any = None
) -> Policy:
    """Returns a search method by its name.

    Args:
        name: A key of `POLICIES`.
        space: Where the proposals come from.
        seed: Integer from 0.
        prior: What the search begins with, see `SurrogatePolicy`, or None;
            ``"auto"`` is what the open table knows, where `fits_prior`.

    Raises:
        ValueError: There is no such method, or it cannot begin with a prior.
    """
    if not isinstance(name, str) or name not in POLICIES:
        raise ValueError(
            f"`policy` must be one of {', '.join(POLICIES)}, or a Policy. "
            f"Received: {name!r}"
        )
    if prior == "auto":
        prior = "table" if fits_prior(name, space) else None
    if prior is None:
        return POLICIES[name](space, seed=seed)
    if name != "surrogate":
        raise ValueError(
            "`prior` must go with the policy 'surrogate', as no other can "
            f"begin with one. Received: {name!r}"
        )
    return POLICIES[name](space, seed=seed, prior=prior)
