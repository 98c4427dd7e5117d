"""Every operator against NumPy or SciPy, in value and in gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

import actfn
from actfn.expressions import operators
from actfn.expressions.evaluate import evaluate
from actfn.spaces import grammar

# The paper's functions, written again with NumPy and SciPy alone.
EPS = 1e-6
BETA = 1.0
UNARY = {
    "identity": lambda x: x,
    "neg": np.negative,
    "abs": np.abs,
    "square": lambda x: x * x,
    "cube": lambda x: x * x * x,
    "sqrt": lambda x: np.sqrt(np.clip(x, 0, None)),
    "scale": lambda x: BETA * x,
    "shift": lambda x: x + BETA,
    "log_abs": lambda x: np.log(np.abs(x) + EPS),
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "sinc": lambda x: np.sinc(x / np.pi),
    "max0": lambda x: np.where(x > 0, x, 0.0),
    "min0": lambda x: np.where(x < 0, x, 0.0),
    "sigmoid": special.expit,
    "softplus": lambda x: np.logaddexp(0, x),
    "gauss": lambda x: np.exp(-(x**2)),
    "erf": special.erf,
    "beta": lambda x: np.full_like(x, BETA),
}
BINARY = {
    "add": np.add,
    "mul": np.multiply,
    "sub": np.subtract,
    "div": lambda a, b: a / (b + EPS),
    "max": np.fmax,
    "min": np.fmin,
    "gate": lambda a, b: special.expit(a) * b,
    "rbf": lambda a, b: np.exp(-BETA * (a - b) ** 2),
    "laplace": lambda a, b: np.exp(-BETA * np.abs(a - b)),
    "mix": lambda a, b: BETA * a + (1 - BETA) * b,
}
# Slopes where finite differences do not apply: TensorFlow's choice.
KINKS = {
    "abs": 0.0,
    "sqrt": 0.0,
    "max0": 1.0,
    "min0": 1.0,
    "log_abs": 0.0,
}
GRID = np.array(
    [-30, -12.5, -3, -1.1, -0.5, -1e-3, 0, 1e-3, 0.4, 1, 2.7, 11.5, 30]
)
OTHERS = np.array([-7.3, -1.3, -0.4, 0.7, 1.9, 6.1])


def value_and_slope(expression, x, beta=BETA):
    x = tf.constant(x)
    values = {"beta": tf.constant(np.full(x.shape[-1], beta))}
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = evaluate(expression, x, values)
    return y.numpy(), tape.gradient(y, x).numpy()


def difference(function, x):
    step = 1e-5 * np.maximum(1e-4, np.abs(x))
    return (function(x + step) - function(x - step)) / (2 * step)


def test_the_paper_has_25_unary_and_10_binary_functions():
    assert list(grammar.UNARY) == list(UNARY)
    assert list(grammar.BINARY) == list(BINARY)
    assert (len(UNARY), len(BINARY)) == (25, 10)


@pytest.mark.parametrize("name", UNARY)
def test_unary_value_and_gradient(name):
    expression = actfn.parse(grammar.UNARY[name])
    value, slope = value_and_slope(expression, GRID)
    np.testing.assert_allclose(value, UNARY[name](GRID), rtol=1e-12)
    smooth = GRID != 0 if name in KINKS else np.full(GRID.shape, True)
    expected = difference(UNARY[name], GRID)
    np.testing.assert_allclose(
        slope[smooth], expected[smooth], rtol=1e-5, atol=1e-6
    )
    if name in KINKS:
        assert slope[GRID == 0] == KINKS[name]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("fixed_first", [True, False])
def test_binary_value_and_gradient(name, fixed_first):
    text = grammar.BINARY[name]
    for other in OTHERS:
        a, b = ("other", "x") if fixed_first else ("x", "other")
        filled = (
            text.replace("x1", a)
            .replace("x2", b)
            .replace("other", f"({other})")
        )

        def function(x, other=other):
            if name == "div" and not fixed_first:
                return x / other  # No epsilon beside a constant.
            pair = (other, x) if fixed_first else (x, other)
            return BINARY[name](*pair)

        value, slope = value_and_slope(actfn.parse(filled), GRID)
        np.testing.assert_allclose(
            value, function(GRID), rtol=1e-11, atol=1e-300
        )
        np.testing.assert_allclose(
            slope, difference(function, GRID), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("max(x, 0.5 * x)", lambda x: tf.maximum(x, 0.5 * x)),
        ("max(0.5 * x, x)", lambda x: tf.maximum(0.5 * x, x)),
        ("min(x, sin(x))", lambda x: tf.minimum(x, tf.sin(x))),
        ("max(x, 0)", lambda x: tf.maximum(x, 0.0)),
        ("abs(x)", tf.abs),
        ("laplace(x, 0, 1)", lambda x: tf.exp(-tf.abs(x))),
    ],
)
def test_kinks_have_tensorflows_slope(text, plain):
    x = tf.constant([0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = plain(x)
    _, slope = value_and_slope(actfn.parse(text), np.zeros(1, np.float32))
    assert slope[0] == tape.gradient(y, x)[0]


@pytest.mark.parametrize("name", ["scale", "shift", "beta", *BINARY])
def test_gradient_by_beta_is_per_channel(name):
    if name in UNARY:
        expression = actfn.parse(grammar.UNARY[name])
    else:
        text = grammar.BINARY[name].replace("x1", "(beta1 * x)")
        expression = actfn.parse(text.replace("x2", "cos(x)"))
    rng = np.random.default_rng(3)
    x, weights = rng.normal(size=(2, 5, 3))
    names = ["beta", "beta1"]
    betas = rng.uniform(0.5, 1.5, size=(2, 3))

    def total(betas):
        values = dict(zip(names, betas, strict=True))
        return tf.reduce_sum(weights * evaluate(expression, x, values))

    tensor = tf.constant(betas)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        loss = total(tf.unstack(tensor))
    gradient = tape.gradient(loss, tensor)
    gradient = np.zeros((2, 3)) if gradient is None else gradient.numpy()
    for index in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[index] = 1e-6
        expected = (total(betas + step) - total(betas - step)) / 2e-6
        assert gradient[index] == pytest.approx(float(expected), abs=1e-7)


def test_registered_operator_parses_prints_and_trains():
    actfn.register_operator(
        "hard_tanh_of_tests", 1, lambda x: keras.ops.clip(x, -1, 1)
    )
    expression = actfn.parse("x * hard_tanh_of_tests(beta * x)")
    assert actfn.parse(str(expression)) == expression
    assert "hard" in expression.latex()
    value, slope = value_and_slope(expression, np.array([0.5, 3.0]))
    np.testing.assert_allclose(value, [0.25, 3.0])
    np.testing.assert_allclose(slope, [1.0, 1.0])
    space = actfn.SearchSpace(1, unary=["hard_tanh_of_tests", "identity"])
    functions = list(space.enumerate())
    assert len(functions) == space.size == 40
    assert all(space.decode(space.encode(f)) == f for f in functions)


@pytest.mark.parametrize(
    ("name", "arity", "function", "word"),
    [
        ("sin", 1, abs, "taken"),
        ("x", 1, abs, "identifier"),
        ("beta3", 1, abs, "identifier"),
        ("not a name", 1, abs, "identifier"),
        ("two", 0, abs, "arity"),
        ("two", True, abs, "arity"),
        ("two", 2, None, "callable"),
        ("y", 1, abs, "identifier"),
        ("Piecewise", 1, abs, "identifier"),
    ],
)
def test_bad_registrations_change_nothing(name, arity, function, word):
    before = operators.names()
    with pytest.raises(ValueError, match=word):
        actfn.register_operator(name, arity, function)
    assert operators.names() == before
