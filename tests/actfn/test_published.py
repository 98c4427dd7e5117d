"""Every catalog function against the authors' formula, by mpmath.

Values, first and second derivatives in float64, to 1e-9, at points that are
no kinks. Parameters have values that are not their first ones.
"""

import keras
import mpmath as mp
import numpy as np
import pytest
from keras import ops

import actfn
from actfn.expressions.expression import parameters
from tests.differentiating import slope_of

POINTS = (-6.7, -3.3, -1.2, -0.7, -0.3, -0.04, 0.05, 0.37, 0.8, 1.3, 2.9, 7.1)
SETTINGS = (0.7, 0.45, 1.3, 0.9, 0.35, 0.2, 1.1, 0.6, 0.8, 0.25)


def sig(x):
    return 1 / (1 + mp.exp(-x))


def plus(x):
    return mp.log(1 + mp.exp(x))


def pos(x):
    return x if x > 0 else mp.mpf(0)


def neg(x):
    return x if x < 0 else mp.mpf(0)


def clip(x, low, high):
    return min(max(x, mp.mpf(low)), mp.mpf(high))


def elu(x):
    return x if x > 0 else mp.exp(x) - 1


def gelu(x):
    return x * mp.ncdf(x)


def rational(x, *p):
    a, b = p[:6], p[6:]
    top = sum(c * x**k for k, c in enumerate(a))
    return top / (1 + sum(abs(c * x ** (k + 1)) for k, c in enumerate(b)))


def xielu(x, a, b):
    if x > 0:
        return plus(a) * x**2 + x / 2
    return (mp.mpf(1) / 2 + plus(b)) * (mp.exp(x) - 1 - x) + x / 2


