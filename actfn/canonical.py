"""When are two expressions the same function?"""

from __future__ import annotations

from actfn import operators
from actfn.expression import (
    Call,
    Expression,
    Parameter,
    number_parameters,
    rebuild,
)


def canonicalize(expression: Expression) -> Expression:
    """Returns a form that is equal for expressions of the same function.

    The two arguments of a commutative operator are put in order and the
    parameters numbered anew.

    Example:
        >>> from actfn import parse
        >>> str(canonicalize(parse("sigmoid(beta * x) * x")))
        'sigmoid(beta * x) * x'
        >>> str(canonicalize(parse("x * sigmoid(x * beta)")))
        'sigmoid(beta * x) * x'
    """
    return number_parameters(_ordered(expression))


def _ordered(node: Expression) -> Expression:
    if not isinstance(node, Call):
        return node
    arguments = [_ordered(argument) for argument in node.arguments]
    if operators.get(node.operator).commutative:
        arguments[:2] = sorted(arguments[:2], key=_anonymous)
    return Call(node.operator, tuple(arguments))


def _anonymous(node: Expression) -> str:
    """The text without the names of the parameters."""

    def leaf(node: Expression) -> Expression:
        return Parameter("beta") if isinstance(node, Parameter) else node

    return str(rebuild(node, leaf))
