"""The paper's search space: strings of core units b(u1(input 1), u2(input 2)).

Five tokens a unit, in the order in which the paper's controller predicts them
(arXiv:1710.05941, Fig. 2): input 1, input 2, unary 1, unary 2, binary. An
input is x or the output of an earlier unit; the last unit's output is the
function. In the space of two inputs it may be y as well.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from actfn.expressions import operators, words
from actfn.expressions.expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
    X,
    Y,
    number_parameters,
    rebuild,
    size,
)
from actfn.expressions.parsing import parse_template

UNARY: dict[str, str] = {
    "identity": "x",
    "neg": "-x",
    "abs": "abs(x)",
    "square": "x ** 2",
    "cube": "x ** 3",
    "sqrt": "sqrt(x)",
    "scale": "beta * x",
    "shift": "x + beta",
    "log_abs": "log_abs(x)",
    "exp": "exp(x)",
    "sin": "sin(x)",
    "cos": "cos(x)",
    "sinh": "sinh(x)",
    "cosh": "cosh(x)",
    "tanh": "tanh(x)",
    "asinh": "asinh(x)",
    "atan": "atan(x)",
    "sinc": "sinc(x)",
    "max0": "max(x, 0)",
    "min0": "min(x, 0)",
    "sigmoid": "sigmoid(x)",
    "softplus": "softplus(x)",
    "gauss": "gauss(x)",
    "erf": "erf(x)",
    "beta": "beta",
}
"""The paper's 25 unary functions: name in `SearchSpace`, and text."""

BINARY: dict[str, str] = {
    "add": "x1 + x2",
    "mul": "x1 * x2",
    "sub": "x1 - x2",
    "div": "x1 / x2",
    "max": "max(x1, x2)",
    "min": "min(x1, x2)",
    "gate": "gate(x1, x2)",
    "rbf": "rbf(x1, x2, beta)",
    "laplace": "laplace(x1, x2, beta)",
    "mix": "mix(x1, x2, beta)",
}
"""The paper's 10 binary functions of two sub-expressions x1 and x2."""

_HOLES = {1: ("x",), 2: ("x1", "x2")}


@functools.cache
def _template(text: str, variables: tuple[str, ...]) -> Expression:
    return parse_template(text, variables)


def function_template(name: str, arity: int) -> Expression:
    """Returns the unary or binary function `name` as a tree with holes.

    Raises:
        ValueError: It is none of the paper's, no operator and no word.
    """
    paper = {1: UNARY, 2: BINARY}[arity]
    own = name in operators.registered()
    if name in paper and not own:
        return _template(paper[name], _HOLES[arity])
    registered = [
        known
        for known in operators.names()
        if operators.get(known).arity == arity
    ]
    if name in registered:
        holes = tuple(Variable(hole) for hole in _HOLES[arity])
        return Call(name, holes)
    registered += words.with_inputs(arity)
    if name in registered:
        text = f"{name}({', '.join(_HOLES[arity])})"
        return _template(text, _HOLES[arity])
    known = ", ".join(dict.fromkeys([*paper, *registered]))
    kind = {1: "unary", 2: "binary"}[arity]
    raise ValueError(
        f"`{kind}` must hold names among {known}. Received: {name!r}"
    )


@dataclasses.dataclass(frozen=True)
class _Unit:
    """A core unit on the way from a function back to its tokens.

    An input is None where the unary function ignores it.
    """

    output: Expression | None
    first: Expression | None
    second: Expression | None
    functions: tuple[int, int, int]


_UNUSED = _Unit(None, None, None, (0, 0, 0))


