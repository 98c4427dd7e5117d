"""What children are trained on and judged by, and what a step of theirs is."""

import dataclasses

import keras
import keras_tuner
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

import experiments.tasks.image.child as child_module
from experiments import datasets
from experiments.tasks.image import training as child_training
from experiments.tasks.image.child import ChildResult, ChildTrainer, ImageChild
from experiments.tasks.image.recipe import PRESETS

QUICK = dataclasses.replace(PRESETS["quick"], steps=60)


@pytest.fixture(scope="module")
def trainer():
    return ChildTrainer(QUICK)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_splits_are_those_of_the_data(trainer, split):
    data = datasets.load(QUICK.dataset, validation=QUICK.validation)

    def pooled(images):
        blocks = images.reshape(-1, 14, 2, 14, 2, 1).astype(float)
        return np.round(blocks.mean(axis=(2, 4)))

    train = pooled(data.train.images)
    images, labels = trainer.images(split)
    examples = getattr(data, split)
    np.testing.assert_array_equal(labels, examples.labels)
    expected = (pooled(examples.images) - train.mean()) / train.std()
    np.testing.assert_allclose(images, expected, atol=1e-5)


def test_children_are_trained_on_training_images(trainer, monkeypatch):
    class SeenError(Exception):
        pass

    def stop(recipe, model, images, labels, seed):
        assert images is trainer.images("train")[0]
        assert labels is trainer.images("train")[1]
        assert (recipe, seed) == (QUICK, 7)
        raise SeenError

    monkeypatch.setattr(child_module, "descent_of", stop)
    for split in ("validation", "test"):
        with pytest.raises(SeenError):
            trainer.train("relu", 7, split)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_child_is_evaluated_on_all_of_a_split(trainer, split):
    images, labels = trainer.images(split)
    rule = np.random.default_rng(0).normal(size=(196, 10)).astype("float32")

    def model(images, training):
        assert not training
        return tf.reshape(images, (-1, 196)) @ rule

    logits = images.reshape(-1, 196) @ rule
    logs = logits - scipy.special.logsumexp(logits, axis=1, keepdims=True)
    found = trainer._evaluate(model, split)
    hits = logits.argmax(axis=1) == labels
    assert found.accuracy == pytest.approx(hits.mean())
    loss = -logs[np.arange(len(labels)), labels].mean()
    assert found.loss == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_session_names_the_split(split, monkeypatch):
    child = ImageChild(QUICK, reward="loss")
    calls = []

    def train(activation, seed, evaluate_on, report):
        calls.append((activation, seed, evaluate_on))
        return ChildResult(0.25, 1.5, 0.0, reason="why")

    monkeypatch.setattr(child.trainer, "train", train)
    hp = keras_tuner.HyperParameters()
    hp.Fixed("activation", "sin(x)")
    hp.Fixed("seed", 3)
    found = child(hp, split)
    assert calls == [("sin(x)", 3, split)]
    assert found == {"accuracy": 0.25, "loss": 1.5, "rejected": 0.0}
    assert hp.values["note"] == "why"


def one_step(change, monkeypatch, images, labels):
    """Returns the batch of the first step, and the model after it."""
    recipe = dataclasses.replace(QUICK, steps=1, **change)
    seen = []

    class Model(keras.Sequential):
        def call(self, inputs, training=None, mask=None):
            seen.append(inputs)
            return super().call(inputs, training=training)

    model = Model(
        [keras.layers.Flatten(), keras.layers.Dense(10, "linear", False)]
    )
    model.build((None, *images.shape[1:]))
    descent = child_training.descent_of(recipe, model, images, labels, 0)
    before = model.get_weights()[0]
    monkeypatch.setattr(descent, "_loop", descent._graph)
    assert descent.run_to(1)
    return seen[-1].numpy(), before, model.get_weights()[0], descent.losses[0]


@pytest.mark.parametrize("augment", [False, True])
def test_images_are_augmented_if_the_recipe_says_so(
    trainer, monkeypatch, augment
):
    images, labels = trainer.images("train")
    batch, *_ = one_step({"augment": augment}, monkeypatch, images, labels)
    order = child_training.epochs(len(images), 1, QUICK.batch_size, 0)[0]
    same = (batch == images[order]).all(axis=(1, 2, 3))
    if augment:
        assert same.mean() < 0.2
        # Pixels are moved and some are lost, none is new.
        assert np.isin(batch[batch != 0], images[order]).all()
    else:
        assert same.all()


def test_a_step_is_nesterovs_on_the_mean_cross_entropy(trainer, monkeypatch):
    images, labels = trainer.images("train")
    batch, before, after, loss = one_step({}, monkeypatch, images, labels)
    order = child_training.epochs(len(images), 1, QUICK.batch_size, 0)[0]
    inputs = batch.reshape(len(batch), -1).astype(float)
    shares = scipy.special.softmax(inputs @ before, axis=1)
    hot = np.eye(10)[labels[order]]
    assert loss == pytest.approx(
        -(np.log(shares) * hot).sum(axis=1).mean(), rel=1e-4
    )
    gradient = inputs.T @ (shares - hot) / len(batch)
    # The first of Nesterov's steps with momentum 0.9 is 1.9 gradients long.
    moved = QUICK.learning_rate * 1.9 * gradient
    np.testing.assert_allclose(before - after, moved, atol=1e-5)


def test_weight_decay_and_width_are_those_of_the_recipe():
    other = ChildTrainer(dataclasses.replace(QUICK, width=5, weight_decay=0.25))
    model = other.build("relu")
    weights = model.trainable_variables
    assert weights[0].shape[-1] == 5
    total = sum(float(loss) for loss in model.losses)
    squares = sum(np.sum(np.square(v.numpy())) for v in weights)
    assert total == pytest.approx(0.125 * squares, rel=1e-4)
