"""Expressions as text that parses back to them, and as LaTeX."""

from __future__ import annotations

from actfn.expressions import operators, words
from actfn.expressions.expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
    number_parameters,
    parameters,
)
from actfn.expressions.parsing import MAX_NESTING

_ATOM = 9
_POWER = 4
_NEGATION = 3
_PRODUCT = 2


def to_text(expression: Expression) -> str:
    """Returns text that `parse` reads back as an equal expression.

    Parameters keep their names, unless one name stands for one of a channel
    and one of a layer, as arithmetic may have it: then all are numbered.

    Example:
        >>> from actfn import parse
        >>> to_text(parse("x*sigmoid( beta*x )"))
        'x * sigmoid(beta * x)'
    """
    return _text(_distinct(expression))[0]


def to_latex(expression: Expression) -> str:
    r"""Returns LaTeX source for math mode.

    Example:
        >>> from actfn import parse
        >>> print(to_latex(parse("x * sigmoid(beta * x)")))
        x \cdot \sigma\left(\beta \cdot x\right)
    """
    return str(_latex(_distinct(expression)))


def _distinct(expression: Expression) -> Expression:
    """Returns it with numbered parameters if two have one name."""
    found = parameters(expression)
    if len({parameter.name for parameter in found}) == len(found):
        return expression
    return number_parameters(expression)


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return repr(value)


def _leaf(node: Expression) -> tuple[str, int]:
    if isinstance(node, Constant):
        text = _number(node.value)
        return text, _NEGATION if text.startswith("-") else _ATOM
    if isinstance(node, Parameter) and node.scalar:
        return f"scalar({node.name})", _ATOM
    if isinstance(node, (Variable, Parameter)):
        return node.name, _ATOM
    raise TypeError(f"Not an expression. Received: {node!r}")


def _text(node: Expression) -> tuple[str, int]:
    """Returns the text and how tightly its outermost operator binds.

    A row of terms that would be longer than `parse` takes has parentheses.
    """
    if not isinstance(node, Call):
        return _leaf(node)
    parts = [_text(argument) for argument in node.arguments]
    row = None if words.known(node.operator) else operators.get(node.operator)
    if row is None or row.infix is None:
        inside = ", ".join(text for text, _ in parts)
        return f"{node.operator}({inside})", _ATOM
    level = row.precedence
    if row.arity == 1:
        inner = _wrap(parts[0], level)
        if isinstance(node.arguments[0], Constant):
            inner = f"({parts[0][0]})"  # "-2" would read as the number.
        return f"{row.infix}{inner}", level
    # Powers group to the right, all others to the left.
    left, right = (
        (level + 1, _NEGATION)
        if row.name == "pow"
        else (
            # Comparisons do not chain.
            level + (level == 0),
            level + 1,
        )
    )
    links = _links(node.arguments[0], level)
    if links and links % MAX_NESTING == 0:
        left = _ATOM
    return (
        f"{_wrap(parts[0], left)} {row.infix} {_wrap(parts[1], right)}",
        level,
    )


def _links(node: Expression, level: int) -> int:
    """Counts the operators of a level that stand in a row."""
    count = 0
    while isinstance(node, Call) and not words.known(node.operator):
        if operators.get(node.operator).precedence != level:
            break
        count += 1
        node = node.arguments[0]
    return count


def _wrap(part: tuple[str, int], at_least: int) -> str:
    text, level = part
    return text if level >= at_least else f"({text})"


class _Latex(str):
    """LaTeX that knows how tightly its outermost operator binds."""

    level: int

    def __new__(cls, text: str, level: int) -> _Latex:
        piece = super().__new__(cls, text)
        piece.level = level
        return piece

    def __format__(self, at_least: str) -> str:
        if self.level >= int(at_least or 0):
            return str(self)
        return rf"\left({self}\right)"


def _power_of_ten(text: str, level: int) -> _Latex:
    r"""Returns a leaf; 1.5e-06 as ``1.5 \cdot 10^{-6}``."""
    factor, _, exponent = text.partition("e")
    if not exponent.lstrip("+-").isdigit():
        return _Latex(text, level)
    power = f"10^{{{int(exponent)}}}"
    if factor in ("1", "-1"):
        level = _POWER if factor == "1" else _NEGATION
        return _Latex(factor[:-1] + power, level)
    return _Latex(rf"{factor} \cdot {power}", _PRODUCT)


def _latex(node: Expression) -> _Latex:
    if isinstance(node, Parameter):
        index = node.name.removeprefix("beta")
        return _Latex(rf"\beta_{{{index}}}" if index else r"\beta", _ATOM)
    if not isinstance(node, Call):
        return _power_of_ten(*_leaf(node))
    arguments = [_latex(argument) for argument in node.arguments]
    if words.known(node.operator):
        name = node.operator.replace("_", r"\_")
        inside = ", ".join(arguments)
        return _Latex(rf"\operatorname{{{name}}}\left({inside}\right)", _ATOM)
    row = operators.get(node.operator)
    return _Latex(row.latex.format(*arguments), row.precedence)
