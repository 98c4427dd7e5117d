"""What people call the functions of the language, and words beside it."""

from __future__ import annotations

import difflib

from actfn.expressions import operators, words

ALIASES = {
    "absolute": "abs", "fabs": "abs", "arctan": "atan", "arcsinh": "asinh",
    "arsinh": "asinh", "maximum": "max", "fmax": "max", "minimum": "min",
    "fmin": "min", "amax": "max", "amin": "min", "logistic": "sigmoid",
    "expit": "sigmoid", "ln": "log", "sgn": "sign", "signum": "sign",
    "inv": "reciprocal", "inverse": "reciprocal", "power": "pow",
    "multiply": "mul", "subtract": "sub", "true_divide": "divide",
    "negative": "neg", "plus": "add", "times": "mul",
    "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le",
    "select": "where", "cond": "where", "clip_by_value": "clip",
    "clamp": "clip", "hardtanh": "hard_tanh", "softmax_plus": "softplus",
    "cube_root": "cbrt", "heaviside_step": "heaviside", "step": "heaviside",
    "relu_6": "relu6", "lrelu": "leaky_relu", "leakyrelu": "leaky_relu",
    "leaky_re_lu": "leaky_relu", "p_relu": "prelu", "re_lu": "relu",
    "rectifier": "relu", "ramp": "relu", "sil_u": "silu",
    "swish1": "swish_1", "hardswish": "hard_swish", "h_swish": "hard_swish",
    "hswish": "hard_swish", "hardsilu": "hard_swish",
    "hard_silu": "hard_swish", "hardsigmoid": "hard_sigmoid",
    "h_sigmoid": "hard_sigmoid", "hardshrink": "hard_shrink",
    "softshrink": "soft_shrink", "tanhshrink": "tanh_shrink",
    "logsigmoid": "log_sigmoid", "square_plus": "squareplus",
    "soft_sign": "softsign", "soft_plus": "softplus",
    "squared_relu": "relu_squared", "relu2": "relu_squared",
    "relusquared": "relu_squared", "squaredrelu": "relu_squared",
    "gelu_new": "gelu_tanh", "gelu_fast": "gelu_tanh",
    "gelu_approximate": "gelu_tanh", "approximate_gelu": "gelu_tanh",
    "quickgelu": "quick_gelu", "exponential": "exp", "linear": "identity",
    "bentidentity": "bent_identity", "gelusine": "gelu_sine",
    "growing_cosine_unit": "gcu", "gaussian": "gauss", "norm_cdf": "normal_cdf",
    "ndtr": "normal_cdf", "phi": "normal_cdf", "cdf": "normal_cdf",
    "acon": "acon_c", "tanhexp": "telu", "pau": "rational",
    "dynamic_tanh": "dyt", "eswish": "e_swish", "starrelu": "star_relu",
    "aconc": "acon_c", "x_ielu": "xielu",
    "softplus_shifted": "shifted_softplus", "ssp": "shifted_softplus",
}  # fmt: skip
"""Other names, in lower case with underscores."""

CATALOG = {
    "identity": "linear", "exp": "exponential", "atan": "arctan",
    "gauss": "gaussian", "sin": "sine", "tanhexp": "telu",
    "hard_silu": "hard_swish", "pau": "rational", "pade": "rational",
    "dynamic_tanh": "dyt", "eswish": "e_swish",
    "bent": "bent_identity",
    "inverse_square_root_unit": "isru", "starrelu": "star_relu",
}  # fmt: skip
"""Other names of catalog functions than as words of expression text."""

MODULES = frozenset(
    [
        "np", "numpy", "tf", "tf.math", "tf.nn", "tf.keras.activations",
        "tf.keras.ops", "math", "keras.ops", "keras.activations",
        "keras.backend", "ops", "K", "jnp", "jax.numpy", "jax.nn", "jax.lax",
        "nn", "nn.functional", "torch", "torch.nn", "torch.nn.functional",
        "F", "sp", "sympy", "special", "scipy.special", "activations",
    ]
)  # fmt: skip
"""Prefixes that are left out, as in ``np.tanh(x)``."""

