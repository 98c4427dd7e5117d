"""What every policy must do, whatever its method."""

import functools
import inspect
import itertools
import json

import numpy as np
import pytest

import actfn
from actfn import search
from actfn.search.policies import surrogate
from actfn.search.policies.evolution import cross, mutate
from actfn.search.policies.prior import Prior
from actfn.search.policies.shapes import Shapes

SPACE = actfn.SearchSpace(
    core_units=1,
    unary=["identity", "sin", "tanh", "square", "exp", "atan"],
    binary=["add", "mul", "max"],
)
PRIOR = Prior(["sin(x)", "tanh(x)"], {"task": np.array([0.5, -0.5])})
POLICIES = {
    "random": lambda seed=0: search.RandomPolicy(SPACE, seed),
    "ppo": lambda seed=0: search.PPOPolicy(SPACE, seed, batch_size=5, units=8),
    "reinforce": lambda seed=0: search.ReinforcePolicy(
        SPACE, seed, batch_size=5, units=8
    ),
}
POLICIES["evolution"] = lambda seed=0: search.EvolutionPolicy(
    SPACE, seed, population=6, tournament=3
)
POLICIES["surrogate"] = lambda seed=0: search.SurrogatePolicy(
    SPACE, seed, warmup=6, candidates=8, refit_every=3
)
POLICIES["exhaustive"] = lambda seed=0: search.ExhaustivePolicy(SPACE, seed)
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
    if make is not POLICIES["exhaustive"]:
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
def test_a_policy_of_other_settings_does_not_go_on(make):
    policy = make()
    names = {*inspect.signature(type(policy)).parameters} - {"space", "seed"}
    assert policy.settings.keys() == names
    state = json.loads(json.dumps(policy.get_state()))
    for name, value in policy.settings.items():
        other = {"ranks": "raw", None: PRIOR}.get(value)
        if other is None:
            other = {bool: not value, int: value // 2}.get(
                type(value), np.float32(value / 2)
            )
        again = type(policy)(SPACE, 0, **policy.settings | {name: other})
        assert json.dumps(again.settings) != json.dumps(policy.settings)
        with pytest.raises(ValueError, match=r"`state` must be of.*Received"):
            again.set_state(state)


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
    with pytest.raises(ValueError, match=r"`state` must be of.*RandomPolicy"):
        random.set_state(ppo.get_state())
    other = search.RandomPolicy(actfn.SearchSpace(core_units=1))
    with pytest.raises(ValueError, match="token_sizes"):
        other.set_state(random.get_state())
    wide = search.PPOPolicy(SPACE, units=9)
    with pytest.raises(ValueError, match=r"'units': 9.*'units': 8"):
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


def test_exhaustive_proposes_each_function_once_in_a_stable_order():
    policy = POLICIES["exhaustive"]()
    proposals = policy.propose(1000)
    forms = [actfn.canonicalize(p.expression) for p in proposals]
    every = [actfn.canonicalize(e) for e in SPACE.enumerate()]
    assert forms == list(dict.fromkeys(every))
    assert policy.propose(1) == []
    policy.update([(p.id, reward_of(p.expression)) for p in proposals])
    ranking = policy.ranking()
    assert len(ranking) == len(proposals)
    assert [r for _, r in ranking] == sorted(
        (reward_of(p.expression) for p in proposals), reverse=True
    )
    assert all(reward_of(e) == reward for e, reward in ranking)


def test_exhaustive_refuses_a_large_space():
    with pytest.raises(ValueError, match="`space` must have at most 1000000"):
        search.ExhaustivePolicy(actfn.SearchSpace(core_units=2))


def test_mutation_changes_the_function_and_stays_in_the_space():
    space = actfn.SearchSpace(core_units=2)
    one_away = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        tokens = space.sample_tokens(rng)
        changed = mutate(space, tokens, rng)
        assert space.decode(changed) != space.decode(tokens)
        one_away += sum(np.not_equal(changed, tokens)) == 1
    assert one_away > 100
    single = actfn.SearchSpace(unary=["sin"], binary=["add"])
    assert mutate(single, (0,) * 5, rng) == [0] * 5


@pytest.mark.parametrize("name", ["ppo", "reinforce", "evolution", "surrogate"])
def test_a_known_function_is_not_proposed_again(name):
    policy = POLICIES[name]()
    policy.tell(actfn.parse("x * tanh(x)"), 9.0)
    texts = run(policy, 40)  # of the 108 strings, for 81 texts
    assert len(set(texts)) >= 38
    assert "x * tanh(x)" not in texts


def test_crossover_mixes_two_parents():
    rng = np.random.default_rng(0)
    children = np.array([cross([0] * 5, [1] * 5, rng) for _ in range(400)])
    assert set(children.flat) == {0, 1}
    shares = children.mean(axis=0)  # standard error 0.025
    np.testing.assert_allclose(shares, 0.5, atol=0.1)
    assert cross([3, 1, 4], [3, 1, 4], rng) == [3, 1, 4]


