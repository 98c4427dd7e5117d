"""The table of operators: everything the package knows about each of them.

One row an operator gives its name in expression text, its value and its
derivatives in `keras.ops`, how it is printed and whether its arguments
commute. Evaluation, printing, parsing and canonical forms all read this table.
The paper's 25 unary and 10 binary functions are short texts over these
operators; they stand in `actfn.grammar`.

Definitions where "Searching for Activation Functions" (arXiv:1710.05941) is
silent: ``sqrt(x)`` is 0 with gradient 0 for x <= 0; ``sinc(x)`` is sin(x)/x
and 1 at 0; ``log_abs(x)`` is log(abs(x) + EPSILON) and ``a / b`` is
a / (b + EPSILON). At a kink the gradient is the one that TensorFlow gives the
plain formula: 0 for ``abs`` at 0; all of it to the first argument where the
two of ``max`` or ``min`` are equal. A layer whose expression is as a whole a
kernel of the library (`actfn.kernels`) has that kernel's gradient at a kink.
"""

from __future__ import annotations

import dataclasses
import keyword
import math
from collections.abc import Callable

import keras
from keras import ops

from actfn import exact

EPSILON = 1e-6
"""The paper's epsilon in log(abs(x) + epsilon) and a / (b + epsilon)."""


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
        chooses: ``chooses(a, b)``, in place of `partials`, tells where the
            value is the first of the two arguments; elsewhere it is the other.
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


def _sqrt(a):
    return ops.sqrt(exact.maximum(a, 0))


def _sqrt_slope(y, a):
    positive = a > 0
    return ops.where(positive, 0.5 / ops.where(positive, y, 1), 0)


def _sinh(a):
    # Both factors stay finite as long as their product does; the first has
    # no cancellation at 0.
    up, down = ops.expm1(0.5 * a), ops.expm1(-0.5 * a)
    return 0.5 * (up - down) * (up + down + 2)


def _cosh(a):
    up, down = ops.exp(0.5 * a), ops.exp(-0.5 * a)
    return 0.5 * up * up + 0.5 * down * down


def _hypotenuse(a):
    """Returns sqrt(1 + a^2) without squaring what is above 1."""
    longer = exact.maximum(ops.abs(a), 1)
    ratio = (ops.abs(a) - longer + 1) / longer
    return longer * ops.sqrt(1 + ratio * ratio)


def _asinh(a):
    # Backends' own kernels are some ten times slower on TensorFlow, and
    # LiteRT has none.
    size = ops.abs(a)
    tail = size * (size / (1 + _hypotenuse(a)))
    return ops.sign(a) * ops.log1p(size + tail)


def _softplus(a):
    # PyTorch's own cuts off at 20, an error of 2e-9.
    return exact.maximum(a, 0) + ops.log1p(ops.exp(-ops.abs(a)))


def _sinc(a):
    # Even in a; sin(tiny) / tiny is 1 exactly.
    size = exact.maximum(ops.abs(a), 1e-30)
    return exact.sin(size) / size


def _sinc_slope(y, a):
    # (cos a - sinc a) / a cancels near 0. There the Taylor series is exact to
    # rounding, given the number of terms.
    double = keras.backend.standardize_dtype(a.dtype) == "float64"
    terms, limit = (8, 0.5) if double else (3, 0.35)
    square = a * a
    near = exact.minimum(square, limit * limit)
    series = 0.0
    for k in range(terms, 0, -1):
        series = series * near + (-1) ** k * 2 * k / math.factorial(2 * k + 1)
    far = (exact.cos(a) - y) / exact.maximum(square, limit * limit)
    return a * ops.where(square < limit * limit, series, far)


def _power(a, b):
    if not isinstance(b, float):
        return ops.power(a, b)
    if b == 2:
        return ops.square(a)
    if b == 3:
        return a * ops.square(a)
    return ops.power(a, b)


def _power_partials(y, a, b):
    if not isinstance(b, float):
        a = ops.convert_to_tensor(a, b.dtype)
        safe = ops.where(a > 0, a, 1)
        return b * ops.power(a, b - 1), y * ops.log(safe)
    if b == 0:
        return 0.0, 0.0
    if b == 1:
        return 1.0, 0.0
    if b == 2:
        return 2 * a, 0.0
    return b * _power(a, b - 1), 0.0


def _gate_partials(y, a, b):
    s = ops.sigmoid(a)
    return y * (1 - s), s


def _rbf(a, b, beta):
    return ops.exp(-beta * ops.square(a - b))


def _rbf_partials(y, a, b, beta):
    d = a - b
    d = ops.where(y == 0, 0, d)  # Where the square overflows, y is 0.
    slope = -2 * beta * d * y
    return slope, -slope, -(d * y) * d


def _laplace(a, b, beta):
    return ops.exp(-beta * ops.abs(a - b))


def _laplace_partials(y, a, b, beta):
    d = a - b
    slope = -beta * ops.sign(d) * y
    return slope, -slope, -ops.where(y == 0, 0, ops.abs(d)) * y


def _call(name: str) -> str:
    return rf"\operatorname{{{{{name}}}}}\left({{0}}\right)"


