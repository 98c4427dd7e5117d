"""Find activation functions by search, and use them as Keras layers."""

from actfn import catalog
from actfn.catalog import get
from actfn.expressions.expression import Expression, ExpressionError
from actfn.expressions.operators import register_operator
from actfn.expressions.parsing import parse
from actfn.layers import ActivationFunction
from actfn.spaces.canonical import canonicalize
from actfn.spaces.grammar import SearchSpace
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
