"""Parts of expressions that have a kernel of their own.

A compiled expression computes ``max(a, 0) + expm1(min(a, 0))`` for any a as
ELU, and ``reciprocal(sqrt(1 + a ** 2))`` as one reciprocal root: fewer passes
over memory forward and backward, with the same values. Slopes too are those
of what is replaced, but where that has a kink and the function need have none:
in ``max(a, 0) + f(min(a, 0))`` the first part has slope 0 at 0, so that the sum
has the slope of the negative side, where it would be that of both sides. The
operators that stand for such parts are no words of the language; they are
found in programs alone.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable

import keras

from actfn.expressions import functions as fn
from actfn.expressions import lowering, operators, ops, polynomials
from actfn.expressions.expression import Call, Constant, Expression, walk
from actfn.expressions.operators import Operator

_NONNEGATIVE = (
    "abs",
    "_ramp",
    "_root",
    "_rsqrt",
    "_softplus",
    "_tanh_softplus",
)
_LIMIT = 40  # Beyond, softplus(a) is a and its tanh is 1 in float64.


def _elu(a):
    if keras.backend.standardize_dtype(a.dtype) == "float32":
        return ops.elu(a)  # On TensorFlow exp(a) - 1.
    return ops.maximum(a, 0) + fn.expm1(ops.minimum(a, 0))


def _elu_slope(y, a):
    return ops.where(a > 0, ops.ones_like(a), y + 1)


def _tanh_softplus(a):
    # tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2) for e = exp(a).
    e = ops.exp(ops.minimum(a, _LIMIT))
    n = e * (e + 2)
    return n / (n + 2)


def _softplus(a):
    usual = keras.backend.backend() == "tensorflow" and not lowering.active()
    if not usual or polynomials.wanted(a):
        return fn.softplus(a)
    # Faster than TensorFlow's kernel. Beyond the limit both are a.
    return ops.maximum(a, ops.log1p(ops.exp(ops.minimum(a, _LIMIT))))


def _inside(y, a):
    # One comparison for both bounds, which themselves are inside.
    return ops.cast(ops.equal(y, a), a.dtype)


def _chosen_by(compare: Callable) -> Callable:
    return lambda a, b, first, second: ops.where(compare(a, b), first, second)


def _compared_by(compare: Callable) -> Callable:
    return lambda a, b, first, second: compare(a, b)


_COMPARISONS = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
_ROWS = (
    Operator("_elu", 1, _elu, lambda y, a: (_elu_slope(y, a),), ""),
    Operator("_ramp", 1, ops.relu,
             lambda y, a: (ops.cast(a > 0, a.dtype),), "", piecewise=True),
    Operator("_softplus", 1, _softplus, lambda y, a: (ops.sigmoid(a),), "",
             piecewise=True),
    Operator("_rsqrt", 1, ops.rsqrt, lambda y, a: (-0.5 * y * y * y,), ""),
    Operator("_root", 1, ops.sqrt, lambda y, a: (fn.sqrt_slope(y, a),), "",
             piecewise=True),
    Operator("_tanh_softplus", 1, _tanh_softplus,
             lambda y, a: ((1 - y * y) * ops.sigmoid(a),), "",
             piecewise=True),  # Differentiated again, n + 2 squared overflows.
    Operator("_clip", 3, lambda a, low, high: ops.minimum(
             ops.maximum(a, low), high),
             lambda y, a, low, high: (_inside(y, a), 0.0, 0.0), "",
             piecewise=True),
    # A choice by a comparison of the first two, which is no number then.
    *(
        Operator(f"_where_{name}", 4, _chosen_by(compare), None, "",
                 chooses=_compared_by(compare), piecewise=True)
        for name, compare in _COMPARISONS.items()
    ),
)  # fmt: skip
_TABLE = {row.name: row for row in _ROWS}


def get(name: str) -> Operator:
    """Returns the operator of a part, or one of the language.

    Raises:
        KeyError: There is none.
    """
    return _TABLE.get(name) or operators.get(name)


@functools.lru_cache(maxsize=4096)
def joined(expression: Expression) -> Expression:
    """Returns the expression with its parts as one operator each.

    Args:
        expression: With its words written out.
    """
    if not isinstance(expression, Call) or _is_number(expression):
        return expression
    arguments = tuple(map(joined, expression.arguments))
    call = Call(expression.operator, arguments)
    for pattern in _PATTERNS:
        found = pattern(call)
        if found is not None:
            return found
    return call


def _is_number(expression: Expression) -> bool:
    leaves = (node for node in walk(expression) if not node.arguments)
    return all(isinstance(leaf, Constant) for leaf in leaves)


def _is(node: Expression, operator: str, *last: float) -> bool:
    """Whether it is such a call, with these numbers behind the first."""
    return (
        isinstance(node, Call)
        and node.operator == operator
        and (not last or node.arguments[1:] == tuple(map(Constant, last)))
    )


def _as_elu(call: Call) -> Call | None:
    if call.operator == "expm1" and _is(call.arguments[0], "min", 0):
        return Call("_elu", call.arguments)
    if call.operator != "add":
        return None
    for linear, curved in (call.arguments, call.arguments[::-1]):
        if not (_is(linear, "max", 0) and _is(curved, "_elu")):
            continue
        (low,) = curved.arguments
        if _is(low, "min", 0) and low.arguments[0] == linear.arguments[0]:
            return Call("_elu", linear.arguments[:1])
    return None


def _as_ramp(call: Call) -> Call | None:
    if call.operator != "add":
        return None
    for place, other in enumerate(call.arguments[::-1]):
        low = {n.arguments[0] for n in walk(other) if _is(n, "min", 0)}
        ramp = _ramp(call.arguments[place], low) if low else None
        if ramp is not None:
            return _exchanged(call, place, ramp)
    return None


def _ramp(factor: Expression, low: set[Expression]) -> Expression | None:
    """Returns a product with ``max(a, 0)`` of such an a as a part, if any."""
    if _is(factor, "max", 0) and factor.arguments[0] in low:
        return Call("_ramp", factor.arguments[:1])
    if not _is(factor, "mul"):
        return None
    for place, argument in enumerate(factor.arguments):
        ramp = _ramp(argument, low)
        if ramp is not None:
            return _exchanged(factor, place, ramp)
    return None


def _exchanged(call: Call, place: int, argument: Expression) -> Call:
    """Returns a call with another argument in a place."""
    arguments = list(call.arguments)
    arguments[place] = argument
    return Call(call.operator, tuple(arguments))


def _as_root(call: Call) -> Call | None:
    if call.operator == "sqrt" and lowest(call.arguments[0]) >= 0:
        return Call("_root", call.arguments)
    if call.operator == "reciprocal" and _is(call.arguments[0], "_root"):
        (root,) = call.arguments
        if lowest(root.arguments[0]) > 0:
            return Call("_rsqrt", root.arguments)
    return None


def _as_clip(call: Call) -> Call | None:
    pairs = {"min": "max", "max": "min"}
    if call.operator not in pairs:
        return None
    inner, outer = call.arguments
    if not _is(inner, pairs[call.operator]):
        return None
    a, bound = inner.arguments
    if not (isinstance(bound, Constant) and isinstance(outer, Constant)):
        return None
    low, high = sorted((bound.value, outer.value))
    if (bound.value < outer.value) != (call.operator == "min") or low == high:
        return None
    return Call("_clip", (a, Constant(low), Constant(high)))


def _as_softplus(call: Call) -> Call | None:
    if call.operator == "softplus":
        return Call("_softplus", call.arguments)
    if call.operator == "tanh" and _is(call.arguments[0], "_softplus"):
        return Call("_tanh_softplus", call.arguments[0].arguments)
    return None


def _as_choice(call: Call) -> Call | None:
    if call.operator != "where" or not isinstance(call.arguments[0], Call):
        return None
    condition, *rest = call.arguments
    if condition.operator not in _COMPARISONS:
        return None
    name = f"_where_{condition.operator}"
    return Call(name, (*condition.arguments, *rest))


_PATTERNS = (
    _as_elu, _as_ramp, _as_root, _as_clip, _as_softplus, _as_choice,
)  # fmt: skip


def lowest(node: Expression) -> float:
    """Returns a number that the value is never below; -inf if none is known."""
    if isinstance(node, Constant):
        return node.value
    if not isinstance(node, Call):
        return -math.inf
    bounds = [lowest(argument) for argument in node.arguments]
    if node.operator == "add":
        return sum(bounds)
    if node.operator == "max":
        return max(bounds)
    if node.operator == "mul":
        first, second = node.arguments
        return 0.0 if min(bounds) >= 0 or first == second else -math.inf
    if node.operator == "pow":
        power = node.arguments[1]
        even = isinstance(power, Constant) and power.value % 2 == 0
        return 0.0 if even or bounds[0] >= 0 else -math.inf
    if get(node.operator).nonnegative or node.operator in _NONNEGATIVE:
        return 0.0
    return -math.inf
