"""The table of operators: everything the package knows about each of them.

One row an operator gives its name in expression text, its value and its
derivatives in `keras.ops`, how it is printed and whether its arguments
commute. Evaluation, printing, parsing and canonical forms all read this table.
The paper's 25 unary and 10 binary functions are short texts over these
operators; they stand in `actfn.spaces.grammar`.

Definitions where "Searching for Activation Functions" (arXiv:1710.05941) is
silent: ``sqrt(x)`` is 0 with gradient 0 for x <= 0; ``sinc(x)`` is sin(x)/x
and 1 at 0; ``log_abs(x)`` is log(abs(x) + EPSILON) and ``a / b`` is
a / (b + EPSILON), but a / b where b is a constant other than 0 (``divide`` is
exact for all). At a kink the gradient is the one that TensorFlow gives the
plain formula: 0 for ``abs`` at 0; all of it to the first argument where the
two of ``max`` or ``min`` are equal. A layer whose expression is as a whole a
kernel of the library (`actfn.layers.kernels`) has that kernel's gradient at a
kink.
"""

from __future__ import annotations

import dataclasses
import keyword
import math
import numbers
import re
from collections.abc import Callable

from actfn.expressions import exponentials, ops, words
from actfn.expressions import functions as fn

EPSILON = 1e-6
"""The paper's epsilon in log(abs(x) + epsilon) and a / (b + epsilon)."""

PARAMETER = re.compile(r"(?:alpha|beta|gamma|delta|a|b|c)_?(?:0|[1-9]\d{0,5})?")
"""The names of trainable parameters in text."""
RESERVED = frozenset(("x", "y", "e", "pi", "scalar", "if", "else", "Piecewise"))
"""Words of the language that are no functions of numbers."""


@dataclasses.dataclass(frozen=True)
class Operator:
    """One row of the table.

    Attributes:
        name: Its name as a call in expression text.
        arity: How many arguments it takes.
        function: Its value, from tensors or Python floats, by `keras.ops`.
        partials: ``partials(y, *arguments)`` returns the derivative by each
            argument, given the value y; None leaves it to the backend's
            automatic differentiation.
        latex: A format string; ``{0:2}`` is the first argument, in parentheses
            if it binds less tightly than 2.
        infix: Its symbol if its text is not a call.
        precedence: How tightly the infix or LaTeX form binds.
        commutative: Whether the first two arguments may be exchanged.
        chooses: In place of `partials`: takes the arguments and tells where
            the value is the last but one of them; elsewhere it is the last.
        grows: Whether finite arguments may give an infinite value.
        piecewise: Whether the backend's derivative of `function` may differ
            from `partials` at some points, so that second derivatives must
            not use it either.
        parity: -1 if it is odd, 1 if even, 0 if neither.
        nonnegative: Whether its value is never negative.
    """

    name: str
    arity: int
    function: Callable
    partials: Callable | None
    latex: str
    infix: str | None = None
    precedence: int = 9
    commutative: bool = False
    chooses: Callable | None = None
    grows: bool = False
    piecewise: bool = False
    parity: int = 0
    nonnegative: bool = False

    @property
    def has_derivative(self) -> bool:
        """Whether the table knows its derivatives."""
        return bool(self.partials or self.chooses)


def _call(name: str) -> str:
    return rf"\operatorname{{{{{name}}}}}\left({{0}}\right)"


def _function(name: str) -> str:
    return rf"\{name}\left({{0}}\right)"


def _divisor(b):
    """Returns b + EPSILON; a number other than 0 as it is."""
    # NumPy's numbers are values of variables.
    return b if type(b) is float and b else b + EPSILON


