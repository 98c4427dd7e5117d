import itertools

import numpy as np
import pytest

from models.decoding import beam_search

START, END, VOCABULARY = 0, 1, 4


def random_step(seed, calls=None):
    """Log probabilities that depend on the whole prefix."""

    def step(prefixes):
        rows = []
        for prefix in prefixes:
            rng = np.random.default_rng([seed, *prefix])
            rows.append(np.log(rng.dirichlet(np.ones(VOCABULARY))))
        if calls is not None:
            calls.append(len(prefixes))
        return np.array(rows)

    return step


def score(step, tokens, alpha):
    total, prefix = 0.0, [START]
    for token in [*tokens, END]:
        total += step([prefix])[0][token]
        prefix.append(token)
    return total / ((5 + len(tokens) + 1) / 6) ** alpha


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_wide_beam_finds_the_best_of_all(seed, alpha):
    step = random_step(seed)
    others = [token for token in range(VOCABULARY) if token != END]
    every = (
        list(tokens)
        for length in range(4)
        for tokens in itertools.product(others, repeat=length)
    )
    best = max(every, key=lambda tokens: score(step, tokens, alpha))
    assert beam_search(step, START, END, 4, 100, alpha) == best


def test_the_length_penalty_is_that_of_wu_et_al():
    """((5 + n) / 6) ** alpha: 1 for one token, 2 for seven and alpha 1.

    So one token of log probability -1 loses against seven of -1.93, and wins
    if it is divided by (6 + n) / 6.
    """

    def step(prefixes):
        length = prefixes.shape[1]
        row = np.full(VOCABULARY, -np.inf)
        row[2] = -1.93 if length == 1 else 0.0
        row[END] = {1: -1.0, 7: 0.0}.get(length, -np.inf)
        return np.tile(row, (len(prefixes), 1))

    assert beam_search(step, START, END, 7, 2, 1.0) == [2] * 6


def test_width_one_is_greedy():
    step = random_step(3)
    prefix = [START]
    while prefix[-1] != END and len(prefix) < 9:
        prefix.append(int(step([prefix])[0].argmax()))
    greedy = [token for token in prefix[1:] if token != END]
    assert beam_search(step, START, END, 8, 1, 0.0) in (greedy, greedy[:-1])


def test_no_more_than_the_width_is_expanded():
    calls = []
    beam_search(random_step(6, calls), START, END, 6, 3)
    assert max(calls) == 3


def test_never_ending_gives_the_best_unfinished():
    def step(prefixes):
        row = np.log([0.2, 1e-300, 0.7, 0.1])
        row[END] = -np.inf
        return np.tile(row, (len(prefixes), 1))

    assert beam_search(step, START, END, 5, 2) == [2] * 5


@pytest.mark.parametrize("argument", ["limit", "width"])
def test_wrong_arguments(argument):
    with pytest.raises(ValueError, match=f"{argument}=0"):
        beam_search(random_step(0), START, END, **{"limit": 3, argument: 0})
