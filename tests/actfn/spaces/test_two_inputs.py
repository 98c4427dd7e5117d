"""Spaces and canonical forms of functions of two inputs."""

import numpy as np
import pytest

import actfn
from actfn import canonicalize, parse
from actfn.expressions.expression import exchanged, inputs, parameters
from actfn.spaces.one_unit import small_functions

EQUAL = (
    ("swiglu(x, y)", "swiglu(y, x)", "gate(x, x) * y", "y * x * sigmoid(y)"),
    ("max(x, y)", "max(y, x)", "-min(-x, -y)", "x + max(y - x, 0)"),
    ("relu(x) + relu(y)", "max(y, 0) + max(0, x)"),
    ("x", "x + 0 * y", "max(x, y) + min(x, y) - y", "y"),
    ("sin(x)", "sin(y)", "min(cosh(x), sin(y))"),
    ("beta * x + beta1 * y", "beta1 * x + beta * y", "beta * y + beta1 * x"),
    ("rbf(x, y, beta)", "rbf(y, x, beta)"),
    ("exp(x) + y", "sinh(x) + cosh(x) + y"),
    ("x * max(x, y) * sin(y)", "sin(x) * max(y, x) * y"),
)
DIFFERENT = (
    ("gate(x, y)", "gate(x, x)"),
    ("x * y", "x ** 2"),
    ("swish(x) * y", "swish_1(x) * y"),
    ("mix(x, y, beta)", "x + y"),
    ("sin(x) * y", "cos(x) * y"),
)


@pytest.mark.parametrize("texts", EQUAL, ids=lambda texts: texts[0])
def test_equal_functions(texts):
    assert len({canonicalize(parse(text, inputs=2)) for text in texts}) == 1


@pytest.mark.parametrize("texts", DIFFERENT, ids=lambda texts: texts[0])
def test_different_functions(texts):
    first, second = (canonicalize(parse(text)) for text in texts)
    assert first != second


def test_halves_that_may_not_be_exchanged():
    first, second = parse("gate(x, y)"), parse("gate(y, x)")
    assert canonicalize(first) == canonicalize(second)
    forms = {canonicalize(f, exchange=False) for f in (first, second)}
    assert forms == {parse("y * sigmoid(x)"), parse("x * sigmoid(y)")}
    found = canonicalize(parse("sin(y)", inputs=2), exchange=False)
    assert str(found) == "sin(y)"
    assert len({
        canonicalize(parse(text), exchange=False)
        for text in ("max(x, y)", "max(y, x)")
    }) == 1  # fmt: skip


def test_the_size_of_the_space():
    space = actfn.SearchSpace(1, inputs=2)
    assert space.size == 25_000 == 2 * 2 * 25 * 25 * 10
    assert space.token_sizes == (2, 2, 25, 25, 10)
    two = actfn.SearchSpace(2, inputs=2)
    assert two.size == 25_000 * 3 * 3 * 6250
    fixed = actfn.SearchSpace(2, inputs=2, wiring="fixed")
    assert fixed.size == 6250**2


def test_the_papers_space_is_what_it_was():
    space = actfn.SearchSpace(1)
    assert space.size == 6250 and space.token_sizes == (1, 1, 25, 25, 10)
    assert "inputs" not in repr(space)
    assert str(space.decode((0, 0, 0, 20, 1))) == "x * sigmoid(x)"
    assert eval(repr(actfn.SearchSpace(1, inputs=2)), vars(actfn)).inputs == 2


@pytest.mark.parametrize("wiring", ["free", "fixed"])
@pytest.mark.parametrize("units", [1, 2, 3])
def test_token_strings_come_back(units, wiring):
    space = actfn.SearchSpace(units, inputs=2, wiring=wiring)
    rng = np.random.default_rng(units)
    for _ in range(20):
        expression = space.sample(rng)
        assert parse(str(expression), inputs=2) == expression
        tokens = space.encode(expression)
        assert str(space.decode(tokens)) == str(expression)


def test_known_gates_are_in_the_space():
    space = actfn.SearchSpace(2, inputs=2)
    for text in ("gate(x, x) * y", "x * sigmoid(y)", "max(x, y)"):
        assert space.decode(space.encode(parse(text))) == parse(text)
    with pytest.raises(ValueError, match="`expression` must be a function"):
        actfn.SearchSpace(2).encode(parse("x * y"))
    named = actfn.SearchSpace(1, inputs=2, binary=["mul", "swiglu"])
    assert str(named.decode((0, 1, 0, 0, 1))) == "swiglu(x, y)"


def test_inputs_are_one_or_two():
    with pytest.raises(ValueError, match=r"`inputs` must be 1 or 2\."):
        actfn.SearchSpace(1, inputs=3)


def test_the_form_is_stable_and_the_same_function():
    rng = np.random.default_rng(3)
    space = actfn.SearchSpace(2, inputs=2)
    x, y = rng.normal(0, 1.5, (2, 60))
    for _ in range(40):
        expression = space.sample(rng)
        form = canonicalize(expression)
        assert canonicalize(form) == form == parse(str(form), inputs=2)
        assert canonicalize(exchanged(expression)) == form
        values = [_value(f, x, y) for f in (expression, form, exchanged(form))]
        assert any(
            np.allclose(values[0], other, rtol=1e-6, atol=1e-7, equal_nan=True)
            for other in values[1:]
        ), (expression, form)


def _value(f, x, y):
    betas = {parameter.name: 0.83 for parameter in parameters(f)}
    given = (x, y) if inputs(f) == 2 else (x,)
    return np.clip(f(*given, **betas), -1e6, 1e6)


def test_one_unit_of_both_inputs():
    assert sum(map(len, small_functions(2).classes)) == 6250
    assert sum(map(len, small_functions().classes)) == 6250
    assert len(small_functions().classes) == 4056
