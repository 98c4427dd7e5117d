"""A race as a tuner sees it: trials, their seeds and values, resumption."""

import collections

import keras_tuner
import numpy as np
import pytest

import actfn
from actfn import search

SPACE = actfn.SearchSpace(core_units=1)


def oracle_of(folder=None, **options):
    options = {"max_trials": 40, "verbose": 0, "racing": True, **options}
    oracle = search.PolicyOracle(search.RandomPolicy(SPACE), **options)
    if folder is not None:
        oracle._set_project_dir(folder, "search")
        oracle.reload()
    return oracle


def score(trial):
    text, seed = (trial.hyperparameters.get(n) for n in ("activation", "seed"))
    return len(text) / 10 + np.random.default_rng((seed, len(text))).normal()


def run(oracle, trials=1000):
    for _ in range(trials):
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            return
        oracle.update_trial(trial.trial_id, {"val_accuracy": score(trial)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)


def test_a_function_has_several_trials_and_its_mean_ranks_it():
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.Float("rate", 0.0, 1.0)
    oracle = oracle_of(hyperparameters=hyperparameters)
    run(oracle)
    assert len(oracle.trials) == 40  # further children count
    values, scores = collections.defaultdict(list), {}
    for result in oracle.results:
        if result.status != "cached":
            scores.setdefault(result.canonical, []).append(result.reward)
            values[result.canonical].append(result.values["rate"])
    further = [len(each) - 1 for each in scores.values()]
    assert 4 < sum(further) <= 8
    # What is drawn beside the activation belongs to the function.
    assert all(len(set(each)) == 1 for each in values.values())
    assert len({each[0] for each in values.values()}) == len(values)
    best = oracle.get_best_trials(len(scores))
    forms = {r.trial: r.canonical for r in oracle.results}
    ranked = [forms[trial.trial_id] for trial in best]
    assert sorted(ranked) == sorted(scores)
    assert ranked == oracle._ledger.standings.ranked()
    for trial in best:
        assert trial.score == max(scores[forms[trial.trial_id]])


def test_killed_between_any_two_trials_it_goes_on(tmp_path):
    whole = oracle_of()
    run(whole)
    for done in (3, 33, 36):
        first = oracle_of(tmp_path / str(done))
        run(first, done)
        first.create_trial("tuner0")  # is running when the process dies
        again = oracle_of(tmp_path / str(done))
        run(again)
        found, wanted = (
            [
                (r.trial, r.expression, r.reward, r.seed, r.run)
                for r in o.results
            ]
            for o in (again, whole)
        )
        assert found == wanted
        assert [*again.trials] == [*whole.trials]
    with pytest.raises(ValueError, match="must hold the search"):
        oracle_of(tmp_path / "3", racing=False)


def test_bad_input():
    with pytest.raises(ValueError, match="`halving` must be None"):
        oracle_of(halving=search.SuccessiveHalving())
    with pytest.raises(ValueError, match="`racing` must be a bool"):
        oracle_of(racing="yes")
    with pytest.raises(ValueError, match="`cache` must be True"):
        oracle_of(cache=False)
