"""What people type parses to the function they mean, or is refused."""

import pathlib

import numpy as np
import pytest
from scipy import special

import actfn

LINES = (pathlib.Path(__file__).parent / "spellings.txt").read_text()
# The last "||", since it is absolute values as well.
SPELLINGS = [
    tuple(line.rsplit(" || ", 1))
    for line in LINES.splitlines()
    if not line.startswith("#")
]
X = np.array([-2.3, -1.1, -0.6, -0.2, 0.3, 0.7, 1.4, 2.7])
REFUSED = {
    "sin x y": "'(' after sin",
    "sin x": "'(' after sin",
    "x = 3": "'='",
    "y = x^2": "right-hand side alone",
    "f(x) = x": "'f'",
    "x == 1": "'=='",
    "__import__": "'__import__'",
    "__import__('os')": "character",
    "os.system(x)": "prefix 'os'",
    "x.real": "prefix 'x'",
    "x.sigmoid()": "prefix 'x'",
    "lambda x: x": "character",
    "eval(x)": "'eval'",
    "open(x)": "'open'",
    "import os": "'import'",
    "x; x": "character",
    "x & x": "character",
    "x % 2": "character",
    "x // 2": "expected a number",
    "~x": "character",
    "!x": "character",
    "x!": "character",
    "x'": "character",
    "x[0]": "character",
    "{x}": "character",
    "[x]": "character",
    "x @ x": "character",
    "x x": "write * between",
    "x2": "'x2'",
    "x y": "write * between",
    "xy": "'xy'",
    "y": "'y'",
    "z * x": "'z'",
    "theta * x": "'theta'",
    "lambda * x": "'lambda'",
    "alphax": "'alphax'",
    "1/2x": "ambiguous",
    "2^3x": "ambiguous",
    "x(x + 1)": "write * between",
    "(x + 1)(x - 1)": "write * between",
    "beta(x)": "no function",
    "a(x + 1)": "no function",
    "x > 0 > -1": "chain",
    "x > 0 and x < 1": "'and'",
    "x if x > 0": "'else'",
    "relu": "'(' after relu",
    "relu()": "expected a number",
    "relu(x, 1, 2)": "takes 1 or 2 arguments, not 3",
    "max(x)": "takes 2 arguments, not 1",
    "where(x > 0, x)": "takes 3 arguments, not 2",
    "leaky_relu(x, alpha=0.1)": "'='",
    "scalar(x)": "expected a parameter",
    "scalar(beta) * x + beta": "scalar everywhere or nowhere",
    "|x": "'|'",
    "x|": "expected an operator",
    "np.x": "'x'",
    "nn.gelu(x)": "not the same in all libraries",
    r"\sin^{-1} x": "ambiguous power",
    r"\sin^2 x": "ambiguous power",
    r"\int x": "'int'",
    "Piecewise((x, x > 0))": "last case",
    "softmax(x)": "'softmax'",
    "1e999": "range",
    "lgo(x)": "Did you mean log",
    "mihs(x)": "Did you mean mish",
    "sigmod(x)": "Did you mean sigmoid",
    "hardswihs(x)": "hard_swish",
    "lo(x)": "Did you mean log",
}


def test_there_are_enough_of_both():
    assert len(set(SPELLINGS)) >= 200
    assert len(REFUSED) >= 50


@pytest.mark.parametrize(("text", "meaning"), SPELLINGS)
def test_what_people_type_is_understood(text, meaning):
    expected = eval(meaning, {"np": np, "sp": special, "x": X})
    expression = actfn.parse(text)
    # 1e-6 of a division is the paper's epsilon.
    np.testing.assert_allclose(expression(X), expected, rtol=4e-6, atol=4e-6)
    assert actfn.parse(str(expression)) == expression


@pytest.mark.parametrize("text", REFUSED)
def test_what_must_not_be_guessed_is_refused(text):
    with pytest.raises(actfn.ExpressionError) as caught:
        actfn.parse(text)
    message = str(caught.value)
    assert REFUSED[text] in message
    assert message.endswith(f"Received: {text!r}")


def test_words_print_as_they_were_written():
    for text in ("mish(2 * x)", "relu(x) + gelu(x)", "clip(x, -1, 1)"):
        assert str(actfn.parse(text)) == text
    each = actfn.parse("swish(x) + swish(2 * x)")
    assert str(each) == "swish(x, beta) + swish(2 * x, beta1)"
    assert actfn.parse("max(x, 0)") != actfn.parse("relu(x)")
    same = {
        actfn.canonicalize(actfn.parse(t)) for t in ("max(x, 0)", "relu(x)")
    }
    assert len(same) == 1


