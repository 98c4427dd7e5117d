"""Search for activation functions: policies and the Keras Tuner oracle."""

from actfn.search.books.results import Result
from actfn.search.executors import Executor
from actfn.search.executors.trials import run
from actfn.search.find import Found, compare, find
from actfn.search.halving import SuccessiveHalving
from actfn.search.oracle import PolicyOracle
from actfn.search.policies.base import Policy, Proposal
from actfn.search.policies.evolution import EvolutionPolicy
from actfn.search.policies.exhaustive import ExhaustivePolicy
from actfn.search.policies.ppo import PPOPolicy
from actfn.search.policies.random import RandomPolicy
from actfn.search.policies.reinforce import ReinforcePolicy
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