_ROWS = (
    # Python's operators.
    Operator(
        "add", 2, lambda a, b: a + b, lambda y, a, b: (1.0, 1.0),
        "{0:1} + {1:2}", "+", 1, commutative=True,
    ),
    Operator(
        "sub", 2, lambda a, b: a - b, lambda y, a, b: (1.0, -1.0),
        "{0:1} - {1:2}", "-", 1,
    ),
    Operator(
        "mul", 2, lambda a, b: a * b, lambda y, a, b: (b, a),
        r"{0:2} \cdot {1:3}", "*", 2, commutative=True,
    ),
    Operator(
        "div", 2, lambda a, b: a / _divisor(b),
        lambda y, a, b: (1 / _divisor(b), -y / _divisor(b)),
        r"\frac{{{0}}}{{{1}}}", "/", 2,
    ),
    Operator("neg", 1, lambda a: -a, lambda y, a: (-1.0,), "-{0:3}", "-", 3),
    Operator(
        "pow", 2, fn.power, fn.power_partials, "{0:5}^{{{1}}}", "**", 4,
        grows=True,
    ),
    # Functions of one argument.
    Operator(
        "abs", 1, ops.abs, lambda y, a: (ops.sign(a),),
        r"\left|{0}\right|",
    ),
    Operator(
        "sqrt", 1, fn.sqrt, lambda y, a: (fn.sqrt_slope(y, a),),
        r"\sqrt{{{0}}}", piecewise=True, nonnegative=True,
    ),
    Operator(
        "log_abs", 1, lambda a: ops.log(ops.abs(a) + EPSILON),
        lambda y, a: (ops.sign(a) / (ops.abs(a) + EPSILON),),
        r"\log\left(\left|{0}\right| + \epsilon\right)", parity=1,
    ),
    Operator(
        "log", 1, ops.log, lambda y, a: (1 / a,), _function("log"),
    ),
    Operator(
        "log1p", 1, fn.log1p, lambda y, a: (1 / (1 + a),), _call("log1p"),
    ),
    Operator(
        "sign", 1, ops.sign, lambda y, a: (0.0,), _call("sign"), parity=-1,
    ),
    Operator(
        "reciprocal", 1, lambda a: 1 / a, lambda y, a: (-y * y,),
        r"\frac{{1}}{{{0}}}", precedence=2, parity=-1,
    ),
    Operator(
        "cbrt", 1, fn.cbrt, lambda y, a: (exponentials.cbrt_slope(y),),
        r"\sqrt[3]{{{0}}}", piecewise=True, parity=-1,
    ),
    Operator(
        "sech", 1, fn.sech, lambda y, a: (-y * ops.tanh(a),), _call("sech"),
        piecewise=True, parity=1, nonnegative=True,
    ),
    Operator(
        "exp", 1, ops.exp, lambda y, a: (y,), _function("exp"), grows=True,
        nonnegative=True,
    ),
    Operator(
        "expm1", 1, fn.expm1, lambda y, a: (ops.exp(a),), _call("expm1"),
        grows=True,
    ),
    Operator(
        "sin", 1, fn.sin, lambda y, a: (fn.cos(a),), _function("sin"),
        parity=-1,
    ),
    Operator(
        "cos", 1, fn.cos, lambda y, a: (-fn.sin(a),), _function("cos"),
        parity=1,
    ),
    Operator(
        "sinh", 1, fn.sinh, lambda y, a: (fn.cosh(a),), _function("sinh"),
        grows=True, parity=-1,
    ),
    Operator(
        "cosh", 1, fn.cosh, lambda y, a: (fn.sinh(a),), _function("cosh"),
        grows=True, parity=1, nonnegative=True,
    ),
    Operator(
        "tanh", 1, ops.tanh, lambda y, a: (1 - y * y,), _function("tanh"),
        parity=-1,
    ),
    Operator(
        "asinh", 1, fn.asinh,
        lambda y, a: (fn.asinh_slope(a),), _call("asinh"), piecewise=True,
        parity=-1,
    ),
    Operator(
        "atan", 1, fn.atan,
        lambda y, a: (1 / (1 + a * a),), _function("arctan"), parity=-1,
    ),
    Operator(
        "sinc", 1, fn.sinc, lambda y, a: (fn.sinc_slope(y, a),), _call("sinc"),
        piecewise=True, parity=1,
    ),
    Operator(
        "sigmoid", 1, ops.sigmoid, lambda y, a: (y * (1 - y),),
        r"\sigma\left({0}\right)", nonnegative=True,
    ),
    Operator(
        "softplus", 1, fn.softplus, lambda y, a: (ops.sigmoid(a),),
        r"\log\left(1 + e^{{{0}}}\right)", piecewise=True, nonnegative=True,
    ),
    Operator(
        "gauss", 1, lambda a: ops.exp(-ops.square(a)),
        lambda y, a: (fn.gauss_slope(y, a),),
        r"e^{{-{0:5}^2}}", precedence=4, parity=1, nonnegative=True,
    ),
    Operator(
        "erf", 1, fn.erf,
        lambda y, a: (math.prod(fn.erf_slope(a)),),
        _call("erf"), parity=-1,
    ),
    # Comparisons, 1 where they hold and 0 elsewhere, and what they decide.
    Operator(
        "lt", 2, lambda a, b: fn.indicator(a < b, a, b), fn.flat,
        "{0:1} < {1:1}", "<", 0, nonnegative=True,
    ),
    Operator(
        "le", 2, lambda a, b: fn.indicator(a <= b, a, b), fn.flat,
        r"{0:1} \leq {1:1}", "<=", 0, nonnegative=True,
    ),
    Operator(
        "gt", 2, lambda a, b: fn.indicator(a > b, a, b), fn.flat,
        "{0:1} > {1:1}", ">", 0, nonnegative=True,
    ),
    Operator(
        "ge", 2, lambda a, b: fn.indicator(a >= b, a, b), fn.flat,
        r"{0:1} \geq {1:1}", ">=", 0, nonnegative=True,
    ),
    Operator(
        "where", 3, lambda c, a, b: ops.where(ops.not_equal(c, 0), a, b), None,
        r"\operatorname{{where}}\left({0}, {1}, {2}\right)",
        chooses=lambda c, a, b: ops.not_equal(c, 0), piecewise=True,
    ),
    # Functions of two arguments, three of them with a parameter beside.
    Operator(
        "max", 2, ops.maximum, None, r"\max\left({0}, {1}\right)",
        commutative=True, chooses=lambda a, b: a >= b, piecewise=True,
    ),
    Operator(
        "min", 2, ops.minimum, None, r"\min\left({0}, {1}\right)",
        commutative=True, chooses=lambda a, b: a <= b, piecewise=True,
    ),
    Operator(
        "gate", 2, lambda a, b: ops.sigmoid(a) * b, fn.gate_partials,
        r"\sigma\left({0}\right) \cdot {1:3}", precedence=2,
    ),
    Operator(
        "rbf", 3, fn.rbf, fn.rbf_partials,
        r"e^{{-{2:3} \left({0:1} - {1:2}\right)^2}}",
        precedence=4, commutative=True, grows=True, nonnegative=True,
    ),
    Operator(
        "laplace", 3, fn.laplace, fn.laplace_partials,
        r"e^{{-{2:3} \left|{0:1} - {1:2}\right|}}",
        precedence=4, commutative=True, grows=True, nonnegative=True,
    ),
    Operator(
        "mix", 3, lambda a, b, beta: beta * a + (1 - beta) * b,
        lambda y, a, b, beta: (beta, 1 - beta, a - b),
        r"{2:2} \cdot {0:3} + \left(1 - {2:2}\right) \cdot {1:3}", precedence=1,
    ),
)  # fmt: skip

