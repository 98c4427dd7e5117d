"""Text to expression and back."""

import numpy as np
import pytest

import actfn
from actfn.expressions.expression import (
    Call,
    Constant,
    Parameter,
    Variable,
    parameters,
)

X = Variable("x")


def spaces():
    for core_units in (1, 2, 3):
        for wiring in ("free", "fixed"):
            yield actfn.SearchSpace(core_units, wiring=wiring)


def test_ten_thousand_random_functions_survive_text():
    rng = np.random.default_rng(0)
    for space in spaces():
        for _ in range(1700):
            function = space.sample(rng)
            assert actfn.parse(str(function)) == function


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("x", X),
        ("-2", Constant(-2)),
        ("-x", Call("neg", (X,))),
        ("-2 ** 2", -(Constant(2) ** 2)),
        ("(-2) ** x", Constant(-2) ** X),
        ("x - 1 - 2", (X - 1) - 2),
        ("x - (1 - 2)", X - (Constant(1) - 2)),
        ("x ** 2 ** 3", X ** (Constant(2) ** 3)),
        ("2 * -x", 2 * -X),
        ("1e-3*x", 0.001 * X),
        ("max(x,0)", Call("max", (X, Constant(0)))),
        ("beta7 * x", Parameter("beta") * X),
        (
            "beta2 + beta9 * beta2",
            Parameter("beta") + Parameter("beta1") * Parameter("beta"),
        ),
    ],
)
def test_trees(text, tree):
    assert actfn.parse(text) == tree
    assert actfn.parse(str(tree)) == tree


@pytest.mark.parametrize(
    "text", ["-(2)", "-(-2)", "--x", "x ** -x ** 2", "(x + x) * x / x", "1e300"]
)
def test_text_and_tree_are_one_to_one(text):
    assert str(actfn.parse(text)) in (text, "1e+300")


def test_python_agrees_on_precedence():
    rng = np.random.default_rng(1)
    symbols = ["+", "-", "*", "/", "**"]
    from actfn.expressions.evaluate import evaluate

    for _ in range(300):
        text = str(rng.integers(1, 4))
        for _ in range(4):
            number = rng.choice(["x", "2", "-3", "(x - 1)", "-x"])
            text += f" {rng.choice(symbols)} {number}"
        with np.errstate(all="ignore"):
            try:
                expected = eval(text, {"x": np.float64(1.7)})
            except (OverflowError, ZeroDivisionError):
                continue
        found = float(evaluate(actfn.parse(text), np.array(1.7)))
        if not isinstance(expected, complex) and np.isfinite(expected):
            assert found == pytest.approx(
                float(expected), rel=1e-3, abs=1e-3
            ), text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["the end"]),
        ("x +", ["the end"]),
        ("(x", ["')'", "the end"]),
        ("x)", ["position 2"]),
        ("x 2", ["position 3", "write * between"]),
        ("x $ x", ["unexpected character", "position 3"]),
        ("sigmod(x)", ["sigmod", "Did you mean sigmoid"]),
        ("theta * x", ["theta", "position 1"]),
        ("max(x)", ["max takes 2 arguments, not 1"]),
        ("sin(x, x)", ["sin takes 1 argument, not 2"]),
        ("sin x", ["'(' after sin"]),
        ("1e999 * x", ["out of range"]),
        ("__import__('os').system('true')", ["unexpected character"]),
        ("(" * 500 + "x" + ")" * 500, ["deeper than"]),
        ("-" * 500 + "x", ["deeper than"]),
        ("x ** " * 500 + "x", ["deeper than"]),
        ("+".join(["x"] * 500), ["in a row"]),
        ("+".join(["x"] * 5000), ["too long"]),
        ("x" * 100_000, ["unknown name"]),
        (3, ["text", "Received: 3"]),
    ],
)
def test_errors_say_what_and_where(text, words):
    with pytest.raises(actfn.ExpressionError) as caught:
        actfn.parse(text)
    message = str(caught.value)
    assert len(message) < 2000
    for word in [*words, "Received"]:
        assert word in message


