"""The perceptron landscape: its data, its gradients and its learning."""

import numpy as np
import pytest

import actfn
from actfn.expressions.evaluate import compile_expression
from experiments.simulate import perceptron

TEXTS = (
    "x * sigmoid(beta * x)",
    "max(x, sin(x))",
    "mix(tanh(x), gauss(x), beta)",
    "abs(x) / cosh(x)",
)


@pytest.fixture(scope="module")
def landscape():
    return perceptron.PerceptronLandscape()


@pytest.mark.parametrize("text", TEXTS)
def test_slope_equals_the_difference_quotient(text):
    program = compile_expression(actfn.parse(text))
    betas = [np.ones(())] * text.count("beta")
    x, h = np.linspace(-2.05, 2.05, 12), 1e-6
    value, slope = program.value_and_slope(x, betas)
    np.testing.assert_array_equal(value, program.value(x, betas))
    up, down = (program.value(x + s, betas) for s in (h, -h))
    np.testing.assert_allclose(slope, (up - down) / (2 * h), atol=1e-7)


def test_slope_of_a_constant_has_the_shape_of_x():
    program = compile_expression(actfn.parse("beta"))
    value, slope = program.value_and_slope(np.zeros((2, 3)), [np.ones(())])
    np.testing.assert_array_equal(value, np.ones((2, 3)))
    np.testing.assert_array_equal(slope, np.zeros((2, 3)))


def test_gradients_equal_finite_differences():
    rng = np.random.default_rng(0)
    program = compile_expression(actfn.parse(TEXTS[0]))
    betas, inputs = [np.ones(())], rng.normal(size=(1, 5, 4))
    labels = rng.integers(0, 2, (1, 5))
    shapes = [(1, 4, 3), (1, 3, 3), (1, 3, 2)]
    weights = [rng.normal(size=shape) for shape in shapes]

    def loss():
        layers, slopes = perceptron._forward(program, betas, inputs, weights)
        logits = layers[-1][0]
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -np.mean(np.log(shares[range(5), labels[0]])), layers, slopes

    _, layers, slopes = loss()
    found = perceptron._backward(layers, slopes, weights, labels)
    for weight, gradient in zip(weights, found, strict=True):
        for place in np.ndindex(weight.shape):
            kept, sides = weight[place], []
            for step in (1e-6, -1e-6):
                weight[place] = kept + step
                sides.append(loss()[0])
            weight[place] = kept
            quotient = (sides[0] - sides[1]) / 2e-6
            assert gradient[place] == pytest.approx(quotient, abs=1e-7)


def test_no_sentence_is_in_both_halves():
    inputs, labels = perceptron.snippets()
    assert inputs.sum(axis=2).min() == inputs.sum(axis=2).max() == 8
    np.testing.assert_array_equal(labels.mean(axis=1), [0.5, 0.5])
    codes = inputs.reshape(*inputs.shape[:2], 8, -1).argmax(axis=3)
    words = [
        {"".join(perceptron.LETTERS[c] for c in row) for row in half}
        for half in codes
    ]
    # Common openings of different sentences are in both, whole halves not.
    assert len(words[0] & words[1]) < 0.2 * len(words[0])


def test_what_can_learn_does_and_what_cannot_guesses(landscape):
    for text in ("max(x, 0)", "tanh(x)"):
        runs = landscape.runs(actfn.parse(text))
        assert runs.shape == (perceptron.RUNS,)
        assert runs.mean() > 0.64 and np.ptp(runs) > 0
        np.testing.assert_array_equal(runs, landscape.runs(actfn.parse(text)))
    np.testing.assert_array_equal(landscape.runs(actfn.parse("beta")), 0.5)
    np.testing.assert_array_equal(landscape.runs(actfn.parse("exp(x)")), 0.0)
