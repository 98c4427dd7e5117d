r"""Text to expression, by recursive descent; Python is never evaluated.

Grammar, in the order of precedence that Python gives its operators::

    choice  = compare ["if" compare "else" choice]
    compare = sum [("<" | "<=" | ">" | ">=") sum]
    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/") signed)*
    signed  = ("-" | "+") signed | number power | power
    power   = atom [("**" | "^") signed]
    atom    = number | "x" | "y" | "pi" | "e" | parameter
            | "scalar(" parameter ")" | "(" choice ")"
            | name "(" choice ("," choice)* ")"
            | "|" choice "|"

A parameter is alpha, beta, gamma, delta, a, b or c, with digits or not. Names
may have the prefix of a library (``np.tanh``). Text with a backslash is LaTeX:
factors may stand side by side and functions without parentheses.
"""

from __future__ import annotations

import math
import re

from actfn.expressions import operators, spellings, words
from actfn.expressions.expression import (
    Call,
    Constant,
    Expression,
    ExpressionError,
    Parameter,
    Variable,
    X,
    Y,
    depth,
    number_parameters,
    walk,
)
from actfn.expressions.tokens import error, split

MAX_NESTING = 60
"""How deep parentheses, calls, signs and powers may nest."""
MAX_DEPTH = 150
"""How many operators deep an expression may be; rows of terms count too."""
MAX_TOKENS = 8000
"""How many names, numbers, signs and brackets a text may hold."""

_COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_Y_ALONE = (
    "unknown name 'y'; it is the second input beside x of a GatedFunction alone"
)
_NUMBERS = {"pi": math.pi, "e": math.e}


def parse(text: str, inputs: int | None = None) -> Expression:
    """Returns the expression that `text` denotes.

    Infix ``+ - * / **`` with numbers, comparisons, the input ``x``, calls of
    operators and of catalog functions, and trainable parameters, one value a
    channel: ``alpha``, ``beta``, ``gamma``, ``delta``, ``a``, ``b``, ``c``,
    with digits or not; ``scalar(beta)`` has one value a layer. Parameters are
    renamed by first appearance: the first is ``beta``, then ``beta1``.
    Functions of two inputs are over ``x`` and ``y``.

    ``a / b`` is the paper's division, a / (b + 1e-6), which is near a / b only
    where b is far from 0 and positive: ``exp(x) / exp(x)`` is 0.45 at -14. It
    is exact where b is a constant other than 0, as in ``x / sqrt(2)``.
    ``divide(a, b)`` is exact for all b.

    Args:
        text: For instance ``"x * sigmoid(beta * x)"``.
        inputs: 1 if y is no input, 2 if it is; by default it is one beside x,
            so that a text of y alone is taken for a slip.

    Raises:
        ExpressionError: The text is malformed; the message shows where.
        ValueError: `inputs` is something else.

    Example:
        >>> str(parse("max( x,sigmoid(x) )"))
        'max(x, sigmoid(x))'
        >>> str(parse("2|x| + Mish(x^2)"))
        '2 * abs(x) + mish(x ** 2)'
    """
    if inputs not in (None, 1, 2):
        raise ValueError(f"`inputs` must be 1 or 2. Received: {inputs!r}")
    found = parse_template(text, ("x", "y"))
    nodes = set() if inputs == 2 else set(walk(found))
    if Y in nodes and (inputs == 1 or X not in nodes):
        raise error(text, _Y_ALONE, re.search(r"(?<![a-z])y", text).start())
    return number_parameters(found)


def parse_template(text: str, variables: tuple[str, ...]) -> Expression:
    """Parses text over any inputs; parameters keep their names."""
    if not isinstance(text, str):
        raise ExpressionError(
            f"An expression must be given as text. Received: {text!r}"
        )
    return _Parser(text, variables).parse()


