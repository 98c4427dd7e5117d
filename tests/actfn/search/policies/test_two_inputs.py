"""Search methods in a space of functions of two inputs."""

import numpy as np
import pytest

from actfn import SearchSpace, parse
from actfn.expressions.expression import inputs
from actfn.search.policies import POLICIES
from actfn.search.policies.shapes import Shapes
from actfn.search.policies.surrogate import SurrogatePolicy


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


def test_the_surrogate_finds_gates():
    space = SearchSpace(1, inputs=2)
    found, drawn = [], []
    rng = np.random.default_rng(0)
    for seed in range(8):  # one search may have no luck
        policy = SurrogatePolicy(space, seed=seed, warmup=20)
        for _ in range(60):
            (proposal,) = policy.propose()
            found.append(_reward(proposal.expression))
            policy.update([(proposal.id, found[-1])])
            drawn.append(_reward(space.sample(rng)))
    late = np.reshape(found, (8, 60))[:, -20:]
    # The mean of so many random functions is six deviations below the median.
    assert np.mean(late) > np.median(drawn)


def test_features_see_the_second_input():
    texts = ("x * y", "x * sin(y)", "sin(x)", "sin(y)", "beta")
    table = Shapes(2).table([parse(text, inputs=2) for text in texts])
    assert len(np.unique(table, axis=0)) == len(texts)
    assert Shapes(1).table([parse("x")]).shape[1] != table.shape[1]
