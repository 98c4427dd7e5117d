"""Text to expression, by recursive descent; Python is never evaluated.

Grammar, in the order of precedence that Python gives its operators::

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/") signed)*
    signed  = "-" signed | power
    power   = atom ["**" signed]
    atom    = number | "x" | "beta" [digits] | name "(" sum ("," sum)* ")"
            | "(" sum ")"
"""

from __future__ import annotations

import difflib
import re

from actfn.expressions import operators
from actfn.expressions.expression import (
    Call,
    Constant,
    Expression,
    ExpressionError,
    Parameter,
    Variable,
    number_parameters,
)

MAX_NESTING = 60
"""How deep parentheses, calls, signs and powers may nest."""
MAX_NODES = 2000
"""How many operators, names and numbers a text may hold."""

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|[-+*/(),])"
    r")"
)
_PARAMETER = re.compile(r"beta(0|[1-9]\d{0,5})?")


def parse(text: str) -> Expression:
    """Returns the expression that `text` denotes.

    Infix ``+ - * / **`` with numbers, the input ``x``, calls of operators and
    trainable parameters ``beta``, ``beta1``, ``beta2``, ... . Parameters are
    renumbered by first appearance: the first is ``beta``, then ``beta1``.

    Args:
        text: For instance ``"x * sigmoid(beta * x)"``.

    Raises:
        ExpressionError: The text is malformed; the message shows where.

    Example:
        >>> str(parse("max( x,sigmoid(x) )"))
        'max(x, sigmoid(x))'
    """
    return number_parameters(parse_template(text, ("x",)))


def parse_template(text: str, variables: tuple[str, ...]) -> Expression:
    """Parses text over other inputs than x; parameters keep their names."""
    if not isinstance(text, str):
        raise ExpressionError(
            f"An expression must be given as text. Received: {text!r}"
        )
    return _Parser(text, variables).parse()


class _Parser:
    def __init__(self, text: str, variables: tuple[str, ...]):
        self.text = text
        self.variables = variables
        self.tokens = self._split()
        self.index = 0
        self.nesting = 0

    def parse(self) -> Expression:
        result = self.sum()
        if self.kind != "end":
            self.fail("expected an operator or the end")
        return result

    def _split(self) -> list[tuple[str, str, int]]:
        tokens, position = [], 0
        end = len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                start = end - len(self.text[position:end].lstrip())
                raise self.error("unexpected character", start)
            kind = match.lastgroup
            tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
            if len(tokens) > 4 * MAX_NODES:
                raise self.error("the expression is too long", position)
        return [*tokens, ("end", "", end)]

    def error(self, problem: str, position: int) -> ExpressionError:
        shown, start = self.text, 0
        if len(shown) > 60:
            start = max(0, position - 30)
            shown = shown[start : start + 60]
        at = f"position {position + 1}"
        where = "the end" if position >= len(self.text.rstrip()) else at
        return ExpressionError(
            f"Cannot read an expression: {problem} at {where}. "
            f"Received: {shown!r}"
        )

    def fail(self, problem: str):
        raise self.error(problem, self.tokens[self.index][2])

    @property
    def kind(self) -> str:
        return self.tokens[self.index][0]

    @property
    def token(self) -> str:
        return self.tokens[self.index][1]

    def take(self, *symbols: str) -> str | None:
        """Steps over the next token if it is one of the symbols."""
        if self.kind == "symbol" and self.token in symbols:
            self.index += 1
            return self.tokens[self.index - 1][1]
        return None

    def nested(self, rule) -> Expression:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"nested deeper than {MAX_NESTING} levels")
        result = rule()
        self.nesting -= 1
        return result

    def chain(self, rule, names: dict[str, str]) -> Expression:
        result, links = rule(), 0
        while symbol := self.take(*names):
            links += 1
            if links > MAX_NESTING:
                self.fail(f"more than {MAX_NESTING} terms in a row")
            result = Call(names[symbol], (result, rule()))
        return result

    def sum(self) -> Expression:
        return self.chain(self.product, {"+": "add", "-": "sub"})

    def product(self) -> Expression:
        return self.chain(self.signed, {"*": "mul", "/": "div"})

    def signed(self) -> Expression:
        if not self.take("-"):
            return self.power()
        is_number = self.kind == "number"
        argument = self.nested(self.signed)
        if is_number and isinstance(argument, Constant):
            return Constant(-argument.value)
        return Call("neg", (argument,))

    def power(self) -> Expression:
        base = self.atom()
        if not self.take("**"):
            return base
        return Call("pow", (base, self.nested(self.signed)))

    def atom(self) -> Expression:
        kind, token, position = self.tokens[self.index]
        if kind == "number":
            self.index += 1
            try:
                return Constant(float(token))
            except ExpressionError:
                raise self.error("number out of range", position) from None
        if kind == "name":
            self.index += 1
            return self.name(token, position)
        if self.take("("):
            result = self.nested(self.sum)
            if not self.take(")"):
                self.fail("expected ')'")
            return result
        self.fail("expected a number, a name or '('")

    def name(self, name: str, position: int) -> Expression:
        if name in self.variables:
            return Variable(name)
        if _PARAMETER.fullmatch(name):
            return Parameter(name)
        if name not in operators.names():
            raise self.error(self.unknown(name), position)
        row = operators.get(name)
        arguments = self.call_arguments(name)
        if len(arguments) != row.arity:
            raise self.error(
                f"{name} takes {row.arity} argument"
                f"{'s' * (row.arity != 1)}, not {len(arguments)},",
                position,
            )
        return Call(name, tuple(arguments))

    def call_arguments(self, name: str) -> list[Expression]:
        if not self.take("("):
            self.fail(f"expected '(' after {name}")
        arguments = [self.nested(self.sum)]
        while self.take(","):
            arguments.append(self.nested(self.sum))
        if not self.take(")"):
            self.fail("expected ',' or ')'")
        return arguments

    def unknown(self, name: str) -> str:
        known = [
            *self.variables,
            "beta",
            *operators.names(),
        ]
        close = difflib.get_close_matches(name[:30], known, n=3)
        hint = (
            f"did you mean {' or '.join(close)}?"
            if close
            else f"known are {', '.join(known)}"
        )
        return f"unknown name {name[:30]!r} ({hint})"