class SearchSpace:
    """All functions made of a number of core units.

    Args:
        core_units: How many units, from 1 to 8.
        unary: Names of the unary functions, the paper's 25 by default;
            operators, registered ones too, and catalog functions of one
            argument may be named.
        binary: Names of the binary functions, the paper's 10 by default.
        wiring: ``"free"``: both inputs of unit n are chosen among x and the
            outputs of the n - 1 earlier units. ``"fixed"``: unit 1 reads
            (x, x) and each later one the output of the one before and x; of
            two inputs, unit 1 reads (x, y).
        constants: Numbers that a unary function may be, besides; their tokens
            come after those of `unary`.
        inputs: 1, or 2 for the functions of x and y that a `GatedFunction`
            takes.

    Attributes:
        groups: Empty; see `actfn.spaces.groups.GroupedSpace`.
        size: The number of token strings.
        token_sizes: The number of choices of each token.
        own_operators: The names that are of registered operators.

    Raises:
        ValueError: A name is unknown or named twice, or a number is out of
            range.

    Example:
        >>> space = SearchSpace(core_units=1)
        >>> space.size
        6250
        >>> str(space.decode((0, 0, 0, 20, 1)))
        'x * sigmoid(x)'
        >>> SearchSpace(core_units=1, inputs=2).size
        25000
    """

    groups: tuple[str, ...] = ()

    def __init__(
        self,
        core_units: int = 1,
        unary: Sequence[str] | None = None,
        binary: Sequence[str] | None = None,
        wiring: str = "free",
        constants: Sequence[float] = (),
        inputs: int = 1,
    ):
        if not _is_integer(core_units) or not 1 <= core_units <= 8:
            raise ValueError(
                "`core_units` must be an integer from 1 to 8. "
                f"Received: {core_units!r}"
            )
        if wiring not in ("free", "fixed"):
            raise ValueError(
                f"`wiring` must be 'free' or 'fixed'. Received: {wiring!r}"
            )
        if not _is_integer(inputs) or inputs not in (1, 2):
            raise ValueError(f"`inputs` must be 1 or 2. Received: {inputs!r}")
        self.inputs = int(inputs)
        self._inputs = [X, Y][: self.inputs]
        self.core_units = int(core_units)
        self.wiring = wiring
        self.unary = _names("unary", UNARY if unary is None else unary)
        self.binary = _names("binary", BINARY if binary is None else binary)
        self.own_operators = frozenset((*self.unary, *self.binary)) & {
            *operators.registered()
        }
        self.constants = _numbers(constants)
        self._unary = [function_template(name, 1) for name in self.unary]
        self._unary += map(Constant, self.constants)
        self._binary = [function_template(name, 2) for name in self.binary]
        self.token_sizes: tuple[int, ...] = tuple(
            count
            for unit in range(core_units)
            for count in (
                *((unit + self.inputs,) * 2 if wiring == "free" else (1, 1)),
                len(self._unary),
                len(self._unary),
                len(self.binary),
            )
        )
        self.size: int = math.prod(self.token_sizes)

    def __repr__(self) -> str:
        return (
            f"SearchSpace(core_units={self.core_units}, "
            f"unary={list(self.unary)}, binary={list(self.binary)}, "
            f"wiring={self.wiring!r}"
            f"{f', constants={list(self.constants)}' * bool(self.constants)}"
            f"{', inputs=2' * (self.inputs == 2)})"
        )

    def decode(self, tokens: Sequence[int]) -> Expression:
        """Returns the function of a token string.

        Args:
            tokens: Five integers a unit, each below its `token_sizes`. Input
                tokens count x as 0 and the output of unit n as n; of two
                inputs, y is 1 and the output of unit n is n + 1. Under fixed
                wiring they are 0 and mean the inputs that are fixed.

        Raises:
            ValueError: The string has the wrong length or a token is out of
                range.
        """
        tokens = self._checked(tokens)
        outputs: list[Expression] = list(self._inputs)
        for unit in range(self.core_units):
            first, second, *functions = tokens[5 * unit : 5 * unit + 5]
            if self.wiring == "fixed":
                first = unit and unit + self.inputs - 1
                second = 0 if unit else self.inputs - 1
            outputs.append(
                self._unit(outputs[first], outputs[second], unit, *functions)
            )
        return number_parameters(outputs[-1])

    def _unit(self, first, second, unit, unary1, unary2, binary) -> Expression:
        """Applies one unit; its parameters get names of their own."""
        left = _fill(self._unary[unary1], {"x": first}, f"{unit}.1")
        right = _fill(self._unary[unary2], {"x": second}, f"{unit}.2")
        holes = {"x1": left, "x2": right}
        return _fill(self._binary[binary], holes, f"{unit}.3")

    def _checked(self, tokens: Sequence[int]) -> list[int]:
        tokens = list(tokens)
        if len(tokens) != len(self.token_sizes) or not all(
            _is_integer(token) and 0 <= token < count
            for token, count in zip(tokens, self.token_sizes, strict=False)
        ):
            raise ValueError(
                f"`tokens` must be {len(self.token_sizes)} integers, each at "
                f"least 0 and below {self.token_sizes}. Received: {tokens}"
            )
        return [int(token) for token in tokens]

    def encode(self, expression: Expression) -> tuple[int, ...]:
        """Returns a token string for the function.

        Its decoding is the expression itself. Only if there is no such
        string, squares ``f(x) ** 2`` may come out as ``f(x) * f(x)``. Units
        that the function does not need come first, all their tokens 0.

        Raises:
            ValueError: This space has no string for the function.
        """
        target = number_parameters(expression)
        for form in dict.fromkeys((target, _squares_as_products(target))):
            for plan in self._plans(self.core_units, {form} - {*self._inputs}):
                tokens = self._tokens(plan)
                if self.decode(tokens) == form:
                    return tokens
        raise ValueError(
            f"`expression` must be a function of {self!r}. "
            f"Received: {str(expression)!r}"
        )

    def _plans(self, units: int, targets: set) -> Iterator[list[_Unit]]:
        """Yields ways in which the first `units` units make all `targets`.

        The largest target is part of no other, so it may be made last; units
        that are not needed may come first.
        """
        if not targets:
            yield [_UNUSED] * units
        if not targets or len(targets) > units:
            return
        largest = max(targets, key=size)
        for unit in self._units_making(largest):
            if self.wiring == "fixed" and not self._wired(unit, units == 1):
                continue
            needed = {unit.first, unit.second} - {*self._inputs, None}
            for plan in self._plans(units - 1, targets - {largest} | needed):
                yield [*plan, unit]

    def _units_making(self, target: Expression) -> Iterator[_Unit]:
        for binary, template in enumerate(self._binary):
            holes = _match(template, target)
            if holes is None:
                continue
            first, second = (
                [
                    (unary, found.get("x"))
                    for unary, shape in enumerate(self._unary)
                    if (found := _match(shape, holes[hole])) is not None
                ]
                for hole in _HOLES[2]
            )
            for (unary1, input1), (unary2, input2) in itertools.product(
                first, second
            ):
                yield _Unit(target, input1, input2, (unary1, unary2, binary))

    def _wired(self, unit: _Unit, is_first: bool) -> bool:
        """Whether the unit reads (x, x) or (x, y); later, (one before, x)."""
        if is_first:
            return unit.first in (X, None) and (
                unit.second in (self._inputs[-1], None)
            )
        if unit.second not in (X, None):
            return False
        return unit.first is None or unit.first not in self._inputs

    def _tokens(self, plan: list[_Unit]) -> tuple[int, ...]:
        outputs, tokens = list(self._inputs), []
        for unit in plan:
            for wanted in (unit.first, unit.second):
                free = self.wiring == "free" and wanted is not None
                tokens.append(outputs.index(wanted) if free else 0)
            tokens.extend(unit.functions)
            outputs.append(unit.output)
        return tuple(tokens)

    def sample_tokens(self, rng: np.random.Generator) -> tuple[int, ...]:
        """Draws a token string uniformly."""
        return tuple(int(rng.integers(count)) for count in self.token_sizes)

    def sample(self, rng: np.random.Generator) -> Expression:
        """Draws the function of a uniformly drawn token string."""
        return self.decode(self.sample_tokens(rng))

    def enumerate(self) -> Iterator[Expression]:
        """Yields the function of every token string, in their order.

        Functions that several strings denote come several times.
        """
        for tokens in itertools.product(*map(range, self.token_sizes)):
            yield self.decode(tokens)


