"""Where a model has functions, marked in its graph."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping

import keras
import numpy as np

from actfn.expressions import words
from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import (
    Call,
    Expression,
    Parameter,
    X,
    Y,
    parameters,
    substitute,
    walk,
)
from actfn.expressions.parsing import parse
from actfn.layers.kernels import activate

# What LiteRT has one operator of 8 bits for, some of them as a part of the
# operator before.
_OPERATORS = (
    "x", "max(x, 0)", "min(max(x, 0), 6)", "max(x, 0.01 * x)", "tanh(x)",
    "sigmoid(x)",
)  # fmt: skip
_STEP = 2.0**-23  # What 1 can be told from in float32.


@dataclasses.dataclass(frozen=True)
class Site:
    """A function somewhere in a model.

    Attributes:
        expression: A function of one input.
        values: The values of its parameters, each of shape (), (channels,) or
            (channels, 1, ...).
    """

    expression: Expression
    values: Mapping[str, np.ndarray]


class Sites:
    """The functions of a model, while it is traced.

    Attributes:
        found: Those that have marks, by number.
    """

    def __init__(self):
        self.found: list[Site] = []

    def around(
        self,
        compute: Callable,
        expression: Expression,
        x,
        values: Mapping[str, object],
        inputs: int,
    ):
        """Returns compute(x), between marks unless it is one operator."""
        if keras.backend.standardize_dtype(x.dtype) != "float32":
            return compute(x)  # LiteRT has no integers for others.
        if inputs == 2:
            return self._of_two(expression, x, values)
        if words.expand(expression) in _with_operators():
            return compute(x)
        import tensorflow as tf

        with tf.init_scope():
            numbers = {
                name: keras.ops.convert_to_numpy(value).astype("float64")
                for name, value in values.items()
            }
        site = len(self.found)
        self.found.append(Site(expression, numbers))
        return _mark(compute(_mark(x, 2 * site)), 2 * site + 1)

    def _of_two(self, expression: Expression, whole, values: Mapping):
        """Marks the parts of x alone and of y alone."""
        halves = keras.ops.split(whole, 2, axis=-1)
        of = dict(zip((X, Y), halves, strict=True))
        given = dict(values)

        def rest(node: Expression) -> Expression:
            if not isinstance(node, Call):
                return node
            variables = {X, Y}.intersection(walk(node))
            if len(variables) != 1:
                return Call(node.operator, tuple(map(rest, node.arguments)))
            (variable,) = variables
            part = substitute(node, {Y: X})
            own = {p.name: values[p.name] for p in parameters(part)}
            name = f"part {len(given)}"
            given[name] = activate(part, of[variable], own)
            return Parameter(name)

        left = rest(words.expand(expression))
        betas = [given[parameter.name] for parameter in parameters(left)]
        return compile_expression(left, 2).value(halves[0], [halves[1], *betas])


@functools.cache
def _with_operators() -> frozenset[Expression]:
    return frozenset(map(parse, _OPERATORS))


def _mark(x, number: int):
    """Returns x, by an operation that has a number."""
    import tensorflow as tf

    # The converter folds a slope of 1, but not one with a number in its last
    # digits. It takes this operation in integers as well.
    return tf.nn.leaky_relu(x, alpha=1 + (number + 1) * _STEP)


def number(slope: float) -> int:
    """Returns the number that a mark has, given its slope."""
    return round((slope - 1) / _STEP) - 1
