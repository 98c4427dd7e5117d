"""The learning of PPO and REINFORCE, against closed forms and by outcome."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import actfn
from actfn import search
from actfn.search.policies.controller.baseline import Baseline
from actfn.search.policies.controller.network import Controller
from actfn.search.policies.controller.rank_scores import SavageScores
from actfn.search.policies.controller.train_step import TrainStep
from actfn.search.policies.ppo import clipped_loss
from actfn.search.policies.reinforce import reinforce_loss

SIZES = (1, 2, 3)
STRINGS = np.array([[0, i, j] for i in range(2) for j in range(3)])


@pytest.fixture(scope="module")
def controller():
    return Controller(SIZES, units=4)


def wider(weights):
    """Weights ten times as large, so that the choices differ clearly."""
    return [10.0 * weight for weight in weights]


def test_probabilities_of_all_strings_add_to_one(controller):
    weights = wider(controller.initial_weights(0))
    log_probs, entropies = controller.score(weights, STRINGS)
    probs = np.exp(log_probs)
    assert np.sum(probs) == pytest.approx(1.0, abs=1e-6)
    assert np.ptp(probs) > 0.05
    # The chain rule: the mean of the stepwise entropies is the entropy.
    assert np.sum(probs * entropies) == pytest.approx(
        -np.sum(probs * log_probs), abs=1e-5
    )


def test_lstm_agrees_with_numpy(controller):
    weights = wider(controller.initial_weights(1))
    embedding, kernel, recurrent, bias, head, head_bias = (
        w.numpy().astype(np.float64) for w in weights
    )
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    expected = []
    for string in STRINGS:
        h, c, before, total, offset = np.zeros(4), np.zeros(4), 6, 0.0, 0
        for size, token in zip(SIZES, string, strict=True):
            gates = embedding[before] @ kernel + h @ recurrent + bias
            i, f, g, o = np.split(gates, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            logits = (h @ head + head_bias)[offset : offset + size]
            total += logits[token] - np.log(np.sum(np.exp(logits)))
            before, offset = offset + token, offset + size
        expected.append(total)
    np.testing.assert_allclose(
        controller.score(weights, STRINGS)[0], expected, atol=1e-5
    )


def test_samples_follow_the_scored_probabilities(controller):
    weights = wider(controller.initial_weights(0))
    noise = np.random.default_rng(0).random((20_000, 3))
    tokens, log_probs = controller.sample(weights, noise)
    np.testing.assert_allclose(
        log_probs, controller.score(weights, tokens)[0], atol=1e-5
    )
    probs = np.exp(controller.score(weights, STRINGS)[0])
    shares = [np.mean(np.all(tokens == row, axis=1)) for row in STRINGS]
    np.testing.assert_allclose(shares, probs, atol=4 * 0.5 / 20_000**0.5)


def head_bias_gradient(ratio_weights, controller, weights, tokens, beta):
    """Closed form at the head's bias, by the gradient of the softmax.

    d log p(t) / d b = onehot(t) - softmax, and for the entropy H of a softmax
    dH / d b_k = -p_k (log p_k + H).
    """
    embedding, kernel, recurrent, bias, head, head_bias = (
        w.numpy().astype(np.float64) for w in weights
    )
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    gradient = np.zeros(6)
    for string, weight in zip(tokens, ratio_weights, strict=True):
        h, c, before, offset = np.zeros(4), np.zeros(4), 6, 0
        for size, token in zip(SIZES, string, strict=True):
            gates = embedding[before] @ kernel + h @ recurrent + bias
            i, f, g, o = np.split(gates, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            here = slice(offset, offset + size)
            p = np.exp((h @ head + head_bias)[here])
            p /= p.sum()
            entropy = -np.sum(p * np.log(p))
            chosen = np.eye(size)[token]
            gradient[here] -= weight * (chosen - p) / len(tokens)
            gradient[here] -= beta * -p * (np.log(p) + entropy) / len(tokens)
            before, offset = offset + token, offset + size
    return gradient


ADVANTAGES = np.array([1.0, -0.5, 2.0, -2.0], np.float32)
DRAWN = np.array([[0, 0, 1], [0, 1, 2], [0, 1, 0], [0, 0, 2]], np.int32)
# How the strings' probabilities have changed since they were drawn.
RATIOS = np.array([1.1, 0.9, 1.5, 0.5])


def old_log_probs(controller, weights):
    now, _ = controller.score(weights, DRAWN)
    return (now - np.log(RATIOS)).astype(np.float32)


@pytest.mark.parametrize("loss", ["reinforce", "ppo"])
def test_gradient_equals_the_closed_form(controller, loss):
    weights = wider(controller.initial_weights(2))
    if loss == "reinforce":
        function, factors = reinforce_loss, ADVANTAGES
    else:
        # Clipped at 1.2 with a positive and at 0.8 with a negative advantage,
        # the third and the fourth string have no gradient.
        function = clipped_loss(0.2)
        factors = RATIOS * ADVANTAGES * [1, 1, 0, 0]
    step = TrainStep(controller, function, 0.01, entropy_weight=0.3)
    gradient = step.gradients(
        weights, DRAWN, old_log_probs(controller, weights), ADVANTAGES
    )[-1]
    expected = head_bias_gradient(factors, controller, weights, DRAWN, 0.3)
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


@pytest.mark.parametrize("function", [reinforce_loss, clipped_loss(0.2)])
def test_gradients_equal_finite_differences(controller, function):
    weights = wider(controller.initial_weights(3))
    old = old_log_probs(controller, weights)
    step = TrainStep(controller, function, 0.01, entropy_weight=0.3)

    def loss(changed):
        log_probs, entropies = controller.score(changed, DRAWN)
        value = function(log_probs, old, ADVANTAGES)
        return float(value) - 0.3 * float(np.mean(entropies))

    gradients = step.gradients(weights, DRAWN, old, ADVANTAGES)
    rng = np.random.default_rng(0)
    for _ in range(5):  # along random directions through all weights
        along = [rng.normal(size=w.shape).astype(np.float32) for w in weights]
        h = 3e-3
        up = loss([w + h * d for w, d in zip(weights, along, strict=True)])
        down = loss([w - h * d for w, d in zip(weights, along, strict=True)])
        expected = sum(
            np.sum(tf.convert_to_tensor(g) * d)
            for g, d in zip(gradients, along, strict=True)
        )
        assert (up - down) / (2 * h) == pytest.approx(expected, abs=2e-3)


def test_adam_agrees_with_keras(controller):
    import keras

    weights = wider(controller.initial_weights(4))
    step = TrainStep(controller, reinforce_loss, 0.01, 0.0, epochs=3)
    old = old_log_probs(controller, weights)
    reference = [tf.Variable(w) for w in weights]
    adam = keras.optimizers.Adam(0.01, epsilon=1e-8)
    batch = DRAWN, old, ADVANTAGES
    for _ in range(3):
        now = [tf.convert_to_tensor(w) for w in reference]
        gradients = step.gradients(now, *batch)
        adam.apply([tf.convert_to_tensor(g) for g in gradients], reference)
    ours, state = step.train(weights, TrainStep.start(weights), *batch)
    assert state[0] == 3
    for got, expected in zip(ours, reference, strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-4)


def test_baseline_is_a_weighted_mean():
    baseline, scores = Baseline(0.9), np.array([3.0, 1.0, 2.0, 2.5])
    assert baseline.mean == 0.0
    for score in scores:
        baseline.add(score)
    weights = 0.9 ** np.arange(4)[::-1]
    assert baseline.mean == pytest.approx(np.average(scores, weights=weights))


def test_scores_are_exponential_quantiles():
    rewards = np.random.default_rng(0).normal(size=2_000)
    scores = SavageScores()
    for reward in rewards:
        scores.add(reward)
    found = np.array([scores.score(reward) for reward in rewards])
    ranks = stats.rankdata(rewards)
    expected = stats.expon.ppf((ranks - 0.5) / len(rewards))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert found.mean() == pytest.approx(1.0, abs=0.01)
    assert found.std() == pytest.approx(1.0, abs=0.01)


def test_equal_rewards_have_equal_scores():
    scores = SavageScores([1.0, 0.0, 1.0, 1.0])
    assert scores.score(1.0) == pytest.approx(-np.log(1 - 2.5 / 4))
    assert scores.score(0.0) == pytest.approx(-np.log(1 - 0.5 / 4))


def test_learns_only_from_whole_batches_and_late_rewards():
    policy = search.PPOPolicy(
        actfn.SearchSpace(), seed=1, batch_size=4, units=8
    )
    proposals = policy.propose(12)
    order = [7, 2, 11, 0, 5, 9, 1, 3, 4, 10, 8, 6]
    learned = []
    for place in order:
        policy.update([(proposals[place].id, float(place % 3))])
        learned.append(policy.statistics()["updates"])
    assert learned == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    statistics = policy.statistics()
    assert 0.0 < statistics["entropy"] <= np.log(6250) + 1e-4


def test_entropy_bonus_brings_a_controller_back_when_rewards_are_equal():
    space = actfn.SearchSpace(unary=["identity", "sin"], binary=["add"])
    policy = search.PPOPolicy(
        space, units=8, learning_rate=0.02, entropy_weight=0.2
    )
    for step in range(800):
        (proposal,) = policy.propose(1)
        wanted = str(proposal.expression) == "sin(x) + x"
        policy.update([(proposal.id, float(wanted and step < 400))])
        if step == 399:
            narrow = policy.statistics()["entropy"]
            assert policy.statistics()["kl_from_start"] > 0.5
    assert narrow < 0.5 < policy.statistics()["entropy"]


def test_tell_makes_what_is_told_good_more_probable():
    space = actfn.SearchSpace(core_units=1)
    policy = search.PPOPolicy(space, batch_size=4, units=8, epochs=8)
    good, bad = actfn.parse("x * sin(x)"), actfn.parse("x + exp(x)")
    tokens = np.array([space.encode(good), space.encode(bad)])
    before, _ = policy.controller.score(policy._weights, tokens)
    for _ in range(6):
        policy.tell(good, 1.0)
        policy.tell(bad, 0.0)
    after, _ = policy.controller.score(policy._weights, tokens)
    assert after[0] - before[0] > 0.1 + max(0.0, after[1] - before[1])
    with pytest.raises(ValueError, match="`expression`"):
        policy.tell(actfn.parse("sin(sin(x) + cos(x))"), 1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("batch_size", 0),
        ("epochs", 0),
        ("clip", 1.0),
        ("entropy_weight", -0.1),
        ("baseline_decay", 1.0),
        ("units", 0),
    ],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be.*Received"):
        search.PPOPolicy(actfn.SearchSpace(), **{name: value})


class Strings(actfn.SearchSpace):
    """Hands out the bare token strings, which is all a reward here needs."""

    def decode(self, tokens):
        return tuple(tokens)

    def sample(self, rng):
        return self.sample_tokens(rng)


def share_of_hidden_tokens(policy, target, evaluations=300):
    rewards = []
    while len(rewards) < evaluations:
        proposals = policy.propose(10)
        new = [float(np.mean(p.expression == target)) for p in proposals]
        policy.update([(p.id, r) for p, r in zip(proposals, new, strict=True)])
        rewards += new
    return np.array(rewards)


@pytest.mark.parametrize("make", [search.PPOPolicy, search.ReinforcePolicy])
def test_beats_random_on_a_hidden_target(make):
    space = Strings(core_units=2)
    means, random_means, last = [], [], []
    for seed in range(20):
        target = np.array(space.sample_tokens(np.random.default_rng(seed + 99)))
        learned = share_of_hidden_tokens(make(space, seed, units=32), target)
        random = share_of_hidden_tokens(
            search.RandomPolicy(space, seed), target
        )
        means.append(learned.mean())
        random_means.append(random.mean())
        last.append(learned[-75:].mean() - random.mean())
    difference = np.subtract(means, random_means)
    # Three standard errors and far more: see the measured margins.
    error = np.std(difference, ddof=1) / np.sqrt(20)
    assert np.mean(difference) > 3 * error
    assert np.mean(difference) > 0.05
    assert np.mean(last) > 0.15
