"""Children learn, repeat under their seed and notice divergence."""

import dataclasses
import gc

import numpy as np
import pytest
import tensorflow as tf

import experiments.tasks.image.child as child_module
from actfn.search.seeds import derived_seed
from experiments.tasks.image import training as child_training
from experiments.tasks.image.child import ChildTrainer
from experiments.tasks.image.recipe import PRESETS

QUICK = dataclasses.replace(PRESETS["quick"], steps=60)


@pytest.fixture(scope="module")
def trainer():
    return ChildTrainer(QUICK)


def test_a_child_learns_and_repeats_under_its_seed(trainer):
    first, again = trainer.train("relu", 3), trainer.train("relu", 3)
    other = trainer.train("relu", 4)
    assert first.accuracy > 0.5 and first.loss < 1.5
    assert (again.accuracy, again.loss) == (first.accuracy, first.loss)
    assert other.loss != first.loss


def test_a_diverged_child_is_told_at_once():
    trainer = ChildTrainer(
        dataclasses.replace(QUICK, screen=False, learning_rate=1e4)
    )
    result = trainer.train("x ** 3", 0)
    assert result.diverged and np.isnan(result.accuracy)
    assert not result.rejected and "not finite at step" in result.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("exp(exp(x ** 2))", "not finite on standard-normal inputs"),
        ("beta * 3", "constant on standard-normal inputs"),
        ("cosh(x) * x ** 3", "not finite before training"),
    ],
)
def test_hopeless_children_are_not_trained(trainer, monkeypatch, text, reason):
    monkeypatch.setattr(child_module, "descent_of", None)
    result = trainer.train(text, 0)
    assert result.rejected and not result.diverged
    assert result.reason == reason and np.isnan(result.accuracy)


def test_who_only_guesses_is_given_up():
    trainer = ChildTrainer(dataclasses.replace(QUICK, learning_rate=1e-12))
    result = trainer.train("relu", 0)
    assert result.rejected and not result.diverged
    assert result.reason == "no better than guessing after 50 steps"
    assert 0 <= result.accuracy < 0.4


def test_screening_changes_no_child_that_finishes(trainer):
    plain = ChildTrainer(dataclasses.replace(QUICK, screen=False))
    first, second = plain.train("swish", 5), trainer.train("swish", 5)
    assert (first.accuracy, first.loss) == (second.accuracy, second.loss)
    assert first.reason == second.reason == ""


def test_rungs_are_reported_and_may_end_a_child():
    trainer = ChildTrainer(dataclasses.replace(QUICK, rungs=(0.5, 0.2)))
    seen = []

    def report(step, found):
        seen.append((step, found.accuracy))
        return len(seen) < 2

    result = trainer.train("relu", 1, report=report)
    assert [step for step, _ in seen] == [12, 30]
    assert result.rejected and result.accuracy == seen[-1][1]
    assert result.reason == "among the worse after 30 steps"


def test_repeats_are_averaged(trainer):
    twice = ChildTrainer(dataclasses.replace(QUICK, children=2))
    seeds = [3, derived_seed(3, 11)]
    singles = [trainer.train("relu", seed) for seed in seeds]
    both = twice.train("relu", 3)
    for name in ("accuracy", "loss"):
        values = [getattr(single, name) for single in singles]
        assert values[0] != values[1]
        assert getattr(both, name) == pytest.approx(np.mean(values))


def test_children_that_are_gone_leave_no_graphs(trainer):
    def graphs():
        gc.collect()
        # By type: some objects of TFDS import things when they are asked.
        return sum(issubclass(type(o), tf.Graph) for o in gc.get_objects())

    trainer.train("swish", 0)
    before = graphs()
    trainer.train("swish", 1)
    assert graphs() <= before


def test_test_images_are_other_images(trainer):
    validation = trainer.train("swish", 0)
    test = trainer.train("swish", 0, evaluate_on="test")
    assert test.loss != validation.loss
    assert test.accuracy == pytest.approx(validation.accuracy, abs=0.1)


def test_the_child_is_the_papers_up_to_length():
    recipe = PRESETS["paper"]
    assert (recipe.model, recipe.dataset) == ("resnet20", "cifar10")
    assert recipe.steps == 10_000


def test_every_epoch_holds_every_image_once():
    batches = child_training.epochs(100, steps=10, batch=20, seed=1)
    assert batches.shape == (10, 20)
    first, second = batches[:5].ravel(), batches[5:].ravel()
    assert sorted(first) == sorted(second) == list(range(100))
    assert list(first) != list(second)


def test_pooling_by_hand():
    images = np.arange(2 * 5 * 4 * 1, dtype=np.uint8).reshape(2, 5, 4, 1)
    pooled = child_module._pool(images, 2)
    assert pooled.shape == (2, 2, 2, 1)
    assert pooled[0, 0, 0, 0] == round((0 + 1 + 4 + 5) / 4)
    with pytest.raises(ValueError, match="pooling"):
        child_module._pool(images, 9)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"dataset": "nosuch"}, "fashion_mnist_subset"), ({"pooling": 50}, "28")],
)
def test_bad_recipes(change, word):
    with pytest.raises(ValueError, match=word):
        ChildTrainer(dataclasses.replace(QUICK, **change))