def test_expression_error_is_a_value_error():
    assert issubclass(actfn.ExpressionError, ValueError)


@pytest.mark.parametrize("value", [np.nan, np.inf, "a", None])
def test_constants_are_finite(value):
    with pytest.raises(actfn.ExpressionError, match="finite"):
        Constant(value)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("x * sigmoid(beta * x)", r"x \cdot \sigma\left(\beta \cdot x\right)"),
        ("atan(x) ** 2 - x", r"\arctan\left(x\right)^{2} - x"),
        ("(x + 1) * x", r"\left(x + 1\right) \cdot x"),
        ("gauss(x) ** 2", r"\left(e^{-x^2}\right)^{2}"),
        ("x / (x + 1e-6)", r"\frac{x}{x + 10^{-6}}"),
        ("x * -1.5e20", r"x \cdot \left(-1.5 \cdot 10^{20}\right)"),
        ("(-1e-7) ** x", r"\left(-10^{-7}\right)^{x}"),
        ("x / (x + beta1 + beta2)", r"\frac{x}{x + \beta + \beta_{1}}"),
    ],
)
def test_latex(text, latex):
    assert actfn.parse(text).latex() == latex


def test_matplotlib_renders_the_latex_of_every_operator():
    from matplotlib import mathtext

    from actfn.expressions import operators

    parser = mathtext.MathTextParser("path")
    for name in operators.names():
        row = operators.get(name)
        call = Call(name, (X,) * row.arity)
        parser.parse(f"${call.latex()}$")
        parser.parse(f"${(call**2).latex()}$")


@pytest.mark.parametrize("sign", ["+", "*", "-"])
@pytest.mark.parametrize("terms", [60, 61, 62, 121, 122, 140])
def test_a_long_row_prints_as_what_can_be_read(sign, terms):
    row = actfn.parse("x")
    for place in range(terms - 1):
        other = actfn.parse(f"sin({place} * x)")
        row = Call({"+": "add", "*": "mul", "-": "sub"}[sign], (row, other))
    assert actfn.parse(str(row)) == row


@pytest.mark.parametrize(
    "left,right",
    [
        ("scalar(beta) * x", "x ** beta"),
        ("x ** beta", "scalar(beta) * x"),
        ("star_relu(x)", "swish(x)"),
    ],
)
def test_a_sum_of_two_parameters_of_one_name_is_read_back(left, right):
    left, right = actfn.parse(left), actfn.parse(right)
    total = left + right
    read = actfn.parse(str(total))
    *own, other = names = [p.name for p in parameters(read)]
    values = dict(zip(names, (0.3, 2.0, 0.7), strict=False))
    x = np.linspace(0.5, 3, 7)
    expected = left(x, **{name: values[name] for name in own})
    expected = expected + right(x, beta=values[other])
    np.testing.assert_allclose(read(x, **values), expected, rtol=1e-6)
    assert total.latex() == read.latex()


def test_too_deep_is_an_expression_error():
    text = "x"
    for _ in range(5):
        text = f"({text}{' + 1' * 60}) * 2"
    with pytest.raises(actfn.ExpressionError, match="deeper than 150"):
        actfn.parse(text)


def test_an_expression_and_a_number_take_the_place_of_inputs():
    product = actfn.parse("x * y - y")
    for x, y, text in (
        (actfn.parse("tanh(x)"), 2, "tanh(x) * 2 - 2"),
        (2, actfn.parse("tanh(x)"), "2 * tanh(x) - tanh(x)"),
        (
            actfn.parse("tanh(x)"),
            actfn.parse("sin(x)"),
            "tanh(x) * sin(x) - sin(x)",
        ),
    ):
        made = product(x, y)
        assert str(made) == str(actfn.parse(text))
        assert float(made(0.7)) == float(actfn.parse(text)(0.7))
    with pytest.raises(ValueError, match="must both be expressions or numbers"):
        product(actfn.parse("tanh(x)"), "2")
