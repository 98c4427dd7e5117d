"""Search methods, one file each, behind one ask-and-tell interface."""

from collections.abc import Callable

from actfn.search.policies.base import Policy
from actfn.search.policies.evolution import EvolutionPolicy
from actfn.search.policies.exhaustive import ExhaustivePolicy
from actfn.search.policies.ppo import PPOPolicy
from actfn.search.policies.random import RandomPolicy
from actfn.search.policies.reinforce import ReinforcePolicy
from actfn.search.policies.surrogate import SurrogatePolicy

POLICIES: dict[str, Callable[..., Policy]] = {
    "surrogate": SurrogatePolicy,
    "evolution": EvolutionPolicy,
    "ppo": PPOPolicy,
    "reinforce": ReinforcePolicy,
    "exhaustive": ExhaustivePolicy,
    "random": RandomPolicy,
}
"""Every search method by its name."""
