"""Expression trees of activation functions: plain data, no tensors.

A tree has four kinds of nodes: the inputs (`Variable`), x and for functions of
two inputs y, numbers (`Constant`), trainable parameters (`Parameter`) and
operators applied to sub-trees (`Call`). Nodes are immutable, compare by value
and hash, so that an expression serves as a dictionary key. Ordinary Python
arithmetic builds trees.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping


class ExpressionError(ValueError):
    """An expression or its text is malformed; says what and where."""


class Expression:
    """Base class of the nodes; never instantiated itself."""

    __slots__ = ()

    @property
    def arguments(self) -> tuple[Expression, ...]:
        """The direct sub-expressions, left to right."""
        return ()

    def __call__(self, x, y=None, **values):
        """Returns the function's value at x, or at x and y.

        Args:
            x: A number, an array, a list of numbers or a tensor; integers
                become floating-point numbers. An expression is put in the
                place of x.
            y: Likewise, of the shape of x; for functions of two inputs.
            **values: Values of parameters by name, 1 for those not named.

        Raises:
            ValueError: A name is not that of a parameter, or the function has
                two inputs and `y` is missing.

        Example:
            >>> from actfn import parse
            >>> float(parse("x * sigmoid(beta * x)")(2, beta=0))
            1.0
        """
        from actfn.expressions.calling import call

        return call(self, x, y, values)

    def __str__(self) -> str:
        from actfn.expressions.printing import to_text

        return to_text(self)

    def latex(self) -> str:
        r"""Returns LaTeX source, such as ``x \cdot \sigma(x)``."""
        from actfn.expressions.printing import to_latex

        return to_latex(self)

    def __add__(self, other: Expression | float) -> Expression:
        return Call("add", (self, _node(other)))

    def __radd__(self, other: float) -> Expression:
        return Call("add", (_node(other), self))

    def __sub__(self, other: Expression | float) -> Expression:
        return Call("sub", (self, _node(other)))

    def __rsub__(self, other: float) -> Expression:
        return Call("sub", (_node(other), self))

    def __mul__(self, other: Expression | float) -> Expression:
        return Call("mul", (self, _node(other)))

    def __rmul__(self, other: float) -> Expression:
        return Call("mul", (_node(other), self))

    def __truediv__(self, other: Expression | float) -> Expression:
        return Call("div", (self, _node(other)))

    def __rtruediv__(self, other: float) -> Expression:
        return Call("div", (_node(other), self))

    def __pow__(self, other: Expression | float) -> Expression:
        return Call("pow", (self, _node(other)))

    def __rpow__(self, other: float) -> Expression:
        return Call("pow", (_node(other), self))

    def __neg__(self) -> Expression:
        return Call("neg", (self,))


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Variable(Expression):
    """An input of the function, elementwise: x, or y beside it."""

    name: str = "x"

    def __repr__(self) -> str:
        return f"Variable({self.name!r})"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Constant(Expression):
    """A finite number.

    Raises:
        ExpressionError: The value is not a finite number.
    """

    value: float

    def __post_init__(self):
        try:
            value = float(self.value)
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            raise ExpressionError(
                f"A constant must be a finite number. Received: {self.value!r}"
            )
        object.__setattr__(self, "value", value)

    def __repr__(self) -> str:
        return f"Constant({self.value!r})"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Parameter(Expression):
    """A trainable parameter, one value per channel (last axis).

    The same name within one expression is the same parameter.

    Attributes:
        name: Its name.
        scalar: Whether it has one value a layer instead.
    """

    name: str
    scalar: bool = False

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}{', True' * self.scalar})"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Call(Expression):
    """The operator called `operator` applied to `arguments`."""

    operator: str
    arguments: tuple[Expression, ...]
    # Kept, since trees are dictionary keys wherever functions are compared.
    _hash: int = dataclasses.field(init=False, compare=False)

    def __post_init__(self):
        found = hash((self.operator, self.arguments))
        object.__setattr__(self, "_hash", found)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self):
        # The hash of a text is another one in another process.
        return Call, (self.operator, self.arguments)

    def __repr__(self) -> str:
        return f"Call({self.operator!r}, {self.arguments!r})"


X, Y = Variable("x"), Variable("y")


def _node(value: Expression | float) -> Expression:
    return value if isinstance(value, Expression) else Constant(value)


def walk(expression: Expression) -> Iterator[Expression]:
    """Yields the node and all below it, parents first, left to right."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.arguments))


def size(expression: Expression) -> int:
    """Returns the number of nodes."""
    return sum(1 for _ in walk(expression))


def depth(expression: Expression) -> int:
    """Returns the number of nodes on the longest path to a leaf."""
    deepest, pending = 0, [(expression, 1)]
    while pending:
        node, level = pending.pop()
        deepest = max(deepest, level)
        pending.extend((child, level + 1) for child in node.arguments)
    return deepest


def rebuild(
    expression: Expression, leaf: Callable[[Expression], Expression]
) -> Expression:
    """Returns the tree with each leaf replaced by ``leaf(node)``."""
    if not isinstance(expression, Call):
        return leaf(expression)
    return Call(
        expression.operator,
        tuple(rebuild(argument, leaf) for argument in expression.arguments),
    )


def substitute(
    expression: Expression, values: Mapping[Expression, Expression]
) -> Expression:
    """Returns the tree with the leaves that are keys of `values` replaced."""
    return rebuild(expression, lambda node: values.get(node, node))


def inputs(expression: Expression) -> int:
    """Returns 2 if the expression is a function of y, else 1."""
    return 2 if Y in walk(expression) else 1


def exchanged(expression: Expression) -> Expression:
    """Returns the expression with x and y in each other's place."""
    return substitute(expression, {X: Y, Y: X})


def parameters(expression: Expression) -> tuple[Parameter, ...]:
    """Returns the distinct parameters in the order of first appearance."""
    return tuple(
        dict.fromkeys(
            node for node in walk(expression) if isinstance(node, Parameter)
        )
    )


def number_parameters(expression: Expression) -> Expression:
    """Renames the parameters to ``beta``, ``beta1``, ... as they appear.

    This is the normal form which parsing and decoding both return, so that
    expressions that differ in parameter names alone compare equal.
    """
    found = parameters(expression)
    names = {
        parameter: Parameter(f"beta{index or ''}", parameter.scalar)
        for index, parameter in enumerate(found)
    }
    if all(old == new for old, new in names.items()):
        return expression
    return substitute(expression, names)
