"""Every catalog function, ours and as one writes it without this package."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

import actfn
from actfn.expressions.expression import parameters
from actfn.layers.kernels import activate

_HALF_ROOT = 0.7071067811865476


def _sinc(x):
    safe = tf.where(x == 0.0, 1.0, x)
    return tf.where(x == 0.0, 1.0, tf.sin(safe) / safe)


def _gelu(x):
    return 0.5 * x * (1 + tf.math.erf(x * _HALF_ROOT))


def _rational(x, *p):
    top = p[0] + x * (
        p[1] + x * (p[2] + x * (p[3] + x * (p[4] + x * p[5])))
    )  # fmt: skip
    powers = (x, x**2, x**3, x**4)
    below = sum(tf.abs(b * q) for b, q in zip(p[6:], powers, strict=True))
    return top / (1 + below)


def _xielu(x, a, b):
    positive = tf.nn.softplus(a) * tf.maximum(x, 0.0) ** 2
    low = tf.minimum(x, 0.0)
    negative = (0.5 + tf.nn.softplus(b)) * (tf.math.expm1(low) - low)
    return positive + negative + 0.5 * x


def _hard_sigmoid(x):
    return tf.nn.relu6(x + 3) / 6


# What one writes without this package: the fastest plain way. Parameters come
# in the order in which they appear in the function's text.
PLAIN: dict[str, Callable] = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "leaky_relu": lambda x: tf.nn.leaky_relu(x, 0.01),
    "prelu": lambda x, b: tf.maximum(x, 0.0) + b * tf.minimum(x, 0.0),
    "softplus": tf.nn.softplus,
    "elu": tf.nn.elu,
    "selu": tf.nn.selu,
    "gelu": _gelu,
    "swish": lambda x, b: x * tf.sigmoid(b * x),
    "swish_1": lambda x: x * tf.sigmoid(x),
    "max_sigmoid": lambda x: tf.maximum(x, tf.sigmoid(x)),
    "cos_minus_x": lambda x: tf.cos(x) - x,
    "min_sin": lambda x: tf.minimum(x, tf.sin(x)),
    "atan_squared_minus_x": lambda x: tf.atan(x) ** 2 - x,
    "max_tanh": lambda x: tf.maximum(x, tf.tanh(x)),
    "sinc_plus_x": lambda x: _sinc(x) + x,
    "x_asinh_squared": lambda x: x * tf.asinh(x) ** 2,
    "linear": tf.identity,
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
    "exponential": tf.exp,
    "softsign": tf.nn.softsign,
    "celu": tf.nn.elu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": lambda x: x * _hard_sigmoid(x),
    "hard_tanh": lambda x: tf.clip_by_value(x, -1.0, 1.0),
    "hard_shrink": lambda x: tf.where(tf.abs(x) > 0.5, x, 0.0),
    "soft_shrink": lambda x: (
        tf.maximum(x - 0.5, 0.0) + tf.minimum(x + 0.5, 0.0)
    ),
    "tanh_shrink": lambda x: x - tf.tanh(x),
    "log_sigmoid": tf.math.log_sigmoid,
    "mish": lambda x: x * tf.tanh(tf.nn.softplus(x)),
    "sparse_plus": lambda x: tf.where(
        x < 1.0, 0.25 * tf.nn.relu(x + 1) ** 2, x
    ),
    "sparse_sigmoid": lambda x: tf.clip_by_value(0.5 * (x + 1), 0.0, 1.0),
    "squareplus": lambda x: 0.5 * (x + tf.sqrt(x * x + 4)),
    "thresholded_relu": lambda x: tf.where(x > 1.0, x, 0.0),
    "gelu_tanh": lambda x: (
        0.5
        * x
        * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    ),
    "quick_gelu": lambda x: x * tf.sigmoid(1.702 * x),
    "gelu_sine": lambda x: _gelu(x) + 0.1 * tf.sin(x),
    "relu_squared": lambda x: tf.square(tf.nn.relu(x)),
    "leaky_relu_squared": lambda x: tf.square(tf.nn.leaky_relu(x, 0.5)),
    "star_relu": lambda x, a, b: a * tf.square(tf.nn.relu(x)) + b,
    "telu": lambda x: x * tf.tanh(tf.exp(x)),
    "golu": lambda x: x * tf.exp(-tf.exp(-x)),
    "serf": lambda x: x * tf.math.erf(tf.nn.softplus(x)),
    "erfact": lambda x, a, b: x * tf.math.erf(a * tf.exp(b * x)),
    "pserf": lambda x, a, b: x * tf.math.erf(a * tf.nn.softplus(b * x)),
    "smu": lambda x, mu: (
        0.5 * (1.25 * x + 0.75 * x * tf.math.erf(mu * 0.75 * x))
    ),
    "smu_1": lambda x, mu: (
        0.5 * (1.25 * x + tf.sqrt(tf.square(0.75 * x) + tf.square(mu)))
    ),
    "acon_c": lambda x, p, q, b: (
        (p - q) * x * tf.sigmoid(b * (p - q) * x) + q * x
    ),
    "e_swish": lambda x: 1.375 * x * tf.sigmoid(x),
    "elish": lambda x: tf.sigmoid(x) * tf.nn.elu(x),
    "hard_elish": lambda x: (
        tf.clip_by_value(0.5 * (x + 1), 0.0, 1.0) * tf.nn.elu(x)
    ),
    "lisht": lambda x: x * tf.tanh(x),
    "logish": lambda x: x * tf.math.log1p(tf.sigmoid(x)),
    "smish": lambda x: x * tf.tanh(tf.math.log1p(tf.sigmoid(x))),
    "dsilu": lambda x: tf.sigmoid(x) * (1 + x * (1 - tf.sigmoid(x))),
    "sinlu": lambda x, a, b: (x + a * tf.sin(b * x)) * tf.sigmoid(x),
    "xatlu": lambda x, a: x * ((tf.atan(x) / math.pi + 0.5) * (1 + 2 * a) - a),
    "xielu": _xielu,
    "snake": lambda x, a: x + tf.square(tf.sin(a * x)) / a,
    "gcu": lambda x: x * tf.cos(x),
    "siren": lambda x: tf.sin(30 * x),
    "sine": tf.sin,
    "wavelet": lambda x, a, b: a * tf.sin(x) + b * tf.cos(x),
    "gaussian": lambda x: tf.exp(-tf.square(x)),
    "dyt": lambda x, gamma, alpha, beta: gamma * tf.tanh(alpha * x) + beta,
    "derf": lambda x, gamma, alpha, shift, beta: (
        gamma * tf.math.erf(alpha * x + shift) + beta
    ),
    "rational": _rational,
    "isrlu": lambda x: tf.where(
        x > 0.0, x, x * tf.math.rsqrt(1 + tf.square(x))
    ),
    "isru": lambda x: x * tf.math.rsqrt(1 + tf.square(x)),
    "bent_identity": lambda x: 0.5 * (tf.sqrt(tf.square(x) + 1) - 1) + x,
    "arctan": tf.atan,
    "lecun_tanh": lambda x: 1.7159 * tf.tanh(2 / 3 * x),
    "penalized_tanh": lambda x: tf.nn.leaky_relu(tf.tanh(x), 0.25),
    "stan": lambda x, b: tf.tanh(x) * (1 + b * x),
    "pelu": lambda x, a, b: (
        a / b * tf.maximum(x, 0.0) + a * tf.math.expm1(tf.minimum(x, 0.0) / b)
    ),
    "nlrelu": lambda x: tf.math.log1p(tf.nn.relu(x)),
    "symlog": lambda x: tf.sign(x) * tf.math.log1p(tf.abs(x)),
    "shifted_softplus": lambda x: tf.nn.softplus(x) - math.log(2),
    "cloglog": lambda x: -tf.math.expm1(-tf.exp(x)),
    "sech": lambda x: 1 / tf.cosh(x),
}

# Of the two halves of the channels.
PLAIN_GATES: dict[str, Callable] = {
    "glu": lambda x, y: x * tf.sigmoid(y),
    "reglu": lambda x, y: tf.nn.relu(x) * y,
    "geglu": lambda x, y: _gelu(x) * y,
    "swiglu": lambda x, y: x * tf.sigmoid(x) * y,
    "bilinear": lambda x, y: x * y,
    "maxout": tf.maximum,
}


def contestants(name: str) -> dict[str, Callable]:
    """Returns functions of the input and its parameters, by name.

    Args:
        name: Of a catalog function. tf.nn.swish and tf.nn.relu stand beside
            those of one input.
    """
    inputs = 2 if name in PLAIN_GATES else 1
    expression = actfn.parse(actfn.catalog.entry(name).expression, inputs)
    names = [parameter.name for parameter in parameters(expression)]

    def ours(recompute: bool) -> Callable:
        return lambda x, *p: activate(
            expression, x, dict(zip(names, p, strict=True)), recompute, inputs
        )

    found = {"actfn": ours(True), "actfn, recompute=False": ours(False)}
    if inputs == 2:
        plain = PLAIN_GATES[name]
        return {**found, "plain": lambda x: plain(*tf.split(x, 2, axis=-1))}
    return {
        **found,
        "plain": PLAIN[name],
        "tf.nn.swish": lambda x, *p: tf.nn.swish(x),
        "tf.nn.relu": lambda x, *p: tf.nn.relu(x),
    }


def first_values(name: str, shape: Sequence[int]) -> list[tf.Tensor]:
    """Returns the first value of each parameter, in order of appearance.

    Args:
        name: Of a catalog function.
        shape: Of the input.
    """
    layer = actfn.get(name)
    layer.build(tuple(shape))
    return [tf.convert_to_tensor(value) for value in layer.trainable_variables]