def test_children_have_their_tokens_from_parents_or_are_mutations():
    space = actfn.SearchSpace(core_units=2)
    make = functools.partial(
        search.EvolutionPolicy, space, tournament=1, warmup=2
    )
    parents = [
        actfn.parse("sin(x) * tanh(x) + cos(x)"),
        actfn.parse("max(exp(x), atan(x)) - erf(x)"),
    ]
    pairs = zip(*map(space.encode, parents), strict=True)
    mixed = {space.decode(tokens) for tokens in itertools.product(*pairs)}

    def share(crossover):
        policy = make(crossover=crossover)
        for parent in parents:
            policy.tell(parent, 1.0)
        children = [child.expression for child in policy.propose(40)]
        assert not {*children} & {*parents}
        return np.mean([child in mixed for child in children])

    assert share(0.0) < 0.1
    # Both parents are the same for half the pairs; then there is a mutation.
    assert 0.25 < share(1.0) < 0.75


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_of_crossovers_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match="`crossover` must be from 0 to 1"):
        search.EvolutionPolicy(SPACE, crossover=share)


def test_population_forgets_the_oldest_and_breeds_from_the_best():
    policy = search.EvolutionPolicy(
        SPACE, population=3, tournament=50, warmup=4
    )
    proposals = policy.propose(4)
    rewards = [9.0, 1.0, 2.0, 3.0]
    policy.update([(p.id, r) for p, r in zip(proposals, rewards, strict=True)])
    assert policy.statistics()["population_mean"] == 2.0
    best = np.array(SPACE.encode(proposals[3].expression))
    for child in policy.propose(20):
        tokens = np.array(SPACE.encode(child.expression))
        same = SPACE.decode(best) == child.expression
        assert not same
        assert np.sum(tokens != best) <= 2


@pytest.mark.parametrize(
    "make",
    [
        search.EvolutionPolicy,
        functools.partial(
            search.SurrogatePolicy, refit_every=10, curiosity=0.3
        ),
    ],
    ids=["evolution", "surrogate"],
)
def test_learns_a_smooth_reward(make):
    """The reward is how close the function's values are to a hidden one's."""
    space = actfn.SearchSpace(core_units=1)
    rewards, shapes = {}, Shapes()

    def reward(expression):
        if expression not in rewards:
            wanted = actfn.parse("x * tanh(x)")
            found, wanted = shapes.table([expression, wanted])[:, :32]
            rewards[expression] = -float(np.mean(np.abs(found - wanted)))
        return rewards[expression]

    def late_mean(policy):
        late = []
        for step in range(100):
            (proposal,) = policy.propose(1)
            policy.update([(proposal.id, reward(proposal.expression))])
            if step >= 40:
                late.append(reward(proposal.expression))
        return np.mean(late)

    better = [
        late_mean(make(space, seed))
        - late_mean(search.RandomPolicy(space, seed))
        for seed in range(6)
    ]
    assert np.mean(better) > 2 * np.std(better, ddof=1) / 6**0.5


def test_what_the_surrogate_remembers_of_a_string_is_its_function():
    decoder, rng = surrogate._Decoder(SPACE), np.random.default_rng(0)
    for _ in range(50):
        tokens = SPACE.sample_tokens(rng)
        for _ in range(2):
            expression, text = decoder.look(tokens)
            assert expression == SPACE.decode(tokens) == decoder.read(text)
            assert text == str(expression)


def test_half_of_the_candidates_are_mutations_of_the_best():
    space = actfn.SearchSpace(core_units=2, wiring="fixed")
    policy = search.SurrogatePolicy(space, seed=0)
    best = space.sample_tokens(np.random.default_rng(0))
    policy.tell(space.decode(best), 1.0)
    near, parent = 0, policy._tokens(str(space.decode(best)))
    for seed in range(20):
        for expression in policy._pool(np.random.default_rng(seed)).values():
            string = np.array(space.encode(expression))
            near += np.sum(string != parent) == 1
    assert 0.4 < near / (20 * policy.candidates) < 0.55


def test_the_surrogate_fits_its_trees_as_results_grow_by_a_tenth():
    policy = search.SurrogatePolicy(SPACE, warmup=6, candidates=4)
    wanted, fitted = 0, 0
    functions = [*dict.fromkeys(SPACE.enumerate())][:80]
    for count, expression in enumerate(functions, 1):
        policy.tell(expression, float(count % 7))
        policy.propose(1)
        if count >= 6 and count - fitted >= max(5, fitted / 10):
            wanted, fitted = wanted + 1, count
        assert policy.statistics()["updates"] == wanted
    assert wanted < 74 / 5  # later than every fifth result
