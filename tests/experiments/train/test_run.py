import numpy as np
import pytest

from actfn.search.books.tables import read_rows
from experiments.train.run import Run


def weights(run):
    return [np.array(v.numpy(), copy=True) for v in run.model.variables]


def equal(one, two):
    return all(map(np.array_equal, one, two))


class KilledError(Exception):
    pass


def kill_at(step):
    def progress(done, loss):
        if done >= step:
            raise KilledError

    return progress


def test_a_run_learns_and_keeps_what_it_did(task, change, tmp_path):
    recipe = change(steps=60)
    run = Run(task, recipe, "swish", 0.1, 0, tmp_path / "run")
    result = run.train()
    assert (result.status, result.trained_steps) == ("completed", 60)
    assert result.scores["test_accuracy"] > 0.2
    assert set(result.scores) == {
        "test_accuracy",
        "test_top5",
        "validation_accuracy",
    }
    assert result.parameters == run.model.count_params() - sum(
        np.prod(v.shape) for v in run.model.non_trainable_variables
    )
    curve = read_rows(tmp_path / "run" / "curve.csv")
    losses = [float(row["loss"]) for row in curve]
    assert [int(row["step"]) for row in curve] == list(range(1, 61))
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    assert list((tmp_path / "run" / "logs").iterdir())


def test_the_average_is_what_is_evaluated_and_saved(
    task, quick, tmp_path, monkeypatch
):
    seen = {}

    def evaluate(model, split):
        seen[split] = [v.numpy().copy() for v in model.weights]
        return {}

    monkeypatch.setattr(task, "evaluate", evaluate)
    run = Run(task, quick, "relu", 0.1, 0, tmp_path)
    run.train()
    average = [v.numpy() for v in run._learner.average.variables]
    assert equal(seen["validation"], average)
    assert equal(seen["test"], average)
    last = weights(run)
    run.model.load_weights(tmp_path / "final.weights.h5")
    assert not equal(weights(run), last)
    saved = [v.numpy() for v in run.model.weights]
    assert equal(saved, average)
    # Those of batch norm are among them, and moved with the weights.
    moving = [v for v in run.model.weights if "moving" in v.path]
    assert moving and len(average) == len(run.model.weights)


def test_a_resumed_run_ends_with_the_same_weights(task, quick, tmp_path):
    whole = Run(task, quick, "swish", 0.1, 3, tmp_path / "whole", every=3)
    whole.train()
    killed = Run(task, quick, "swish", 0.1, 3, tmp_path / "part", every=3)
    with pytest.raises(KilledError):
        killed.train(kill_at(5))
    resumed = Run(task, quick, "swish", 0.1, 3, tmp_path / "part", every=3)
    assert resumed.step == 3
    result = resumed.train()
    assert equal(weights(resumed), weights(whole))
    assert result.seconds > 0
    both = [
        read_rows(tmp_path / name / "curve.csv") for name in ("whole", "part")
    ]
    assert both[0] == both[1]


def test_seeds_differ(task, quick, tmp_path):
    runs = [
        Run(task, quick, "relu", 0.1, seed, tmp_path / str(seed))
        for seed in (0, 1)
    ]
    for run in runs:
        run.train()
    assert not equal(*map(weights, runs))


def test_a_finished_run_is_not_trained_again(task, quick, tmp_path):
    first = Run(task, quick, "relu", 0.1, 0, tmp_path)
    result = first.train()
    again = Run(task, quick, "relu", 0.1, 0, tmp_path)
    assert again.step == quick.steps
    assert again.train().scores == result.scores


def test_a_divergent_run_says_so_also_when_it_is_resumed(
    task, change, tmp_path
):
    recipe = change(average_decay=0.0)
    for _ in range(2):
        run = Run(task, recipe, "x ** 3", 1e6, 0, tmp_path, every=1)
        result = run.train()
        assert result.status == "diverged"
        assert result.trained_steps < recipe.steps
        assert result.scores["test_accuracy"] == 0


def test_a_folder_of_another_config_is_refused(task, quick, change, tmp_path):
    Run(task, quick, "relu", 0.1, 0, tmp_path)
    with pytest.raises(ValueError, match=r"batch_size=16 there, .*=8 now"):
        Run(task, change(batch_size=8), "relu", 0.1, 0, tmp_path)


def test_what_cannot_be_built_leaves_no_folder(task, quick, tmp_path):
    with pytest.raises(ValueError, match="swosh"):
        Run(task, quick, "swosh", 0.1, 0, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_named(task, quick, tmp_path):
    Run(task, quick, "relu", 0.1, 0, tmp_path).train()
    for path in (tmp_path / "checkpoints").glob("*.index"):
        path.write_bytes(b"broken")
    with pytest.raises(ValueError, match="should be a whole checkpoint"):
        Run(task, quick, "relu", 0.1, 0, tmp_path)
