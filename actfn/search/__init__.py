"""Search for activation functions: policies and the Keras Tuner oracle."""

from actfn.search.policy import Policy, Proposal
from actfn.search.ppo import PPOPolicy
from actfn.search.random import RandomPolicy
from actfn.search.reinforce import ReinforcePolicy

__all__ = [
    "PPOPolicy",
    "Policy",
    "Proposal",
    "RandomPolicy",
    "ReinforcePolicy",
]
