"""Every catalog function, ours and as one writes it without this package."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

import actfn
from actfn.expressions.expression import parameters
from actfn.layers.kernels import activate

_HALF_ROOT = 0.7071067811865476

# What one writes without this package: the fastest plain way.
PLAIN: dict[str, Callable] = {
    "relu": lambda x, b: tf.nn.relu(x),
    "relu6": lambda x, b: tf.nn.relu6(x),
    "leaky_relu": lambda x, b: tf.nn.leaky_relu(x, 0.01),
    "prelu": lambda x, b: tf.maximum(x, 0.0) + b * tf.minimum(x, 0.0),
    "softplus": lambda x, b: tf.nn.softplus(x),
    "elu": lambda x, b: tf.nn.elu(x),
    "selu": lambda x, b: tf.nn.selu(x),
    "gelu": lambda x, b: 0.5 * x * (1 + tf.math.erf(x * _HALF_ROOT)),
    "swish": lambda x, b: x * tf.sigmoid(b * x),
    "swish_1": lambda x, b: x * tf.sigmoid(x),
    "max_sigmoid": lambda x, b: tf.maximum(x, tf.sigmoid(x)),
    "cos_minus_x": lambda x, b: tf.cos(x) - x,
    "min_sin": lambda x, b: tf.minimum(x, tf.sin(x)),
    "atan_squared_minus_x": lambda x, b: tf.atan(x) ** 2 - x,
    "max_tanh": lambda x, b: tf.maximum(x, tf.tanh(x)),
    "sinc_plus_x": lambda x, b: _sinc(x) + x,
    "x_asinh_squared": lambda x, b: x * tf.asinh(x) ** 2,
}


def _sinc(x):
    safe = tf.where(x == 0.0, 1.0, x)
    return tf.where(x == 0.0, 1.0, tf.sin(safe) / safe)


def contestants(name: str) -> dict[str, Callable]:
    """Returns functions of the input and the parameter, by name."""
    expression = actfn.parse(actfn.catalog.entry(name).expression)
    names = [parameter.name for parameter in parameters(expression)]

    def ours(recompute: bool) -> Callable:
        return lambda x, b: activate(
            expression, x, dict.fromkeys(names, b), recompute
        )

    return {
        "actfn": ours(True),
        "actfn, recompute=False": ours(False),
        "plain": PLAIN[name],
        "tf.nn.swish": lambda x, b: tf.nn.swish(x),
        "tf.nn.relu": lambda x, b: tf.nn.relu(x),
    }
