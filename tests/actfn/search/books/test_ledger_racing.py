"""A race in the books: seeds, twins, resumption, several workers."""

import collections
import json
import math

import numpy as np
import pytest

import actfn
from actfn import search
from actfn.search.books.ledger import Ledger
from actfn.search.books.standings import MOST, SHARE
from actfn.search.policies import POLICIES

SPACE = actfn.SearchSpace(
    1, ["identity", "sin", "tanh", "max0", "scale"], ["add", "mul", "max"]
)


def policy(name="surrogate", seed=3):
    if name == "surrogate":
        return search.SurrogatePolicy(SPACE, seed, warmup=6, candidates=8)
    return POLICIES[name](SPACE, seed=seed)


def reward_of(task):
    """The function's worth and what its seed adds to it, the same anywhere."""
    noise = np.random.default_rng((task.seed, len(task.canonical)))
    return len(task.canonical) / 10 + noise.normal()


def step(ledger):
    task = ledger.ask()
    if task is not None:
        ledger.finish(task.trial, reward_of(task), "completed", 0.0)
    return task


def test_the_k_th_child_of_every_function_has_the_k_th_seed():
    ledger = Ledger(policy(), seed=3, racing=True)
    for _ in range(46):  # more would exhaust the space
        step(ledger)
    results = [r for r in ledger.results if r.status != "cached"]
    seeds = collections.defaultdict(set)
    runs = collections.defaultdict(list)
    for result in results:
        seeds[result.run].add(result.seed)
        runs[result.canonical].append(result.run)
    assert all(len(each) == 1 for each in seeds.values())
    assert len(set.union(*seeds.values())) == len(seeds) > 2
    assert all(each == list(range(len(each))) for each in runs.values())
    further = sum(result.run > 0 for result in results)
    assert 5 < further <= SHARE * len(results)
    assert max(map(len, runs.values())) <= MOST


def test_without_it_every_trial_has_a_seed_of_its_own_as_ever():
    ledger = Ledger(policy("random"), seed=3)
    alone = policy("random")
    for _ in range(25):
        task = step(ledger)
        place = int(task.trial)
        sequence = np.random.SeedSequence((3, 3, place))
        assert task.seed == int(sequence.generate_state(1)[0] >> 1)
    for event in ledger.journal:
        assert not {"run", "draw"} & event.keys()
        if event["event"] == "propose":
            assert str(alone.propose()[0].expression) == event["expression"]
    assert all(result.run == 0 for result in ledger.results)


@pytest.mark.parametrize("name", ["surrogate", "evolution"])
def test_a_race_killed_anywhere_goes_on_as_if_nothing_had_been(tmp_path, name):
    whole = Ledger(policy(name), seed=3, racing=True)
    for _ in range(42):
        step(whole)
    events = list(whole.journal)
    assert {"propose", "repeat", "finish"} == {e["event"] for e in events}
    for kept in (21, 68):
        folder = tmp_path / f"{kept}"
        folder.mkdir()
        ledger = Ledger(policy(name), seed=3, racing=True)
        ledger.open(folder, {})
        while len(ledger.journal) < 1 + kept:  # the first says which search
            task = ledger.ask()
            if len(ledger.journal) < 1 + kept:
                ledger.finish(task.trial, reward_of(task), "completed", 0.0)
        # Killed: the policy's last snapshot may be of long ago.
        again = Ledger(policy(name), seed=3, racing=True)
        again.open(folder, {})
        for trial, task in [*again.running.items()]:
            again.finish(trial, reward_of(task), "completed", 0.0)
        while len(again.journal) < 1 + len(events):
            step(again)
        assert list(again.journal)[1 : 1 + len(events)] == events
        assert again.results == whole.results
        assert again.standings.ranked() == whole.standings.ranked()
        assert json.dumps(again.policy.get_state()) == json.dumps(
            whole.policy.get_state()
        )


def test_the_policy_and_later_twins_hear_the_mean():
    heard = []

    class Listening(search.RandomPolicy):
        def _revise(self, expression, reward, runs):
            heard.append((str(actfn.canonicalize(expression)), reward, runs))

    ledger = Ledger(Listening(SPACE, 0), seed=0, racing=True)
    rewards = collections.defaultdict(list)
    answered = 0
    while len(heard) < 8 or not answered:
        before = len(ledger.results)
        task = ledger.ask()
        for twin in ledger.results[before:]:
            assert twin.status == "cached"
            known = rewards[twin.canonical]
            assert twin.reward == pytest.approx(np.mean(known))
            answered += len(known) > 1
        rewards[task.canonical].append(reward_of(task))
        ledger.finish(task.trial, reward_of(task), "completed", 0.0)
    for form, mean, runs in heard:
        assert mean == pytest.approx(np.mean(rewards[form][:runs])) and runs > 1


def test_several_workers_never_train_a_function_twice_at_once():
    rng = np.random.default_rng(0)
    ledger = Ledger(policy("random"), seed=0, racing=True)
    children = 0
    while children < 80:
        while len(ledger.running) < 4 and ledger.ask():
            children += 1
        forms = [task.canonical for task in ledger.running.values()]
        assert len(set(forms)) == len(forms)
        trial = rng.choice(list(ledger.running))
        ledger.finish(trial, reward_of(ledger.running[trial]), "completed", 0)
    assert ledger.standings.further > 10


def test_an_exhausted_space_is_raced_to_the_end():
    space = actfn.SearchSpace(1, ["identity", "sin"], ["add", "mul"])
    made = search.ExhaustivePolicy(space)
    ledger = Ledger(made, seed=0, racing=True)
    tasks = []
    while task := step(ledger):
        tasks.append(task)
    forms = {task.canonical for task in tasks}
    assert len(tasks) > len(forms)
    means = {str(e): r for e, r in made.ranking()}
    for form in forms:
        text = next(t.expression for t in tasks if t.canonical == form)
        assert means[text] == pytest.approx(ledger.standings.mean(form))


def test_a_diverged_further_child_ends_the_race_of_its_function():
    ledger = Ledger(policy("random"), seed=0, racing=True)
    while not (task := ledger.ask()).run:
        ledger.finish(task.trial, reward_of(task), "completed", 0.0)
    lowest = min(result.reward for result in ledger.results)
    ledger.finish(task.trial, math.nan, "diverged", 0.0)
    assert ledger.results[-1].reward < lowest
    assert task.canonical not in ledger.standings.ranked()
    for _ in range(20):
        assert step(ledger).canonical != task.canonical


def test_bad_input():
    with pytest.raises(ValueError, match="`racing` must be a bool"):
        Ledger(policy(), seed=0, racing=1)
    with pytest.raises(ValueError, match="`cache` must be True"):
        Ledger(policy(), seed=0, racing=True, cache=False)

    class Bare:
        pass

    with pytest.raises(ValueError, match=r"method `revise.*Received: Bare"):
        Ledger(Bare(), seed=0, racing=True)
    with pytest.raises(ValueError, match="`runs`"):
        policy().revise(actfn.parse("sin(x)"), 0.5, 0)
    with pytest.raises(ValueError, match="`reward`"):
        policy().revise(actfn.parse("sin(x)"), math.nan, 2)