def test_the_catalog_comes_before_the_whole_list_in_an_error():
    with pytest.raises(actfn.ExpressionError) as caught:
        actfn.parse("hard_swihs(x)")
    message = str(caught.value)
    assert message.index("hard_swish") < message.index("Known are")


def test_nested_words_end_before_memory_does():
    with pytest.raises(actfn.ExpressionError, match="too long"):
        actfn.parse("mish(" * 50 + "x" + ")" * 50)


def test_expressions_are_callable():
    import keras

    swish = actfn.parse("swish(x)")
    np.testing.assert_allclose(
        swish(np.array([1, 2])), [special.expit(1), 2 * special.expit(2)]
    )
    assert swish(2, beta=0) == 1
    assert swish([1, 2], beta=0).tolist() == [0.5, 1]
    assert swish(np.float32([1, 2])).dtype == np.float32
    for tensor in (keras.ops.ones((2, 3)), keras.ops.ones((2, 3), "int32")):
        found = swish(tensor, beta=np.array([0.0, 0.0, 1.0], "float32"))
        assert keras.ops.is_tensor(found)
        np.testing.assert_allclose(
            found, [[0.5, 0.5, special.expit(1)]] * 2, rtol=1e-6
        )
    assert str(actfn.parse("mish(x)")(actfn.parse("2 * x"))) == "mish(2 * x)"
    with pytest.raises(ValueError, match=r"parameters.*Received: \['gamma'\]"):
        swish(1.0, gamma=2)
    with pytest.raises(ValueError, match="real numbers"):
        swish("a")


def test_a_parameter_that_is_a_tensor_has_a_gradient_at_any_input():
    import keras
    import tensorflow as tf

    line = actfn.parse("alpha * x")
    array = np.ones(3, "float32")
    for beta in (tf.Variable(2.0), keras.Variable(2.0)):
        for x in (array, tf.constant(array), array.tolist(), 3.0):
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(line(x, beta=beta))
            variable = getattr(beta, "value", beta)
            variable = beta if callable(variable) else variable
            assert float(tape.gradient(total, variable)) == 3
            assert float(total) == 6
    halves = tf.ones(3, "float16")
    assert line(halves, beta=tf.Variable(2.0)).dtype == tf.float16
    with pytest.raises(ValueError, match=r"beta1, .* in the order"):
        line(1.0, alpha=2)
    with pytest.raises(ValueError, match=r"apply the layer `actfn.get"):
        line(keras.Input((3,)))


def test_arrays_of_sixteen_bits_are_computed_in_thirty_two():
    import ml_dtypes

    x = np.linspace(-3, 3, 31)
    for kind in (np.float16, ml_dtypes.bfloat16):
        given = x.astype(kind)
        found = actfn.parse("sin(x) * 3")(given)
        assert found.dtype == kind
        expected = 3 * np.sin(given.astype("float32"))
        assert (found == expected.astype(kind)).all()


def test_one_value_a_layer():
    layer = actfn.get("scalar(alpha) * x + beta")
    layer.build((None, 5))
    assert [w.shape for w in layer.trainable_weights] == [(), (5,)]
    assert str(layer.expression) == "scalar(beta) * x + beta1"
    assert actfn.get(layer.get_config()).expression == layer.expression
    layer = actfn.get("scalar(alpha) * x")
    layer.build((None, None))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"1/\sqrt{2} e^{-x^2}", "ambiguous product"),
        (r"x/\sigma(x) x", "ambiguous product"),
        (r"\sin \beta x", r"ambiguous argument of sin.*Write sin\(...\)"),
        (r"\cos \pi x", "ambiguous argument of cos"),
    ],
)
def test_latex_that_is_read_in_two_ways_is_refused(text, words):
    with pytest.raises(actfn.ExpressionError, match=words):
        actfn.parse(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (r"\sqrt 2 x", "sqrt(2) * x"),
        (r"\sin 2x", "sin(2 * x)"),
        (r"\sin x \cos x", "sin(x) * cos(x)"),
        (r"\frac{x}{2} \sin x", "x / 2 * sin(x)"),
        ("keras.activations.relu(x, 0.1)", "max(x, 0) + 0.1 * min(x, 0)"),
        ("tf.nn.leaky_relu(x, 0.1)", "max(x, 0) + 0.1 * min(x, 0)"),
        ("keras.activations.relu(x)", "max(x, 0)"),
        ("torch.div(x, 1 + x ** 2)", "divide(x, 1 + x ** 2)"),
    ],
)
def test_what_is_read_is_what_the_source_means(text, same):
    x = np.linspace(0.1, 2, 9) * np.array([[-1], [1]])
    if "sqrt" in text:
        x = np.abs(x)
    np.testing.assert_allclose(
        actfn.parse(text)(x), actfn.parse(same)(x), rtol=1e-12
    )
