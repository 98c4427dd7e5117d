"""Find activation functions by search, and use them as Keras layers."""

from actfn import catalog
from actfn.canonical import canonicalize
from actfn.catalog import get
from actfn.expression import Expression, ExpressionError
from actfn.grammar import SearchSpace
from actfn.layers import ActivationFunction
from actfn.operators import register_operator
from actfn.parsing import parse
from actfn.surgery import swap_activations

__all__ = [
    "ActivationFunction",
    "Expression",
    "ExpressionError",
    "SearchSpace",
    "canonicalize",
    "catalog",
    "get",
    "parse",
    "register_operator",
    "swap_activations",
]