_FIXED_SWISH = "tf.nn tf.keras.activations keras.ops keras.activations ops "
_FIXED_SWISH += "jax.nn nn activations"
PREFIXED = {
    **{(m, "swish"): "swish_1" for m in _FIXED_SWISH.split()},
    **{(m, "gelu"): "gelu_tanh" for m in ("jax.nn", "keras.ops", "ops")},
    ("nn", "gelu"): None,
    ("jax.nn", "hard_tanh"): "hard_tanh",
    **{
        (m, "sinc"): "normalized_sinc"
        for m in (
            "np", "numpy", "jnp", "jax.numpy", "torch", "special", "math",
            "scipy.special", "keras.ops", "ops", "tf.math",
        )
    },
    **{
        (m, "leaky_relu"): "keras_leaky_relu"
        for m in (
            "tf.nn", "tf.keras.activations", "keras.ops",
            "keras.activations", "ops", "activations",
        )
    },
    **{
        (m, "relu"): "keras_relu"
        for m in ("tf.keras.activations", "keras.activations", "activations")
    },
    **{
        (m, "div"): "divide"
        for m in ("torch", "tf", "tf.math", "jnp", "jax.lax", "np", "numpy")
    },
}  # fmt: skip
"""Where a library's function of a name is another one, and which.

None means that the name alone does not tell which is meant.
"""

DEFINITIONS = (
    ("identity", "x"),
    ("square", "x ** 2"),
    ("cube", "x ** 3"),
    ("divide", "u * reciprocal(v)", "u", "v"),
    ("rsqrt", "reciprocal(sqrt(x))"),
    ("exp2", "exp(0.6931471805599453 * x)"),
    ("log2", "1.4426950408889634 * log(x)"),
    ("log10", "0.4342944819032518 * log(x)"),
    ("logaddexp", "max(u, v) + softplus(-abs(u - v))", "u", "v"),
    ("squared_difference", "(u - v) ** 2", "u", "v"),
    ("hypot", "sqrt(u ** 2 + v ** 2)", "u", "v"),
    ("heaviside", "x > 0"),
    ("heaviside", "where(x > 0, 1, where(x < 0, 0, v))", "x", "v"),
    ("clip", "min(max(x, u), v)", "x", "u", "v"),
    ("normal_cdf", "0.5 * (1 + erf(0.7071067811865476 * x))"),
    ("normalized_sinc", "sinc(3.141592653589793 * x)"),
    ("keras_leaky_relu", "max(x, 0.2 * x)"),
    ("keras_leaky_relu", "max(x, 0) + v * min(x, 0)", "x", "v"),
    ("keras_relu", "max(x, 0)"),
    ("keras_relu", "max(x, 0) + v * min(x, 0)", "x", "v"),
    ("relu", "min(max(x, 0), v)", "x", "v"),
    ("leaky_relu", "max(x, 0) + v * min(x, 0)", "x", "v"),
    ("elu", "max(x, 0) + v * expm1(min(x, 0))", "x", "v"),
    (
        "celu",
        "max(x, 0) + v * expm1(min(x, 0) * reciprocal(v))",
        "x",
        "v",
    ),
    ("hard_shrink", "where(abs(x) > v, x, 0)", "x", "v"),
    ("soft_shrink", "max(x - v, 0) + min(x + v, 0)", "x", "v"),
    ("hard_tanh", "min(max(x, u), v)", "x", "u", "v"),
    ("threshold", "where(x > u, x, v)", "x", "u", "v"),
)
"""Words that are no entries of the catalog, or entries with constants."""


def normal(name: str) -> str:
    """Returns a name in lower case with underscores."""
    return name.lower().replace("-", "_").replace(" ", "_")


def resolve(name: str) -> str | None:
    """Returns what the language calls a function; None if it does not."""
    known = (operators.names(), words.names())
    if any(name in table for table in known):
        return name
    lowered = normal(name)
    for candidate in (lowered, ALIASES.get(lowered)):
        if candidate and any(candidate in table for table in known):
            return candidate
    return None


def closest(name: str, extra: tuple[str, ...] = ()) -> list[str]:
    """Returns up to three known names that are like the given one."""
    known = [*extra, *words.names(), *operators.names(), *ALIASES]
    found = difflib.get_close_matches(normal(name[:30]), known, n=6)
    return list(dict.fromkeys(resolve(word) or word for word in found))[:3]
