"""Expressions as Keras layers with lean gradients."""

from actfn.layers.activation import ActivationFunction
from actfn.layers.gated import GatedFunction

__all__ = ["ActivationFunction", "GatedFunction"]