def _function(name: str) -> str:
    return rf"\{name}\left({{0}}\right)"


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
        "div", 2, lambda a, b: a / (b + EPSILON),
        lambda y, a, b: (1 / (b + EPSILON), -y / (b + EPSILON)),
        r"\frac{{{0}}}{{{1}}}", "/", 2,
    ),
    Operator("neg", 1, lambda a: -a, lambda y, a: (-1.0,), "-{0:3}", "-", 3),
    Operator(
        "pow", 2, _power, _power_partials, "{0:5}^{{{1}}}", "**", 4,
        grows=True,
    ),
    # Functions of one argument.
    Operator(
        "abs", 1, ops.abs, lambda y, a: (ops.sign(a),),
        r"\left|{0}\right|",
    ),
    Operator(
        "sqrt", 1, _sqrt, lambda y, a: (_sqrt_slope(y, a),),
        r"\sqrt{{{0}}}", piecewise=True, nonnegative=True,
    ),
    Operator(
        "log_abs", 1, lambda a: ops.log(ops.abs(a) + EPSILON),
        lambda y, a: (ops.sign(a) / (ops.abs(a) + EPSILON),),
        r"\log\left(\left|{0}\right| + \epsilon\right)", parity=1,
    ),
    Operator(
        "exp", 1, ops.exp, lambda y, a: (y,), _function("exp"), grows=True,
        nonnegative=True,
    ),
    Operator(
        "expm1", 1, ops.expm1, lambda y, a: (y + 1,), _call("expm1"),
        grows=True,
    ),
    Operator(
        "sin", 1, exact.sin, lambda y, a: (exact.cos(a),), _function("sin"),
        parity=-1,
    ),
    Operator(
        "cos", 1, exact.cos, lambda y, a: (-exact.sin(a),), _function("cos"),
        parity=1,
    ),
    Operator(
        "sinh", 1, _sinh, lambda y, a: (_cosh(a),), _function("sinh"),
        grows=True, parity=-1,
    ),
    Operator(
        "cosh", 1, _cosh, lambda y, a: (_sinh(a),), _function("cosh"),
        grows=True, parity=1, nonnegative=True,
    ),
    Operator(
        "tanh", 1, exact.tanh, lambda y, a: (1 - y * y,), _function("tanh"),
        parity=-1,
    ),
    Operator(
        "asinh", 1, _asinh,
        lambda y, a: (1 / _hypotenuse(a),), _call("asinh"), piecewise=True,
        parity=-1,
    ),
    Operator(
        "atan", 1, exact.arctan,
        lambda y, a: (1 / (1 + a * a),), _function("arctan"), parity=-1,
    ),
    Operator(
        "sinc", 1, _sinc, lambda y, a: (_sinc_slope(y, a),), _call("sinc"),
        piecewise=True, parity=1,
    ),
    Operator(
        "sigmoid", 1, ops.sigmoid, lambda y, a: (y * (1 - y),),
        r"\sigma\left({0}\right)", nonnegative=True,
    ),
    Operator(
        "softplus", 1, _softplus, lambda y, a: (ops.sigmoid(a),),
        r"\log\left(1 + e^{{{0}}}\right)", piecewise=True, nonnegative=True,
    ),
    Operator(
        "gauss", 1, lambda a: ops.exp(-ops.square(a)),
        lambda y, a: (-2 * ops.where(y == 0, 0, a) * y,),
        r"e^{{-{0:5}^2}}", precedence=4, parity=1, nonnegative=True,
    ),
    Operator(
        "erf", 1, ops.erf,
        lambda y, a: (2 / math.sqrt(math.pi) * ops.exp(-ops.square(a)),),
        _call("erf"), parity=-1,
    ),
    # Functions of two arguments, three of them with a parameter beside.
    Operator(
        "max", 2, exact.maximum, None, r"\max\left({0}, {1}\right)",
        commutative=True, chooses=lambda a, b: a >= b, piecewise=True,
    ),
    Operator(
        "min", 2, exact.minimum, None, r"\min\left({0}, {1}\right)",
        commutative=True, chooses=lambda a, b: a <= b, piecewise=True,
    ),
    Operator(
        "gate", 2, lambda a, b: ops.sigmoid(a) * b, _gate_partials,
        r"\sigma\left({0}\right) \cdot {1:3}", precedence=2,
    ),
    Operator(
        "rbf", 3, _rbf, _rbf_partials,
        r"e^{{-{2:3} \left({0:1} - {1:2}\right)^2}}",
        precedence=4, commutative=True, grows=True, nonnegative=True,
    ),
    Operator(
        "laplace", 3, _laplace, _laplace_partials,
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


def get(name: str) -> Operator:
    """Returns the operator called `name`.

    Raises:
        KeyError: There is none.
    """
    return _TABLE[name]


def names() -> tuple[str, ...]:
    """Returns the names of all operators, those of the user last."""
    return tuple(_TABLE)


def register_operator(
    name: str, arity: int, function: Callable, *, latex: str | None = None
) -> None:
    """Adds an operator of your own.

    From then on it parses, prints, trains and saves like the built-in ones,
    and `SearchSpace` takes its name among the unary or binary functions.
    A program that loads a saved model must register it first.

    Args:
        name: An identifier that no operator has yet.
        arity: How many arguments the function takes, 1 or more.
        function: Takes `arity` tensors (or Python floats where the text has
            numbers), returns their elementwise value by `keras.ops`; the
            backend differentiates it.
        latex: A format string over the arguments, such as ``"{0}^+"``.

    Raises:
        ValueError: The name is taken or no identifier, or the arity is not a
            positive integer, or the function cannot be called.

    Example:
        >>> from keras import ops
        >>> register_operator("hard_tanh", 1, lambda x: ops.clip(x, -1, 1))
    """
    reserved = name == "x" or str(name).startswith("beta")
    if (
        not isinstance(name, str)
        or not name.isidentifier()
        or not name.isascii()
        or keyword.iskeyword(name)
        or reserved
    ):
        raise ValueError(
            "`name` must be an identifier that is neither x nor begins with "
            f"beta. Received: {name!r}"
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
    _TABLE[name] = Operator(name, arity, function, None, latex)
