"""PPO as published, followed step by step in NumPy."""

import numpy as np
import pytest

import actfn
from actfn import search
from experiments.search import __main__ as program

SPACE = actfn.SearchSpace(
    unary=["identity", "sin", "tanh"], binary=["add", "mul"]
)
SIZES = tuple(SPACE.token_sizes)
ENDS = np.cumsum(SIZES)
UNITS, BATCH, EPOCHS, RATE, CLIP, DECAY = 3, 4, 4, 0.05, 0.2, 0.95
ENTROPY = 1e-5  # a nat, as in NASNet


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def choices(weights, tokens):
    """Yields each position's log-probabilities, shape (batch, choices).

    `tokens` may be filled in meanwhile: a position reads those before it.
    """
    embedding, kernel, recurrent, bias, head, head_bias = weights
    h = c = np.zeros((len(tokens), UNITS))
    before = np.full(len(tokens), ENDS[-1])
    for position, size in enumerate(SIZES):
        gates = embedding[before] @ kernel + h @ recurrent + bias
        i, f, g, o = np.split(gates, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        start = ENDS[position] - size
        logits = (h @ head + head_bias)[:, start : start + size]
        yield logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        before = start + tokens[:, position]


def draw(weights, number):
    """The first string of a proposal's number, by inverting the shares."""
    noise = np.random.default_rng((0, 0, number)).random((32, len(SIZES)))[0]
    tokens = np.zeros((1, len(SIZES)), int)
    for position, log_probs in enumerate(choices(weights, tokens)):
        shares = np.cumsum(np.exp(log_probs[0]))[:-1]
        tokens[0, position] = np.sum(shares <= noise[position])
    return tokens[0]


def loss(weights, tokens, old, advantages):
    rows = np.arange(len(tokens))
    log_prob, entropy = 0.0, 0.0
    for position, log_probs in enumerate(choices(weights, tokens)):
        log_prob = log_prob + log_probs[rows, tokens[:, position]]
        entropy = entropy - np.sum(np.exp(log_probs) * log_probs, axis=1)
    ratio = 1.0 if old is None else np.exp(log_prob - old)
    kept = np.minimum(
        ratio * advantages, np.clip(ratio, 1 - CLIP, 1 + CLIP) * advantages
    )
    return -np.mean(kept) - ENTROPY * np.mean(entropy), log_prob, ratio


def numerical_gradients(weights, *batch):
    found = []
    for weight in weights:
        gradient = np.zeros_like(weight)
        for place in np.ndindex(weight.shape):
            kept, sides = weight[place], []
            for step in (1e-5, -1e-5):
                weight[place] = kept + step
                sides.append(loss(weights, *batch)[0])
            weight[place] = kept
            gradient[place] = (sides[0] - sides[1]) / 2e-5
        found.append(gradient)
    return found


class Adam:
    def __init__(self, weights):
        self.count = 0
        self.moments = [[np.zeros_like(w), np.zeros_like(w)] for w in weights]

    def step(self, weights, gradients):
        self.count += 1
        for w, g, pair in zip(weights, gradients, self.moments, strict=True):
            pair[0] = 0.9 * pair[0] + 0.1 * g
            pair[1] = 0.999 * pair[1] + 0.001 * g**2
            first = pair[0] / (1 - 0.9**self.count)
            second = pair[1] / (1 - 0.999**self.count)
            w -= RATE * first / (np.sqrt(second) + 1e-8)


def reward_of(text):
    return 0.1 + 0.8 * text.count("sin") + 0.05 * len(text)


def test_proposals_follow_the_published_algorithm():
    policy = search.PPOPolicy.published(
        SPACE, 0, batch_size=BATCH, units=UNITS, learning_rate=RATE
    )
    weights = [w.numpy().astype(float) for w in policy._weights]
    adam, number, past, texts, clipped = Adam(weights), 0, [], [], 0
    for _ in range(4):
        tokens = np.array([draw(weights, number + i) for i in range(BATCH)])
        number += BATCH
        expected = [str(SPACE.decode(tuple(row))) for row in tokens]
        proposals = policy.propose(BATCH)
        assert [str(p.expression) for p in proposals] == expected
        texts += expected
        rewards = [reward_of(text) for text in expected]
        ids = [proposal.id for proposal in proposals]
        policy.update(zip(ids, rewards, strict=True))
        # The exponential moving average of what came before the batch.
        ages = np.arange(len(past))[::-1]
        baseline = (
            np.average(past, weights=DECAY**ages) if past else np.mean(rewards)
        )
        past += rewards
        advantages = np.array(rewards) - baseline
        _, old, _ = loss(weights, tokens, None, advantages)
        for _ in range(EPOCHS):
            batch = tokens, old, advantages
            adam.step(weights, numerical_gradients(weights, *batch))
            clipped += np.sum(np.abs(loss(weights, *batch)[2] - 1) > CLIP)
    assert clipped > 0  # the clip did matter
    assert len(set(texts)) < len(texts)  # so would have done a filter
    # Weights of hardly any gradient go astray in float32: Adam divides by it.
    ours, _ = policy.controller.score(policy._weights, tokens)
    theirs = loss(weights, tokens, None, advantages)[1]
    np.testing.assert_allclose(ours, theirs, atol=0.02)
    assert np.max(np.abs(theirs - old)) > 0.2


def test_settings_are_those_of_nasnet():
    policy = search.PPOPolicy.published(SPACE, 3)
    assert (policy.learning_rate, policy.batch_size) == (0.00035, 20)
    assert policy.baseline.decay == 0.95 and policy.controller.units == 100
    a_nat = policy.entropy_weight / np.log(SPACE.size)
    assert a_nat == pytest.approx(1e-5)
    assert (policy.rewards, policy.only_new) == ("raw", False)


@pytest.mark.parametrize("make", [search.PPOPolicy, search.ReinforcePolicy])
def test_without_filter_a_narrow_controller_repeats_itself(make):
    space = actfn.SearchSpace(unary=["identity", "sin"], binary=["add", "mul"])
    unfiltered = make(space, batch_size=4, units=3, only_new=False)
    texts = [str(p.expression) for p in unfiltered.propose(8)]
    assert len(set(texts)) < 8
    filtered = make(space, batch_size=4, units=3)
    assert len({str(p.expression) for p in filtered.propose(8)}) == 8


def test_raw_rewards_go_on_from_their_state():
    make = lambda: search.ReinforcePolicy(  # noqa: E731
        SPACE, batch_size=2, units=3, rewards="raw"
    )
    one, other = make(), make()
    for policy in (one, other):
        for _ in range(3):
            (proposal,) = policy.propose(1)
            policy.update([(proposal.id, reward_of(str(proposal.expression)))])
        other.set_state(one.get_state())
    left, right = one.propose(4), other.propose(4)
    assert [p.expression for p in left] == [p.expression for p in right]
    with pytest.raises(ValueError, match="`rewards` must be one of"):
        search.PPOPolicy(SPACE, rewards="squares")


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ([], "surrogate"),
        (["--preset", "paper"], "ppo_paper"),
        (["--preset", "paper", "--policy", "random"], "random"),
    ],
)
def test_the_papers_preset_uses_the_papers_algorithm(words, policy):
    given = program._parser().parse_args(words)
    assert program._settings(given).policy == policy
