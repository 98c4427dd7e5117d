import itertools

import numpy as np
import pytest
import tensorflow as tf

from experiments import datasets
from experiments.datasets import inception, streams
from experiments.train import session


def test_a_model_sees_images_of_the_chosen_size(task, change):
    half = session.make_task(change(image_size=14))
    images, labels = next(iter(half.batches(0, 0)))
    assert images.shape == (16, 14, 14, 1)
    whole, same = next(iter(task.batches(0, 0)))
    assert (labels.numpy() == same.numpy()).all()
    blocks = whole.numpy().reshape(16, 14, 2, 14, 2, 1).mean(axis=(2, 4))
    assert images.numpy() == pytest.approx(blocks, abs=1e-5)


@pytest.mark.parametrize("size", [13, 56])
def test_an_image_size_that_does_not_divide_is_refused(change, size):
    with pytest.raises(ValueError, match=f"28 x 28. Received: {size}"):
        session.make_task(change(image_size=size))


def test_a_negative_image_size_is_refused(change):
    with pytest.raises(ValueError, match="image_size should be 0 or more"):
        change(image_size=-2)


def test_a_batch_of_more_images_than_there_are_is_refused(change):
    with pytest.raises(
        ValueError, match=r"at most .* images, \d+\. Received: 16001"
    ):
        session.make_task(change(batch_size=16_001))


def cross_entropy(logits, labels, smoothing=0.0):
    """By NumPy: the target is one-hot, a share spread over all classes."""
    logits = np.asarray(logits, np.float64)
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    classes = logits.shape[-1]
    targets = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    return -(targets * logs).sum(axis=-1)


LOGITS = np.random.default_rng(0).normal(size=(2, 6, 10)).astype("float32")
LABELS = np.array([0, 1, 2, 3, 9, 9])


def test_the_loss_smooths_labels(change):
    loss = session.make_task(change(label_smoothing=0.3)).loss
    expected = cross_entropy(LOGITS[0], LABELS, 0.3).mean()
    found = float(loss(tf.constant(LOGITS[0]), tf.constant(LABELS)))
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_auxiliary_heads_loss_is_weighted(change):
    loss = session.make_task(change(auxiliary_weight=0.4)).loss
    outputs = {"logits": LOGITS[0], "auxiliary": LOGITS[1]}
    main, side = (cross_entropy(each, LABELS).mean() for each in LOGITS)
    found = float(loss(tf.nest.map_structure(tf.constant, outputs), LABELS))
    assert found == pytest.approx(main + 0.4 * side, rel=1e-5)


def windows(image, mode):
    """All that a shift by up to 4 pixels and a mirror make of an image."""
    height, width, _ = image.shape
    padded = np.pad(image, [(4, 4), (4, 4), (0, 0)], mode)
    for top, left in itertools.product(range(9), repeat=2):
        window = padded[top : top + height, left : left + width]
        yield (top, left, False), window
        yield (top, left, True), window[:, ::-1]


@pytest.mark.parametrize("padding", ["constant", "reflect"])
def test_training_images_are_shifted_and_mirrored(change, padding):
    task = session.make_task(change(padding=padding))
    images, labels = next(iter(task.batches(0, 0)))
    data = datasets.load("fashion_mnist_subset", validation=0.01)
    plain = datasets.standardise(
        data.train.images, *datasets.channel_statistics(data.train.images)
    )
    stream = streams.ArraySource(data).training(0, 0)
    origins = [raw.numpy() for _, raw, _ in stream.take(16)]
    views = set()
    for image, raw, label in zip(images.numpy(), origins, labels, strict=True):
        (number,) = np.flatnonzero((data.train.images == raw).all((1, 2, 3)))
        assert label == data.train.labels[number]
        views |= {
            view
            for view, window in windows(plain[number], padding)
            if np.abs(window - image).max() < 1e-4
        }
    assert len(views) > 12
    assert {mirrored for *_, mirrored in views} == {False, True}


def test_inception_trains_on_views_and_evaluates_the_middle(change):
    recipe = change(preprocessing="inception", image_size=32)
    task = session.make_task(recipe)
    (first, _), (second, _) = (
        next(iter(task.batches(0, seed))) for seed in (0, 1)
    )
    assert first.shape == (16, 32, 32, 3)
    assert np.abs(first).max() <= 1
    again, _ = next(iter(task.batches(0, 0)))
    np.testing.assert_array_equal(first, again)
    _, image, _ = next(iter(task._source.training(0, 0)))
    middle = inception.evaluation_view(image, 32)
    assert np.abs(first[0] - middle).mean() > 0.05
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_scores_are_of_the_split_and_of_whole_images(change, split):
    task = session.make_task(change(validation=0.02, evaluation_limit=0))
    data = datasets.load("fashion_mnist_subset", validation=0.02)
    examples = getattr(data, split)
    images = datasets.standardise(
        examples.images, *datasets.channel_statistics(data.train.images)
    )
    rule = np.random.default_rng(1).normal(size=(784, 10)).astype("float32")

    def model(images, training):
        assert not training
        return tf.reshape(images, (-1, 784)) @ rule

    order = np.argsort(-(images.reshape(-1, 784) @ rule), axis=1)
    hits = order == examples.labels[:, None]
    scores = task.evaluate(model, split)
    assert scores[f"{split}_accuracy"] == pytest.approx(hits[:, 0].mean())
    if split == "test":
        assert scores["test_top5"] == pytest.approx(hits[:, :5].sum(1).mean())
