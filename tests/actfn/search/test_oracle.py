"""The oracle in a stock tuner, and its bookkeeping without training."""

import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import threading

import keras
import keras_tuner
import numpy as np
import pytest

import actfn
from actfn import search

SPACE = actfn.SearchSpace(core_units=1)


def oracle_of(policy=None, **options):
    options = {"max_trials": 5, "verbose": 0, **options}
    return search.PolicyOracle(policy or search.RandomPolicy(SPACE), **options)


def end(oracle, trial, status="COMPLETED", message=None, **metrics):
    if metrics:
        oracle.update_trial(trial.trial_id, metrics)
    trial.status, trial.message = status, message
    oracle.end_trial(trial)


def run(oracle, score=lambda trial: 0.5, most=1000):
    """Runs trials without training until the oracle stops."""
    for _ in range(most):
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            return
        end(oracle, trial, val_accuracy=score(trial))


def seeded_score(trial):
    return trial.hyperparameters.get("seed") % 89 / 89


# In a stock tuner, with training ------------------------------------------


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128, 4)).astype("float32")
    return x, (x[:, 0] * x[:, 1] > 0).astype("int32")


def build(hp):
    keras.utils.set_random_seed(hp.get("seed"))
    model = keras.Sequential(
        [
            keras.layers.Input((4,)),
            keras.layers.Dense(8),
            actfn.get(hp.get("activation")),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile(loss=loss, metrics=["accuracy"], run_eagerly=True)
    return model


def search_with(tuner):
    x, y = data()
    tuner.search(
        x[:96], y[:96], validation_data=(x[96:], y[96:]), verbose=0, epochs=1
    )


def tuner_of(oracle, folder, hypermodel=build):
    return keras_tuner.Tuner(
        oracle, hypermodel, directory=str(folder), project_name="search"
    )


def test_stock_tuner_searches(tmp_path):
    space = actfn.SearchSpace(core_units=1)
    policy = search.PPOPolicy(space, seed=0, units=8, batch_size=2)
    oracle = oracle_of(policy, max_trials=3)
    tuner = tuner_of(oracle, tmp_path)
    search_with(tuner)
    trained = [r for r in oracle.results if r.status != "cached"]
    assert len(trained) == 3
    assert oracle.stop_reason == "max_trials"
    assert policy.statistics()["updates"] == len(oracle.results) // 2
    best = tuner.get_best_hyperparameters()[0]
    assert (
        best.get("activation")
        == max(trained, key=lambda r: r.reward).expression
    )
    assert tuner.get_best_models()[0].predict(data()[0], verbose=0).shape == (
        128,
        2,
    )

    again = oracle_of(
        search.PPOPolicy(space, seed=0, units=8, batch_size=2), max_trials=3
    )
    search_with(tuner_of(again, tmp_path / "again"))
    assert [(r.expression, r.reward, r.seed) for r in again.results] == [
        (r.expression, r.reward, r.seed) for r in oracle.results
    ]

    longer = oracle_of(
        search.PPOPolicy(space, seed=0, units=8, batch_size=2), max_trials=4
    )
    search_with(tuner_of(longer, tmp_path))
    assert longer.results[: len(oracle.results)] == oracle.results
    assert len(longer.trials) == 4


def test_diverging_children_do_not_end_the_search(tmp_path):
    space = actfn.SearchSpace(unary=["sinh", "exp", "cosh"], binary=["div"])

    def explode(hp):
        model = build(hp)
        model.layers[0].set_weights([np.full((4, 8), 1e4), np.zeros(8)])
        return model

    oracle = oracle_of(search.RandomPolicy(space), max_trials=5)
    search_with(tuner_of(oracle, tmp_path, explode))
    statuses = [r.status for r in oracle.results if r.status != "cached"]
    assert len(statuses) == 5
    assert statuses.count("diverged") >= 4
    scores = [r.reward for r in oracle.results if r.status == "completed"]
    assert not any(
        r.reward >= min(scores, default=-math.inf)
        for r in oracle.results
        if r.status == "diverged"
    )


class Deep(keras_tuner.Tuner):
    """A tuner whose children are deep and not trained: half explode."""

    def run_trial(self, trial):
        function = actfn.get(trial.hyperparameters.get("activation"))
        x = np.random.default_rng(0).normal(size=(64, 1)).astype("float32")
        for _ in range(8):
            x = function(3 * x)
        peak = float(np.abs(x).max())
        return {"val_accuracy": 0.5 if peak < 10 else math.nan}


def test_a_space_of_which_half_diverges_is_searched_to_the_end(tmp_path):
    space = actfn.SearchSpace(core_units=2)
    oracle = oracle_of(search.RandomPolicy(space, seed=1), max_trials=120)
    Deep(oracle, directory=str(tmp_path), project_name="search").search()
    assert oracle.stop_reason == "max_trials"
    statuses = [r.status for r in oracle.results if r.status != "cached"]
    assert len(statuses) == 120
    assert set(statuses) == {"completed", "diverged"}
    assert 40 <= statuses.count("diverged") <= 90


def test_bug_in_fit_ends_the_search_with_its_message(tmp_path):
    class Broken(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, *args, **kwargs):
            return {"val_accuracy": len(undefined_name)}  # noqa: F821

    oracle = oracle_of()
    with pytest.raises(
        keras_tuner.errors.FatalError, match="'undefined_name' is not defined"
    ):
        search_with(tuner_of(oracle, tmp_path, Broken()))
    assert oracle.results == []

    mended = oracle_of(max_trials=1)
    search_with(tuner_of(mended, tmp_path))
    assert [r.trial for r in mended.results] == ["00000"]


@pytest.mark.parametrize("start", [search_with, search.run])
def test_executions_that_would_repeat_one_seed_are_refused(tmp_path, start):
    oracle = oracle_of()
    tuner = keras_tuner.Tuner(
        oracle,
        build,
        directory=str(tmp_path),
        project_name="p",
        executions_per_trial=3,
    )
    with pytest.raises(
        keras_tuner.errors.FatalError, match=r"must be 1: .*Received: 3"
    ):
        start(tuner)
    assert not oracle.trials


# Rewards -------------------------------------------------------------------


@pytest.mark.parametrize(
    "metrics",
    [
        {"val_accuracy": math.nan},
        {"val_accuracy": math.inf},
        {"val_accuracy": -math.inf},
        {"val_accuracy": 0.9, "val_loss": math.nan},
        {"val_accuracy": 0.9, "val_loss": math.inf},
    ],
)
def test_child_that_is_not_finite_gets_the_floor(metrics):
    oracle = oracle_of(floor=-1.0)
    trial = oracle.create_trial("tuner0")
    end(oracle, trial, **metrics)
    (result,) = oracle.results
    assert (result.status, result.reward) == ("diverged", -1.0)
    assert trial.status == "COMPLETED"
    good = oracle.create_trial("tuner0")
    end(oracle, good, val_accuracy=0.1)
    assert math.isnan(trial.score)
    assert oracle.get_best_trials(2) == [good]


def heard_by(policy):
    """Returns the list of the rewards that a policy is told."""
    heard = []
    policy._learn = lambda memory, reward: heard.append(reward)
    return heard


def test_objective_to_be_minimised():
    policy = search.RandomPolicy(SPACE)
    heard = heard_by(policy)
    oracle = oracle_of(policy, objective="val_loss")
    first, second, third = (oracle.create_trial(f"t{i}") for i in range(3))
    end(oracle, first, val_loss=2.0)
    end(oracle, second, val_loss=0.5)
    end(oracle, third, val_loss=math.nan)
    assert heard == [-2.0, -0.5, -3.5]
    assert [r.reward for r in oracle.results] == heard
    assert oracle.get_best_trials(3) == [second, first]
    assert math.isnan(third.score)


@pytest.mark.parametrize(
    ("objective", "values", "best"),
    [
        ("val_loss", [math.nan, 1000.0, math.nan, 900.0, 1200.0], 3),
        (keras_tuner.Objective("val_r2", "max"), [-3.0, math.nan, -9.0, -1.0],
         3),
    ],
)  # fmt: skip
def test_a_diverged_trial_is_worse_than_all_others(objective, values, best):
    policy = search.RandomPolicy(SPACE)
    heard = heard_by(policy)
    oracle = oracle_of(policy, objective=objective)
    trials = [oracle.create_trial(f"t{i}") for i in range(len(values))]
    for trial, value in zip(trials, values, strict=True):
        end(oracle, trial, **{oracle.objective.name: value})
    assert oracle.get_best_trials(9)[0] is trials[best]
    assert len(oracle.get_best_trials(9)) == sum(map(math.isfinite, values))
    sign = 1 if oracle.objective.direction == "max" else -1
    told = {sign * v for v in values if math.isfinite(v)}
    assert told <= {*heard} and len({*heard}) > len(told)
    assert len(heard) == len(values)
    floors = [reward for reward in heard if reward not in told]
    seen = {sign * v for v in values[:2] if math.isfinite(v)}
    assert max(floors) < min(seen)


def test_who_diverges_first_waits_for_a_reward_and_so_after_a_kill(tmp_path):
    rewards = [math.nan, math.nan, 5000.0, math.nan, 4000.0]

    def go_on(oracle, some):
        for value in some:
            end(oracle, oracle.create_trial("t"), val_loss=value)

    whole = oracle_of(search.RandomPolicy(SPACE), objective="val_loss")
    heard = heard_by(whole.policy)
    go_on(whole, rewards)
    assert heard == [-10000.0, -10000.0, -5000.0, -10000.0, -4000.0]
    for cut in range(len(rewards)):
        pieces = []
        for part in (rewards[:cut], rewards[cut:]):
            oracle = oracle_of(search.RandomPolicy(SPACE), objective="val_loss")
            pieces.append(heard_by(oracle.policy))
            oracle._set_project_dir(tmp_path / str(cut), "s")
            oracle.reload()
            go_on(oracle, part)
        # What the first process was told, the second hears again.
        assert pieces[1] == heard


def test_a_policy_that_waits_for_rewards_goes_on_where_all_diverge():
    policy = search.PPOPolicy(SPACE, seed=0)
    oracle = oracle_of(policy, objective="val_loss", max_trials=30)
    for _ in range(30):
        end(oracle, oracle.create_trial("t"), val_loss=math.nan)
    assert len(oracle.results) >= 30 and oracle.get_best_trials(3) == []


def test_finite_reward_below_a_given_floor_is_raised_to_it():
    oracle = oracle_of(objective="val_loss", floor=-10.0)
    trial = oracle.create_trial("tuner0")
    with pytest.warns(UserWarning, match="worse than the floor of -10"):
        end(oracle, trial, val_loss=1e9)
    assert oracle.results[0].status == "completed"
    assert oracle.results[0].reward == -10.0
    assert trial.score == 1e9


def test_rejected_and_failed_children():
    oracle = oracle_of(max_consecutive_failed_trials=1, floor=0.0)
    trial = oracle.create_trial("t")
    trial.hyperparameters.values["note"] = "constant"
    end(oracle, trial, val_accuracy=math.nan, rejected=1.0)
    for _ in range(4):
        end(oracle, oracle.create_trial("t"), "FAILED", "too large")
    assert [r.status for r in oracle.results] == ["rejected", *["failed"] * 4]
    assert {r.reward for r in oracle.results} == {0.0}
    assert oracle.results[0].message == "constant"
    assert oracle.results[1].message == "too large"
    assert oracle.create_trial("t").status == "STOPPED"


def test_a_child_given_up_late_keeps_what_it_has():
    oracle = oracle_of()
    end(oracle, oracle.create_trial("t"), val_accuracy=0.3, rejected=1.0)
    assert oracle.results[0].status == "rejected"
    assert oracle.results[0].reward == 0.3


def test_exceptions_are_retried_and_counted_as_told():
    oracle = oracle_of(max_retries_per_trial=1, max_consecutive_failed_trials=2)
    first = oracle.create_trial("t")
    end(oracle, first, "INVALID", "out of memory", val_accuracy=0.3)
    assert oracle.create_trial("t") is first
    assert not first.metrics.exists("val_accuracy")
    end(oracle, first, "INVALID", "out of memory")
    assert [r.status for r in oracle.results] == ["failed"]
    second = oracle.create_trial("t")
    end(oracle, second, "INVALID", "out of memory")
    assert oracle.create_trial("t") is second
    with pytest.raises(keras_tuner.errors.FatalError, match="out of memory"):
        end(oracle, second, "INVALID", "out of memory")
    assert oracle.create_trial("t") is second
    end(oracle, second, val_accuracy=0.5)
    assert [r.status for r in oracle.results] == ["failed", "completed"]


def test_error_frees_the_oracle_for_other_threads():
    oracle = oracle_of()
    trial = oracle.create_trial("t")
    with pytest.raises(keras_tuner.errors.FatalError, match="val_accuracy"):
        oracle.update_trial(trial.trial_id, {"accuracy": 1.0})
    with pytest.raises(keras_tuner.errors.FatalError):
        end(oracle, trial, "INVALID", "bug")
    thread = threading.Thread(
        target=run, args=(oracle,), name="another", daemon=True
    )
    thread.start()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert len(oracle.trials) == 5


# Trials --------------------------------------------------------------------


def test_hyperparameters_are_there_before_the_first_trial():
    space = oracle_of().get_space()
    actfn.parse(space.get("activation"))
    assert isinstance(space.get("seed"), int)


def test_other_hyperparameters_may_keep_their_default(tmp_path):
    def build_with_rate(hp):
        hp.Float("rate", 0.1, 0.9, default=0.3)
        return build(hp)

    oracle = oracle_of(others="default")
    tuner_of(oracle, tmp_path, build_with_rate)
    values = oracle.create_trial("tuner0").hyperparameters.values
    assert values["rate"] == 0.3
    assert set(values) == {"activation", "seed", "rate"}


def test_seed_zero_is_kept_and_children_differ_in_seed():
    def seeds(seed):
        oracle = oracle_of(seed=seed)
        assert oracle.seed == seed
        run(oracle)
        return [r.seed for r in oracle.results]

    assert seeds(0) == seeds(0)
    assert not set(seeds(0)) & set(seeds(1))
    assert oracle_of(search.RandomPolicy(SPACE, seed=7)).seed == 7


def test_exhausted_space_ends_the_search():
    space = actfn.SearchSpace(unary=["identity", "sin"], binary=["add"])
    oracle = oracle_of(search.RandomPolicy(space), max_trials=50)
    run(oracle, seeded_score)
    assert oracle.stop_reason == "exhausted"
    assert len(oracle.trials) == 3  # x + x, x + sin(x), sin(x) + sin(x)
    known = {}
    for result in oracle.results:
        assert known.setdefault(result.canonical, result.reward) == (
            result.reward
        )


def test_worker_idles_while_only_twins_of_running_functions_are_left():
    space = actfn.SearchSpace(unary=["identity"], binary=["add"])
    oracle = oracle_of(search.RandomPolicy(space))
    trial = oracle.create_trial("a")
    assert oracle.create_trial("b").status == "IDLE"
    end(oracle, trial, val_accuracy=0.5)
    assert oracle.create_trial("b").status == "STOPPED"
    assert oracle.create_trial("a").status == "STOPPED"
    assert not oracle.tuner_ids


def test_each_result_is_reported(capsys):
    seen = []
    oracle = oracle_of(on_result=seen.append)
    run(oracle, seeded_score)
    assert seen == oracle.results
    assert [r.order for r in seen] == list(range(len(seen)))
    assert len({r.trial for r in seen}) == len(seen)
    assert capsys.readouterr().out == ""


def test_display_prints_when_asked(capsys):
    run(oracle_of(verbose=1, max_trials=2))
    out = capsys.readouterr().out
    assert "Trial 2 Complete" in out
    assert "Best val_accuracy So Far: 0.5" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": "ppo"}, "`policy` must be a Policy"),
        ({"max_trials": 0}, "`max_trials` must be a positive integer"),
        ({"max_repeats": 0}, "`max_repeats`"),
        ({"floor": math.nan}, "`floor` must be a finite number"),
        ({"seed": -1}, "`seed` must be a non-negative"),
        ({"objective": "beauty"}, "Could not infer"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        oracle_of(**options)


# Resumption ----------------------------------------------------------------


class Untrained(keras_tuner.Tuner):
    """A tuner whose children cost nothing."""

    def run_trial(self, trial):
        if trial.trial_id == os.environ.get("KILL_AT"):
            os.kill(os.getpid(), signal.SIGKILL)
        return {"val_accuracy": seeded_score(trial)}


def untrained_search(folder, max_trials):
    policy = search.PPOPolicy(SPACE, seed=3, units=8, batch_size=4)
    oracle = oracle_of(policy, max_trials=max_trials)
    Untrained(oracle, directory=str(folder), project_name="p").search()
    return oracle


@pytest.mark.parametrize("kill_at", ["00000", "00017"])
def test_search_killed_mid_trial_goes_on_as_if_it_had_not_been(
    tmp_path, kill_at
):
    whole = untrained_search(tmp_path / "whole", 30)
    killed = subprocess.run(
        [sys.executable, __file__, str(tmp_path / "killed")],
        env={
            **os.environ,
            "KILL_AT": kill_at,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": str(pathlib.Path(actfn.__file__).parents[1]),
        },
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    resumed = untrained_search(tmp_path / "killed", 30)

    def rows(oracle):
        return [
            (r.trial, r.expression, r.reward, r.status, r.seed, r.order)
            for r in oracle.results
        ]

    assert rows(resumed) == rows(whole)
    assert resumed.policy.get_state() == whole.policy.get_state()
    assert [t.score for t in resumed.get_best_trials(5)] == [
        t.score for t in whole.get_best_trials(5)
    ]


def test_state_moves_between_oracles():
    oracle = oracle_of(max_trials=20)
    run(oracle, seeded_score, most=8)
    running = oracle.create_trial("tuner0")
    copy = oracle_of(max_trials=20)
    copy.set_state(json.loads(json.dumps(oracle.get_state())))
    retried = copy.create_trial("tuner0")
    assert retried.hyperparameters.values == running.hyperparameters.values
    for each, trial in ((oracle, running), (copy, retried)):
        end(each, trial, val_accuracy=0.5)
        run(each, seeded_score)
    assert [r.expression for r in copy.results] == [
        r.expression for r in oracle.results
    ]


def test_folder_of_another_search_is_refused(tmp_path):
    untrained_search(tmp_path, 2)
    other = oracle_of(search.RandomPolicy(SPACE, seed=3))
    with pytest.raises(ValueError, match="must hold the search"):
        Untrained(other, directory=str(tmp_path), project_name="p")


if __name__ == "__main__":
    untrained_search(sys.argv[1], 30)
