"""Search for activation functions, on a model of one's own or with a tuner."""

from actfn.search.books.results import Result
from actfn.search.executors import Executor
from actfn.search.executors.trials import run
from actfn.search.find import Found, compare, find
from actfn.search.halving import SuccessiveHalving
from actfn.search.oracle import PolicyOracle
from actfn.search.policies import policy_class
from actfn.search.policies.base import Policy, Proposal
from actfn.search.policies.evolution import EvolutionPolicy
from actfn.search.policies.exhaustive import ExhaustivePolicy
from actfn.search.policies.random import RandomPolicy
from actfn.search.policies.surrogate import SurrogatePolicy

__all__ = [
    "EvolutionPolicy",
    "Executor",
    "ExhaustivePolicy",
    "Found",
    "PPOPolicy",
    "Policy",
    "PolicyOracle",
    "Proposal",
    "RandomPolicy",
    "ReinforcePolicy",
    "Result",
    "SuccessiveHalving",
    "SurrogatePolicy",
    "compare",
    "find",
    "run",
]

# PPO and REINFORCE are networks of TensorFlow's, which JAX can do without.
_ON_FIRST_USE = {"PPOPolicy": "ppo", "ReinforcePolicy": "reinforce"}


def __getattr__(name: str):
    """Imports a policy at its first use."""
    if name in _ON_FIRST_USE:
        return policy_class(_ON_FIRST_USE[name])
    raise AttributeError(f"module 'actfn.search' has no attribute {name!r}")
