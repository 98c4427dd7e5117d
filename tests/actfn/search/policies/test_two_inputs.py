"""Search methods in a space of functions of two inputs."""

import numpy as np
import pytest

from actfn import SearchSpace, parse
from actfn.expressions.expression import inputs
from actfn.search.policies import POLICIES
from actfn.search.policies.surrogate import SurrogatePolicy, features


def _reward(expression):
    """How near a function is to x * sigmoid(y) on a grid."""
    x, y = np.meshgrid(np.linspace(-2, 2, 9), np.linspace(-2, 2, 9))
    given = (x, y) if inputs(expression) == 2 else (x,)
    with np.errstate(all="ignore"):
        found = np.nan_to_num(expression(*given), nan=99, posinf=99, neginf=-99)
    return -float(np.mean(np.minimum(np.abs(found - x / (1 + np.exp(-y))), 9)))


@pytest.mark.parametrize("name", POLICIES)
def test_every_method_proposes_functions_of_two_inputs(name):
    policy = POLICIES[name](SearchSpace(1, inputs=2), seed=0)
    seen = set()
    for _ in range(8):
        proposals = policy.propose(8)
        policy.update([(p.id, _reward(p.expression)) for p in proposals])
        seen |= {inputs(p.expression) for p in proposals}
    assert seen == {1, 2} or name == "exhaustive"


def test_the_surrogate_finds_a_gate():
    policy = SurrogatePolicy(SearchSpace(1, inputs=2), seed=0, warmup=20)
    best = -9.0
    for _ in range(60):
        (proposal,) = policy.propose()
        reward = _reward(proposal.expression)
        policy.update([(proposal.id, reward)])
        best = max(best, reward)
    random = [
        _reward(SearchSpace(1, inputs=2).sample(np.random.default_rng(seed)))
        for seed in range(60)
    ]
    assert best > max(random)


def test_features_see_the_second_input():
    tables = [
        features(parse(text, inputs=2), 2)
        for text in ("x * y", "x * sin(y)", "sin(x)", "sin(y)", "beta")
    ]
    assert len({len(table) for table in tables}) == 1
    assert len({tuple(table) for table in tables}) == len(tables)
    assert len(features(parse("x"))) != len(tables[0])