def _fill(
    template: Expression, holes: dict[str, Expression], place: str
) -> Expression:
    """Puts sub-trees into the holes and marks the parameters with the place."""

    def leaf(node: Expression) -> Expression:
        if isinstance(node, Variable):
            return holes[node.name]
        if isinstance(node, Parameter):
            return Parameter(f"{node.name}@{place}", node.scalar)
        return node

    return rebuild(template, leaf)


def _squares_as_products(node: Expression) -> Expression:
    if not isinstance(node, Call):
        return node
    arguments = tuple(_squares_as_products(a) for a in node.arguments)
    if node.operator == "pow" and arguments[1] == Constant(2):
        return arguments[0] * arguments[0]
    return Call(node.operator, arguments)


def _match(template: Expression, target: Expression) -> dict | None:
    """Returns what stands in the template's holes, None if it differs."""
    if isinstance(template, Variable):
        return {template.name: target}
    if isinstance(template, Parameter):
        is_one = isinstance(target, Parameter)
        return {} if is_one and target.scalar == template.scalar else None
    if not isinstance(template, Call):
        return {} if template == target else None
    if (
        not isinstance(target, Call)
        or template.operator != target.operator
        or len(template.arguments) != len(target.arguments)
    ):
        return None
    found = {}
    for shape, argument in zip(
        template.arguments, target.arguments, strict=True
    ):
        inner = _match(shape, argument)
        if inner is None:
            return None
        found |= inner
    return found


def _names(argument: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not names:
        raise ValueError(
            f"`{argument}` must be a list of at least one name. "
            f"Received: {names!r}"
        )
    names = tuple(names)
    if len(set(names)) < len(names):
        raise ValueError(
            f"`{argument}` must not hold a name twice. Received: {names}"
        )
    return names


def _numbers(values: Sequence[float]) -> tuple[float, ...]:
    try:
        numbers = tuple(Constant(value).value for value in values)
    except (TypeError, ValueError):
        numbers = None
    if (
        numbers is None
        or isinstance(values, str)
        or len(set(numbers)) < len(numbers)
    ):
        raise ValueError(
            "`constants` must be finite numbers, none twice. "
            f"Received: {values!r}"
        )
    return numbers


def _is_integer(value) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
