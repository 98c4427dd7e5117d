"""Text ``a / b``: exact for constants, the paper's for all else."""

import keras
import numpy as np
import pytest

import actfn
from actfn import canonicalize, parse

X = np.array([-14.0, -1.5, 0.25, 1.0, 3.0])


@pytest.mark.parametrize(
    ("text", "divisor"),
    [
        ("x / 0.001", 0.001),
        ("x / -3", -3),
        ("x / sqrt(2 * pi)", np.sqrt(2 * np.pi)),
        ("x / (1 + exp(1))", 1 + np.e),
        (r"\frac{x}{2 \cdot 3}", 6),
        ("x / 0", 1e-6),  # No number is that: the epsilon remains.
        ("x / (1 - 1)", 1e-6),
        ("x / -0.000001", -1e-6),
    ],
)
def test_constants(text, divisor):
    expression = parse(text)
    np.testing.assert_allclose(expression(X), X / divisor, rtol=1e-15)
    assert parse(str(expression)) == expression
    canonical = canonicalize(expression)
    np.testing.assert_allclose(canonical(X), X / divisor, rtol=1e-15)
    layer = actfn.get(text, dtype="float64")
    found = keras.ops.convert_to_numpy(layer(X[None]))[0]
    np.testing.assert_allclose(found, X / divisor, rtol=1e-15)


def test_the_papers_division():
    found = parse("exp(x) / exp(x)")(X)
    np.testing.assert_allclose(found, np.exp(X) / (np.exp(X) + 1e-6))
    assert found[0] == pytest.approx(0.454, abs=1e-3)
    # Arrays without axes, and parameters, are no constants.
    np.testing.assert_allclose(parse("1 / (x * x)")(0.0), 1e6)
    np.testing.assert_allclose(parse("x / beta")(1.0, beta=0.0), 1e6)


@pytest.mark.parametrize(
    "text", ["divide(exp(x), exp(x))", "np.divide(x, x)", "true_divide(x, x)"]
)
def test_exact_division(text):
    np.testing.assert_allclose(parse(text)(X), np.ones(5), rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x / 4", "0.25 * x"),
        ("divide(x, 4)", "x / 4"),
        ("x / 2 + x / 2", "x"),
        ("sin(x) / sqrt(2)", "1 / sqrt(2) * sin(x)"),
    ],
)
def test_canonical_forms(text, same):
    assert canonicalize(parse(text)) == canonicalize(parse(same))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("x / (x - x + 2)", "0.5 * x"),
        ("x / (x - x + sqrt(2))", "x / sqrt(2)"),
        ("divide(x, exp(x))", "x / exp(x)"),
    ],
)
def test_the_epsilon_makes_a_difference(text, other):
    first, second = canonicalize(parse(text)), canonicalize(parse(other))
    assert first != second
    np.testing.assert_allclose(first(X), parse(text)(X), rtol=1e-12)


def test_the_slope():
    step = 1e-6
    for text in ("x / 0.001", "sin(x) / sqrt(2)", "divide(1, x ** 2 + 1)"):
        function = parse(text)
        expected = (function(X + step) - function(X - step)) / (2 * step)
        program = actfn.expressions.evaluate.compile_expression(function)
        (slope,) = program.gradients(
            keras.ops.convert_to_tensor(X, "float64"),
            [],
            keras.ops.ones_like(keras.ops.convert_to_tensor(X, "float64")),
        )
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(slope), expected, rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(x + 1) / 2", 1.0),
        ("max(min(x + 3, 6), 0) / 6", 4 / 6),
        ("sin(x) / 1e-6", np.sin(1) / 1e-6),
        ("x / 3 + x ** 2 / 7", 1 / 3 + 1 / 7),
    ],
)
def test_a_number_is_divided_as_an_array_is(text, expected):
    """Arithmetic of NumPy makes numbers that are Python's floats as well."""
    found = parse(text)
    for one in (1.0, np.float64(1), np.array(1.0), np.array([1.0])):
        assert float(np.squeeze(found(one))) == pytest.approx(
            expected, rel=1e-12
        )
