"""Search for activation functions: policies and the Keras Tuner oracle."""

from actfn.search.distributed import ChiefError, run
from actfn.search.evolution import EvolutionPolicy
from actfn.search.exhaustive import ExhaustivePolicy
from actfn.search.halving import SuccessiveHalving
from actfn.search.oracle import PolicyOracle
from actfn.search.policy import Policy, Proposal
from actfn.search.ppo import PPOPolicy
from actfn.search.random import RandomPolicy
from actfn.search.records import Result
from actfn.search.reinforce import ReinforcePolicy
from actfn.search.surrogate import SurrogatePolicy

__all__ = [
    "ChiefError",
    "EvolutionPolicy",
    "ExhaustivePolicy",
    "PPOPolicy",
    "Policy",
    "PolicyOracle",
    "Proposal",
    "RandomPolicy",
    "ReinforcePolicy",
    "Result",
    "SuccessiveHalving",
    "SurrogatePolicy",
    "run",
]