class _Parser:
    def __init__(self, text: str, variables: tuple[str, ...]):
        self.text = text
        self.variables = variables
        self.tokens = split(text, MAX_TOKENS)
        self.latex = "\\" in text
        self.index = self.nesting = self.calls = self.bars = 0
        self.in_exponent = self.after_division = False
        self.scalars: dict[str, bool] = {}

    def parse(self) -> Expression:
        result = self.choice()
        if self.kind != "end":
            self.fail(self.leftover())
        if depth(result) > MAX_DEPTH:
            raise error(
                self.text, f"deeper than {MAX_DEPTH} operators in all", 0
            )
        if words.expanded_size(result) > words.MAX_EXPANDED:
            raise error(self.text, "the expression is too long", 0)
        return result

    def leftover(self) -> str:
        """Says what is wrong with the token that nothing can use."""
        if self.token in ("=", "==", "!="):
            return (
                f"unexpected {self.token!r}; give the right-hand side alone, "
                "or compare by < <= > >="
            )
        if self.kind in ("name", "number") or self.token == "(":
            return (
                "expected an operator or the end; to multiply, write * between"
            )
        return "expected an operator or the end"

    def fail(self, problem: str, position: int | None = None):
        if position is None:
            position = self.tokens[self.index][2]
        raise error(self.text, problem, position)

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

    def take_name(self, name: str) -> bool:
        found = self.kind == "name" and self.token == name
        self.index += found
        return found

    def nested(self, rule) -> Expression:
        """Applies a rule a level deeper, where exponents are no matter."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"nested deeper than {MAX_NESTING} levels")
        outer = self.in_exponent, self.after_division
        if rule != self.signed:
            self.in_exponent = self.after_division = False
        result = rule()
        self.in_exponent, self.after_division = outer
        self.nesting -= 1
        return result

    def chain(self, rule, names: dict[str, str]) -> Expression:
        result, links = rule(), 0
        while symbol := self.take(*names):
            links += 1
            if links > MAX_NESTING:
                self.fail(f"more than {MAX_NESTING} terms in a row")
            self.after_division = symbol == "/"
            result = Call(names[symbol], (result, rule()))
            self.after_division = False
        return result

    def choice(self) -> Expression:
        value = self.compare()
        if not self.take_name("if"):
            return value
        condition = self.compare()
        if not self.take_name("else"):
            self.fail("expected 'else'")
        return Call("where", (condition, value, self.nested(self.choice)))

    def compare(self) -> Expression:
        left = self.sum()
        symbol = self.take(*_COMPARISONS)
        if not symbol:
            return left
        result = Call(_COMPARISONS[symbol], (left, self.sum()))
        if self.kind == "symbol" and self.token in _COMPARISONS:
            self.fail("comparisons do not chain; write where(a < b, ..., ...)")
        return result

    def sum(self) -> Expression:
        return self.chain(self.product, {"+": "add", "-": "sub"})

    def product(self) -> Expression:
        return self.chain(self.factors, {"*": "mul", "/": "div"})

    def factors(self) -> Expression:
        """Reads a factor and, in LaTeX, those that stand beside it."""
        result, links = self.signed(), 0
        while self.latex and not self.in_exponent and self.starts_atom():
            if self.after_division:
                self.fail("ambiguous product; write * and parentheses")
            links += 1
            if links > MAX_NESTING:
                self.fail(f"more than {MAX_NESTING} terms in a row")
            result = Call("mul", (result, self.power()))
        return result

    def starts_atom(self) -> bool:
        if self.kind == "name":
            return self.token not in ("if", "else")
        opens = self.token == "(" or (self.token == "|" and not self.bars)
        return self.kind == "symbol" and opens

    def signed(self) -> Expression:
        if self.take("+"):
            return self.nested(self.signed)
        if not self.take("-"):
            return self.scaled()
        is_number = self.kind == "number"
        argument = self.nested(self.signed)
        if is_number and isinstance(argument, Constant):
            return Constant(-argument.value)
        return Call("neg", (argument,))

    def scaled(self) -> Expression:
        """Reads a power or, as in ``2x``, a number times a power."""
        is_number = self.kind == "number"
        start = self.index
        result = self.power()
        beside = is_number and self.index == start + 1 and self.starts_atom()
        if not beside:
            return result
        if self.in_exponent or self.after_division:
            self.fail("ambiguous product; write * and parentheses")
        return Call("mul", (result, self.power()))

    def power(self) -> Expression:
        if self.kind == "name" and self.token == "e":
            after = self.tokens[self.index + 1]
            if after[1] == "**":
                self.index += 2
                return Call("exp", (self.exponent(),))
        base = self.atom()
        if not self.take("**"):
            return base
        return Call("pow", (base, self.exponent()))

    def exponent(self) -> Expression:
        outer, self.in_exponent = self.in_exponent, True
        result = self.nested(self.signed)
        self.in_exponent = outer
        return result

    def atom(self) -> Expression:
        kind, token, position = self.tokens[self.index]
        if kind == "number":
            self.index += 1
            try:
                return Constant(float(token))
            except ExpressionError:
                self.fail("number out of range", position)
        if kind == "name":
            self.index += 1
            return self.name(token, position)
        if self.take("("):
            outer, self.bars = self.bars, 0
            result = self.nested(self.choice)
            self.bars = outer
            if not self.take(")"):
                self.fail("expected ')'")
            return result
        if self.take("|"):
            self.bars += 1
            result = self.nested(self.choice)
            self.bars -= 1
            if not self.take("|"):
                self.fail("expected '|'")
            return Call("abs", (result,))
        self.fail("expected a number, a name or '('")

    def name(self, name: str, position: int) -> Expression:
        if name in self.variables:
            return Variable(name)
        if operators.PARAMETER.fullmatch(name):
            return self.parameter(name, False, position)
        name = self.without_prefix(name, position)
        if name in _NUMBERS and not self.follows("("):
            return Constant(_NUMBERS[name])
        if name == "scalar" and self.follows("("):
            return self.scalar()
        if name == "frac" and self.latex:
            return Call("div", (self.group(), self.group()))
        if name == "Piecewise" and self.follows("("):
            return self.piecewise()
        found = spellings.resolve(name)
        if found is None:
            self.fail(self.unknown(name), position)
        return self.call(found, name, position)

    def follows(self, symbol: str) -> bool:
        return self.kind == "symbol" and self.token == symbol

    def parameter(self, name: str, scalar: bool, position: int) -> Parameter:
        name = name.replace("_", "")
        if self.follows("(") and not self.latex:
            self.fail(
                f"{name} is a parameter, no function; to multiply, write *",
                position,
            )
        if self.scalars.setdefault(name, scalar) != scalar:
            self.fail(f"{name} must be scalar everywhere or nowhere", position)
        return Parameter(name, scalar)

    def scalar(self) -> Parameter:
        self.take("(")
        kind, name, position = self.tokens[self.index]
        if kind != "name" or not operators.PARAMETER.fullmatch(name):
            self.fail("expected a parameter")
        self.index += 1
        result = self.parameter(name, True, position)
        if not self.take(")"):
            self.fail("expected ')'")
        return result

    def group(self) -> Expression:
        if not self.take("("):
            self.fail("expected '{'")
        result = self.nested(self.choice)
        if not self.take(")"):
            self.fail("expected '}'")
        return result

    def without_prefix(self, name: str, position: int) -> str:
        """Returns the name without the library that stands before it."""
        module, _, last = name.rpartition(".")
        if not module:
            return name
        if module not in spellings.MODULES:
            self.fail(
                f"unknown prefix {module[:30]!r}; write {last[:30]} alone",
                position,
            )
        found = spellings.PREFIXED.get((module, spellings.normal(last)), last)
        if found is None:
            self.fail(
                f"{name} is not the same in all libraries; write gelu or "
                "gelu_tanh",
                position,
            )
        return found

    def call(self, name: str, written: str, position: int) -> Expression:
        if self.latex and not self.follows("("):
            arguments = self.bare_argument(written)
        else:
            arguments = self.call_arguments(written)
        if words.known(name):
            counts = words.arities(name)
        else:
            counts = [operators.get(name).arity]
            if name in ("max", "min") and len(arguments) > 2:
                return self.fold(name, arguments)
        if len(arguments) not in counts:
            takes = " or ".join(map(str, counts))
            self.fail(
                f"{written[:30]} takes {takes} argument"
                f"{'s' * (counts != [1])}, not {len(arguments)},",
                position,
            )
        if not words.known(name):
            return Call(name, tuple(arguments))
        self.calls += 1
        return words.call(name, tuple(arguments), str(self.calls))

    def fold(self, name: str, arguments: list) -> Expression:
        result = arguments[0]
        for argument in arguments[1 : MAX_NESTING + 1]:
            result = Call(name, (result, argument))
        if len(arguments) > MAX_NESTING + 1:
            self.fail(f"more than {MAX_NESTING} terms in a row")
        return result

    def bare_argument(self, name: str) -> list[Expression]:
        r"""Reads the argument of ``\sin x``: one power."""
        if self.take("**"):
            self.fail(f"ambiguous power of {name}; write {name}(x)^2")
        if not self.starts_atom() and self.kind != "number":
            self.fail(f"expected '(' after {name[:30]}")
        if name == "sqrt":  # it takes what is next, as LaTeX has it
            return [self.nested(self.atom)]
        argument = self.nested(self.scaled)
        if self.starts_atom() and X not in walk(argument):
            self.fail(f"ambiguous argument of {name}; write {name}(...)")
        return [argument]

    def call_arguments(self, name: str) -> list[Expression]:
        if not self.take("("):
            self.fail(f"expected '(' after {name[:30]}")
        outer, self.bars = self.bars, 0
        arguments = [self.nested(self.choice)]
        while self.take(","):
            arguments.append(self.nested(self.choice))
        self.bars = outer
        if self.follows("="):
            self.fail("unexpected '='; give arguments by their order")
        if not self.take(")"):
            self.fail("expected ',' or ')'")
        return arguments

    def piecewise(self) -> Expression:
        """Reads SymPy's ``Piecewise((a, condition), ..., (b, True))``."""
        self.take("(")
        cases, last = [], None
        while last is None:
            if not self.take("("):
                self.fail("expected '(' of a case")
            value = self.nested(self.choice)
            if not self.take(","):
                self.fail("expected ','")
            if self.take_name("True"):
                last = value
            else:
                cases.append((self.nested(self.choice), value))
            if not self.take(")"):
                self.fail("expected ')'")
            if last is None and not self.take(","):
                self.fail("expected a last case with True")
        if not self.take(")"):
            self.fail("expected ')'")
        if len(cases) > MAX_NESTING:
            self.fail(f"more than {MAX_NESTING} cases")
        for condition, value in reversed(cases):
            last = Call("where", (condition, value, last))
        return last

    def unknown(self, name: str) -> str:
        close = spellings.closest(name, (*self.variables, "beta"))
        known = sorted(
            {"x", "beta", "scalar", *words.names(), *operators.names()}
        )
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        listed = f"Known are {', '.join(known)}"
        return f"unknown name {name[:30]!r}; {hint}{listed}"


def define(name: str, text: str, inputs: tuple[str, ...] = ("x",)) -> None:
    """Makes `name` a word of the language, defined by expression text.

    Raises:
        ExpressionError: The text is malformed.
        ValueError: There is such a word with as many arguments.
    """
    definition = parse_template(text, inputs)
    words.define(name, definition, tuple(map(Variable, inputs)))


for _name, _text, *_inputs in spellings.DEFINITIONS:
    define(_name, _text, tuple(_inputs) or ("x",))
