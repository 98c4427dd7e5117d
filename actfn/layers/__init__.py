"""Expressions as Keras layers with lean gradients."""

from actfn.layers.activation import ActivationFunction

__all__ = ["ActivationFunction"]