_TABLE: dict[str, Operator] = {row.name: row for row in _ROWS}
BUILT_IN = frozenset(_TABLE)
"""The names of the operators that are no user's."""


def get(name: str) -> Operator:
    """Returns the operator called `name`.

    Raises:
        KeyError: There is none.
    """
    return _TABLE[name]


def names() -> tuple[str, ...]:
    """Returns the names of all operators, those of the user last."""
    return tuple(_TABLE)


def registered() -> tuple[str, ...]:
    """Returns the names of the operators of the user."""
    return tuple(name for name in _TABLE if name not in BUILT_IN)


def _checked(name: str, arity: int, partials: Callable) -> Callable:
    """Has derivatives of the user's be a tuple, their numbers floats."""

    def checked(y, *arguments):
        found = partials(y, *arguments)
        if not isinstance(found, tuple | list) or len(found) != arity:
            raise ValueError(
                f"`partials` of {name} must return the derivative by each "
                f"argument, {arity} in all, as a tuple. Received: {found!r}"
            )
        return tuple(
            float(part) if isinstance(part, numbers.Real) else part
            for part in found
        )

    return checked


def register_operator(
    name: str,
    arity: int,
    function: Callable,
    *,
    partials: Callable | None = None,
    latex: str | None = None,
) -> None:
    """Adds an operator of your own.

    From then on it parses, prints, trains and saves like the built-in ones,
    and `SearchSpace` takes its name among the unary or binary functions.
    A program that loads a saved model must register it first. It takes the
    place of a catalog function of that name, in text.

    Args:
        name: An identifier that no operator has yet.
        arity: How many arguments the function takes, 1 or more.
        function: Takes `arity` tensors or NumPy arrays, returns their
            elementwise value by `keras.ops`.
        partials: ``partials(y, *arguments)`` returns the derivative by each
            argument, tensors or numbers, as a tuple. Without it the backend
            differentiates every expression with this operator, and keeps what
            it needs.
        latex: A format string over the arguments, such as ``"{0}^+"``.

    Raises:
        ValueError: The name is taken or no identifier, or the arity is not a
            positive integer, or the function cannot be called.

    Example:
        >>> from keras import ops
        >>> register_operator("hard_tanh", 1, lambda x: ops.clip(x, -1, 1))
    """
    if (
        not isinstance(name, str)
        or not name.isidentifier()
        or not name.isascii()
        or keyword.iskeyword(name)
        or name in RESERVED
        or name.startswith("beta")
        or PARAMETER.fullmatch(name)
    ):
        raise ValueError(
            "`name` must be an identifier that is none of "
            f"{', '.join(sorted(RESERVED))}, does not begin with beta and is "
            "no parameter such as alpha or c2. "
            f"Received: {name!r}"
        )
    if name in _TABLE:
        raise ValueError(
            f"`name` must not be taken by another operator. Received: {name!r}"
        )
    if not isinstance(arity, int) or isinstance(arity, bool) or arity < 1:
        raise ValueError(
            f"`arity` must be a positive integer. Received: {arity!r}"
        )
    if not callable(function):
        raise ValueError(f"`function` must be callable. Received: {function!r}")
    slots = ", ".join(f"{{{index}}}" for index in range(arity))
    escaped = name.replace("_", r"\_")
    latex = latex or rf"\operatorname{{{{{escaped}}}}}\left({slots}\right)"
    if partials is not None:
        partials = _checked(name, arity, partials)
    words.forget(name)
    _TABLE[name] = Operator(name, arity, function, partials, latex)
