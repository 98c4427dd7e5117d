"""The ridge landscape against scikit-learn and against what must be."""

import numpy as np
import pytest
from scipy import special
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier

import actfn
from experiments.simulate.ridge import RidgeLandscape


@pytest.fixture(scope="module")
def landscape():
    return RidgeLandscape()


def independent_accuracy(function):
    """The documented computation with scikit-learn's classifier."""
    rng = np.random.default_rng(0)
    images, labels = load_digits(return_X_y=True)
    order = rng.permutation(1797)
    images, labels = images[order], labels[order]
    images = images - images[:898].mean(axis=0)
    images /= np.maximum(images[:898].std(axis=0), 1e-3)
    hidden = images
    for rows in (64, 128, 128):
        weights = rng.normal(size=(rows, 128)) * np.sqrt(2 / rows)
        hidden = function(hidden @ weights)
    strength = 898 * 1e-3 * np.mean(hidden[:898] ** 2)
    classifier = RidgeClassifier(alpha=strength)
    classifier.fit(hidden[:898], labels[:898])
    return classifier.score(hidden[898:], labels[898:])


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("max(x, 0)", lambda x: np.maximum(x, 0)),
        ("x * sigmoid(beta * x)", lambda x: x * special.expit(x)),
        ("min(x, sin(x))", lambda x: np.minimum(x, np.sin(x))),
        ("abs(x)", np.abs),
        ("gauss(x)", lambda x: np.exp(-np.square(x))),
    ],
)
def test_reward_is_what_scikit_learn_finds(landscape, text, function):
    reward = landscape.reward(actfn.parse(text))
    # In float64 throughout, two of the 899 images may fall otherwise.
    assert reward == pytest.approx(independent_accuracy(function), abs=2.5e-3)


def test_what_overflows_is_at_the_floor_and_what_dies_near_chance(landscape):
    for text in ("exp(x)", "x ** 3", "cosh(x) * x"):
        assert landscape.reward(actfn.parse(text)) == 0.0
    for text in ("x - x", "beta", "x / x"):
        assert 0.05 < landscape.reward(actfn.parse(text)) < 0.15
    assert landscape.reward(actfn.parse("tanh(x)")) > 0.85


def test_another_landscape_of_the_same_seed_agrees(landscape):
    expression = actfn.parse("max(x, tanh(x)) + beta * sin(x)")
    first = landscape.reward(expression)
    assert RidgeLandscape().reward(expression) == first
    assert RidgeLandscape(1).reward(expression) != first
