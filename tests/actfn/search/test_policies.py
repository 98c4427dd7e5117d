"""What every policy must do, whatever its method."""

import json

import numpy as np
import pytest

import actfn
from actfn import search

SPACE = actfn.SearchSpace(
    core_units=1,
    unary=["identity", "sin", "tanh", "square"],
    binary=["add", "mul", "max"],
)
POLICIES = {
    "random": lambda seed=0: search.RandomPolicy(SPACE, seed),
    "ppo": lambda seed=0: search.PPOPolicy(SPACE, seed, batch_size=5, units=8),
    "reinforce": lambda seed=0: search.ReinforcePolicy(
        SPACE, seed, batch_size=5, units=8
    ),
}
every_policy = pytest.mark.parametrize("make", POLICIES.values(), ids=POLICIES)


def reward_of(expression):
    return len(str(expression)) / 20


def run(policy, evaluations):
    """Asks and tells one at a time; returns what was proposed."""
    texts = []
    for _ in range(evaluations):
        (proposal,) = policy.propose(1)
        policy.update([(proposal.id, reward_of(proposal.expression))])
        texts.append(str(proposal.expression))
    return texts


@every_policy
def test_is_a_policy_and_proposes_members_of_the_space(make):
    policy = make()
    assert isinstance(policy, search.Policy)
    proposals = policy.propose(20)
    assert len({p.id for p in proposals}) == 20
    for proposal in proposals:
        SPACE.encode(proposal.expression)


@every_policy
def test_same_seed_same_proposals(make):
    assert run(make(3), 17) == run(make(3), 17)
    assert run(make(3), 17) != run(make(4), 17)


@every_policy
def test_proposals_do_not_depend_on_how_many_are_asked_at_once(make):
    one, many = make(), make()
    single = [one.propose(1)[0] for _ in range(8)]
    assert single == many.propose(8)


@every_policy
@pytest.mark.parametrize("finished", [0, 3, 12])
def test_restored_policy_goes_on_as_the_uninterrupted_one(make, finished):
    policy = make()
    run(policy, finished)
    late = policy.propose(3)  # open at the interruption
    resumed = make()
    resumed.set_state(json.loads(json.dumps(policy.get_state())))
    for each in (policy, resumed):
        each.update([(late[2].id, 0.25), (late[0].id, 0.75)])
    assert run(policy, 14) == run(resumed, 14)
    assert policy.get_state() == resumed.get_state()
    resumed.update([(late[1].id, 1.0)])


@every_policy
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, None, "high"])
def test_bad_reward_is_refused_before_anything_changes(make, bad):
    policy = make()
    first, second = policy.propose(2)
    before = policy.get_state()
    with pytest.raises(ValueError, match="`reward` must be a finite number"):
        policy.update([(first.id, 1.0), (second.id, bad)])
    with pytest.raises(ValueError, match="`reward` must be a finite number"):
        policy.tell(first.expression, bad)
    assert policy.get_state() == before
    policy.update([(second.id, np.float32(1.0)), (first.id, 1)])


@every_policy
def test_unknown_answered_or_repeated_id_is_refused(make):
    policy = make()
    first, second = policy.propose(2)
    policy.update([(first.id, 1.0)])
    before = policy.get_state()
    for results in (
        [(second.id, 1.0), (first.id, 1.0)],
        [(99, 1.0)],
        [(second.id, 1.0), (second.id, 1.0)],
    ):
        with pytest.raises(ValueError, match="open proposals, each once"):
            policy.update(results)
    assert policy.get_state() == before


@every_policy
def test_bad_arguments(make):
    with pytest.raises(ValueError, match=r"`seed`.*Received: -1"):
        make(-1)
    with pytest.raises(ValueError, match="`seed`"):
        make(1.5)
    for bad in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="`n` must be a positive"):
            make().propose(bad)


def test_state_of_another_policy_or_space_is_refused():
    random, ppo = POLICIES["random"](), POLICIES["ppo"]()
    with pytest.raises(ValueError, match="`state` must be one of RandomPolicy"):
        random.set_state(ppo.get_state())
    other = search.RandomPolicy(actfn.SearchSpace(core_units=1))
    with pytest.raises(ValueError, match="token sizes"):
        other.set_state(random.get_state())
    wide = search.PPOPolicy(SPACE, units=9)
    with pytest.raises(ValueError, match="the same `units`"):
        wide.set_state(ppo.get_state())


@every_policy
def test_tell_counts_and_statistics_change_nothing(make):
    policy = make()
    for _ in range(12):
        policy.tell(actfn.parse("x * tanh(x)"), 1.0)
    before = policy.get_state()
    statistics = policy.statistics()
    assert policy.get_state() == before
    assert statistics["results"] == 12
    json.dumps(statistics)


def test_random_statistics():
    statistics = POLICIES["random"]().statistics()
    assert statistics["entropy"] == pytest.approx(np.log(SPACE.size))
    assert statistics["kl_from_start"] == 0.0
