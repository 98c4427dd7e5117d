import numpy as np
import pytest
import tensorflow as tf

from experiments.datasets.images import ImageDataset, Split
from experiments.datasets.streams import ArraySource

COUNT = 37


@pytest.fixture
def source():
    labels = np.arange(COUNT, dtype=np.int32)
    images = np.zeros((COUNT, 2, 2, 1), np.uint8) + labels[:, None, None, None]
    split = Split(images.astype(np.uint8), labels)
    classes = tuple(map(str, range(COUNT)))
    return ArraySource(ImageDataset("n", split, split, split, classes, "here"))


def taken(source, start, count, seed=0):
    stream = source.training(start, seed).take(count).as_numpy_iterator()
    numbers, images, labels = zip(*stream, strict=True)
    assert all(
        (i == label).all() for i, label in zip(images, labels, strict=True)
    )
    assert list(numbers) == list(range(start, start + count))
    return [int(label) for label in labels]


def test_every_epoch_has_each_image_once_in_another_order(source):
    order = taken(source, 0, 3 * COUNT)
    epochs = [order[start : start + COUNT] for start in (0, COUNT, 2 * COUNT)]
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert taken(source, 0, COUNT, seed=1) != epochs[0]


def test_the_order_is_tensorflows_shuffle_of_each_epoch(source):
    order = taken(source, 0, 2 * COUNT, seed=5)
    for number, label in enumerate(order):
        epoch, index = divmod(number, COUNT)
        expected = tf.random.experimental.index_shuffle(
            index, [5, epoch], COUNT - 1
        )
        assert label == expected


@pytest.mark.parametrize("start", [1, COUNT - 1, COUNT, 2 * COUNT + 5])
def test_it_goes_on_where_one_likes(source, start):
    assert taken(source, start, 20) == taken(source, 0, start + 20)[start:]


def test_evaluation_is_in_order_and_limited(source):
    labels = [int(y) for _, y in source.evaluation("test", 5)]
    assert labels == list(range(5))
    assert len(list(source.evaluation("validation"))) == COUNT