SCALE, ALPHA = mp.mpf("1.0507009873554805"), mp.mpf("1.6732632423543772")
C = mp.mpf
FORMULAS = {
    "relu": pos,
    "relu6": lambda x: clip(x, 0, 6),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "prelu": lambda x, a: x if x > 0 else a * x,
    "softplus": plus,
    "elu": elu,
    "selu": lambda x: SCALE * (x if x > 0 else ALPHA * (mp.exp(x) - 1)),
    "gelu": gelu,
    "swish": lambda x, b: x * sig(b * x),
    "swish_1": lambda x: x * sig(x),
    "silu": lambda x: x * sig(x),
    "max_sigmoid": lambda x: max(x, sig(x)),
    "cos_minus_x": lambda x: mp.cos(x) - x,
    "min_sin": lambda x: min(x, mp.sin(x)),
    "atan_squared_minus_x": lambda x: mp.atan(x) ** 2 - x,
    "max_tanh": lambda x: max(x, mp.tanh(x)),
    "sinc_plus_x": lambda x: mp.sin(x) / x + x,
    "x_asinh_squared": lambda x: x * mp.asinh(x) ** 2,
    "linear": lambda x: x,
    "tanh": mp.tanh,
    "sigmoid": sig,
    "exponential": mp.exp,
    "softsign": lambda x: x / (1 + abs(x)),
    "celu": elu,
    "hard_sigmoid": lambda x: clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * clip(x + 3, 0, 6) / 6,
    "hard_tanh": lambda x: clip(x, -1, 1),
    "hard_shrink": lambda x: x if abs(x) > 0.5 else C(0),
    "soft_shrink": lambda x: mp.sign(x) * pos(abs(x) - C(1) / 2),
    "tanh_shrink": lambda x: x - mp.tanh(x),
    "log_sigmoid": lambda x: mp.log(sig(x)),
    "mish": lambda x: x * mp.tanh(plus(x)),
    "sparse_plus": lambda x: x if x >= 1 else pos(x + 1) ** 2 / 4,
    "sparse_sigmoid": lambda x: clip((x + 1) / 2, 0, 1),
    "squareplus": lambda x: (x + mp.sqrt(x * x + 4)) / 2,
    "thresholded_relu": lambda x: x if x > 1 else C(0),
    "gelu_tanh": lambda x: (
        x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + C("0.044715") * x**3)))
    ),
    "quick_gelu": lambda x: x * sig(C("1.702") * x),
    "gelu_sine": lambda x: gelu(x) + mp.sin(x) / 10,
    "relu_squared": lambda x: pos(x) ** 2,
    "leaky_relu_squared": lambda x: (x if x > 0 else x / 2) ** 2,
    "star_relu": lambda x, s, b: s * pos(x) ** 2 + b,
    "telu": lambda x: x * mp.tanh(mp.exp(x)),
    "golu": lambda x: x * mp.exp(-mp.exp(-x)),
    "serf": lambda x: x * mp.erf(plus(x)),
    "erfact": lambda x, a, b: x * mp.erf(a * mp.exp(b * x)),
    "pserf": lambda x, a, b: x * mp.erf(a * plus(b * x)),
    "smu": lambda x, mu: (
        ((1 + C(1) / 4) * x + (1 - C(1) / 4) * x
         * mp.erf(mu * (1 - C(1) / 4) * x)) / 2
    ),
    "smu_1": lambda x, mu: (
        ((1 + C(1) / 4) * x
         + mp.sqrt(((1 - C(1) / 4) * x) ** 2 + mu**2)) / 2
    ),
    "acon_c": lambda x, p1, p2, beta: (
        (p1 - p2) * x * sig(beta * (p1 - p2) * x) + p2 * x
    ),
    "e_swish": lambda x: C("1.375") * x * sig(x),
    "elish": lambda x: x * sig(x) if x > 0 else (mp.exp(x) - 1) * sig(x),
    "hard_elish": lambda x: elu(x) * clip((x + 1) / 2, 0, 1),
    "lisht": lambda x: x * mp.tanh(x),
    "logish": lambda x: x * mp.log(1 + sig(x)),
    "smish": lambda x: x * mp.tanh(mp.log(1 + sig(x))),
    "dsilu": lambda x: sig(x) * (1 + x * (1 - sig(x))),
    "sinlu": lambda x, a, b: (x + a * mp.sin(b * x)) * sig(x),
    "xatlu": lambda x, a: (
        x * ((mp.atan(x) + mp.pi / 2) / mp.pi * (1 + 2 * a) - a)
    ),
    "xielu": xielu,
    "snake": lambda x, a: x + mp.sin(a * x) ** 2 / a,
    "gcu": lambda x: x * mp.cos(x),
    "siren": lambda x: mp.sin(30 * x),
    "sine": mp.sin,
    "wavelet": lambda x, a, b: a * mp.sin(x) + b * mp.cos(x),
    "gaussian": lambda x: mp.exp(-x * x),
    "dyt": lambda x, gamma, alpha, beta: gamma * mp.tanh(alpha * x) + beta,
    "derf": lambda x, gamma, alpha, s, beta: (
        gamma * mp.erf(alpha * x + s) + beta
    ),
    "rational": rational,
    "isrlu": lambda x: x if x > 0 else x / mp.sqrt(1 + x * x),
    "isru": lambda x: x / mp.sqrt(1 + x * x),
    "bent_identity": lambda x: (mp.sqrt(x * x + 1) - 1) / 2 + x,
    "arctan": mp.atan,
    "lecun_tanh": lambda x: C("1.7159") * mp.tanh(2 * x / 3),
    "penalized_tanh": lambda x: mp.tanh(x) * (1 if x > 0 else C(1) / 4),
    "stan": lambda x, b: mp.tanh(x) + b * x * mp.tanh(x),
    "pelu": lambda x, a, b: a / b * x if x > 0 else a * (mp.exp(x / b) - 1),
    "nlrelu": lambda x: mp.log(1 + pos(x)),
    "symlog": lambda x: mp.sign(x) * mp.log(1 + abs(x)),
    "shifted_softplus": lambda x: plus(x) - mp.log(2),
    "cloglog": lambda x: 1 - mp.exp(-mp.exp(x)),
    "sech": lambda x: 1 / mp.cosh(x),
}  # fmt: skip
KERAS = {
    name
    for name in FORMULAS
    if hasattr(keras.activations, name) and name not in ("leaky_relu",)
}


def test_the_catalog_is_large_and_every_entry_is_checked_here():
    assert set(actfn.catalog.names()) == set(FORMULAS)
    assert len(FORMULAS) >= 45
    assert len(actfn.catalog.PUBLISHED) == 8


@pytest.mark.parametrize("name", FORMULAS)
def test_entries_say_where_from_when_and_what_for(name):
    entry = actfn.catalog.entry(name)
    assert entry.source
    assert 1980 <= entry.year <= 2026
    assert 5 < len(entry.use_when) < 70
    count = len(parameters(actfn.parse(entry.expression)))
    assert entry.trainable == bool(count)
    assert len(entry.initial) in (0, count)


def derivatives(name):
    """Returns value, slope and second derivative at the points."""
    layer = actfn.get(name, dtype="float64")
    layer.build((None, 1))
    for weight, value in zip(layer.trainable_weights, SETTINGS, strict=False):
        weight.assign(np.full(weight.shape, value))
    x = ops.convert_to_tensor(np.array(POINTS)[:, None], "float64")
    slope = slope_of(layer)
    return [
        ops.convert_to_numpy(ops.stop_gradient(function(x)))[:, 0]
        for function in (layer, slope, slope_of(slope))
    ]


@pytest.mark.parametrize("name", FORMULAS)
def test_value_slope_and_curvature(name):
    count = len(parameters(actfn.parse(actfn.catalog.entry(name).expression)))
    given = [C(value) for value in SETTINGS[:count]]
    found = derivatives(name)
    with mp.workdps(50):
        for order in range(3):
            expected = [
                float(mp.diff(lambda x: FORMULAS[name](x, *given), C(x), order))
                for x in POINTS
            ]
            np.testing.assert_allclose(
                found[order], expected, rtol=1e-9, atol=1e-9
            )


@pytest.mark.parametrize("name", sorted(KERAS))
def test_keras_agrees(name):
    x = np.array(POINTS)
    x = ops.convert_to_tensor(x[:, None], "float64")
    ours = actfn.get(name, dtype="float64")(x)
    theirs = getattr(keras.activations, name)(x)
    np.testing.assert_allclose(
        ops.convert_to_numpy(ours),
        ops.convert_to_numpy(theirs),
        rtol=1e-6,
        atol=1e-7,
    )


def test_first_values_are_the_papers():
    layer = actfn.get("dyt")
    layer.build((None, 4))
    gamma, alpha, beta = layer.trainable_weights
    assert (gamma.shape, alpha.shape, beta.shape) == ((4,), (), (4,))
    assert [float(np.mean(w)) for w in (gamma, alpha, beta)] == [1, 0.5, 0]
    again = actfn.get(layer.get_config())
    again.build((None, 4))
    np.testing.assert_array_equal(again.trainable_weights[1], 0.5)
    layer = actfn.get("xielu")
    layer.build((None, 4))
    positive, negative = layer.trainable_weights
    assert np.log1p(np.exp(positive)) == pytest.approx(0.8)
    assert 0.5 + np.log1p(np.exp(negative)) == pytest.approx(0.8)
    layer = actfn.get("acon_c")
    layer.build((None, 1000))
    first = np.asarray(layer.trainable_weights[0])
    assert abs(first.mean()) < 0.15
    assert abs(first.std() - 1) < 0.15


def test_rational_begins_near_leaky_relu():
    x = np.linspace(-3, 3, 61)
    layer = actfn.get("rational", dtype="float64")
    y = ops.stop_gradient(layer(x[:, None]))
    found = ops.convert_to_numpy(y)[:, 0]
    assert np.abs(found - np.where(x > 0, x, 0.01 * x)).max() < 0.1


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("SiLU", "silu"),
        ("hard-swish", "hard_swish"),
        ("Swish", "swish"),
        ("HardSwish", "hard_swish"),
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("identity", "linear"),
        ("ReLU squared", "relu_squared"),
        ("squared-relu", "relu_squared"),
        ("TanhExp", "telu"),
        ("PAU", "rational"),
        ("Bent Identity", "bent_identity"),
        ("atan", "arctan"),
    ],
)
def test_names_are_forgiving(spelling, name):
    found = actfn.get(spelling).expression
    assert found == actfn.get(name).expression


@pytest.mark.parametrize("name", FORMULAS)
def test_every_name_is_a_word_equal_to_its_definition(name):
    definition = actfn.parse(actfn.catalog.entry(name).expression)
    word = actfn.parse(f"{name}(x)")
    assert str(word).startswith(f"{name}(x")
    assert actfn.parse(str(word)) == word
    assert actfn.canonicalize(word) == actfn.canonicalize(definition)
