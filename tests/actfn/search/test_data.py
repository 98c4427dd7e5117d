"""What `find` trains and judges on, for all that `Model.fit` takes."""

import gc
import weakref

import cloudpickle
import keras
import numpy as np
import pytest

from actfn.search.data import divide, is_arrays, part
from actfn.search.identity import of_data

X = np.arange(40, dtype="float32").reshape(20, 2)
Y = np.arange(20)


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        rows = slice(4 * index, 4 * index + 4)
        return X[rows], Y[rows]


def targets(found):
    """All targets of a part, in order."""
    values = found.arguments()
    if "y" in values:
        return sorted(values["y"])
    return sorted(t for i in range(len(values["x"])) for t in values["x"][i][1])


def test_a_fifth_is_held_out_and_halved():
    parts = divide(X, Y, seed=3)
    every = [targets(p) for p in (parts.train, parts.validation, parts.test)]
    assert [len(each) for each in every] == [16, 2, 2]
    assert sorted([*every[0], *every[1], *every[2]]) == list(range(20))
    assert "never saw" in parts.note
    again = divide(X, Y, seed=3)
    assert targets(again.test) == targets(parts.test)


def test_the_validation_split_is_keras_own():
    parts = divide(X, Y, validation_split=0.25)
    assert targets(parts.train) == list(range(15))
    held = targets(parts.validation) + targets(parts.test)
    assert sorted(held) == [15, 16, 17, 18, 19]


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3, 0.33, 0.5, 0.72])
@pytest.mark.parametrize("count", [10, 13, 20])
def test_the_validation_split_rounds_as_keras_does(count, share):
    class Spy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.seen = logs["seen"], logs["val_seen"]

    def seen(y, predicted):
        return y

    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[seen])
    spy, y = Spy(), np.arange(count, dtype="float32")[:, None]
    model.fit(
        y, y, batch_size=count, validation_split=share, callbacks=[spy],
        verbose=0,
    )  # fmt: skip
    parts = divide(y, y, validation_split=share)
    held = [*parts.validation.y.ravel()]
    held += [] if parts.test is parts.validation else [*parts.test.y.ravel()]
    ours = np.mean(parts.train.y), np.mean(held)
    assert ours == pytest.approx(spy.seen)


def test_weights_and_several_inputs_stay_together():
    x = {"a": X, "b": X + 100}
    weights = Y / 10
    parts = divide(x, Y, weights, validation_data=(x, Y, weights))
    got = parts.test.arguments()
    np.testing.assert_array_equal(got["x"]["a"], X[got["y"]])
    np.testing.assert_array_equal(got["x"]["b"], X[got["y"]] + 100)
    np.testing.assert_array_equal(got["sample_weight"], got["y"] / 10)


class Shuffled(keras.utils.PyDataset):
    """All examples in an order of each reader's, as image folders come."""

    def __init__(self, order, size):
        super().__init__()
        self.order, self.size = order, size

    def __len__(self):
        return -(-len(self.order) // self.size)

    def __getitem__(self, index):
        rows = self.order[self.size * index : self.size * (index + 1)]
        return X[rows], Y[rows]


@pytest.mark.parametrize("size", [1, 3, 4, 20])
def test_the_halves_of_a_data_set_do_not_depend_on_its_order(size):
    """The process that goes on with a search reads it in another one."""
    first, again, other = (
        divide(X, Y, validation_data=Shuffled(order, size), seed=seed)
        for order, seed in (
            (np.arange(20), 1),
            (np.random.default_rng(0).permutation(20), 1),
            (np.arange(20), 2),
        )
    )
    assert "never saw" in first.note
    halves = targets(first.validation), targets(first.test)
    assert [*map(len, halves)] == [10, 10]
    assert sorted([*halves[0], *halves[1]]) == [*range(20)]
    assert (targets(again.validation), targets(again.test)) == halves
    assert targets(other.test) != halves[1]
    told = [of_data(each.test) for each in (first, again, other)]
    assert told[0] == told[1] != told[2]
    assert of_data(first.validation) != told[0]


def test_equal_examples_are_in_one_half_and_others_are_found_anew():
    order = np.array([3, 3, 3, 3, 3, 5])
    parts = divide(X, Y, validation_data=Shuffled(order, 2))
    assert sorted([targets(parts.validation), targets(parts.test)]) == [
        [3] * 5,
        [5],
    ]
    alike = divide(X, Y, validation_data=Shuffled(order[:4], 2))
    assert alike.test is alike.validation


def test_a_function_may_return_generators():
    started = []

    def batches():
        started.append(1)
        yield X, Y

    found = part(lambda: batches())
    assert not is_arrays(found)
    assert of_data(found) == of_data(part(lambda: batches())) == "generator"
    assert next(found.arguments()["x"])[0] is X and len(started) == 1


def test_what_functions_made_is_there_as_long_as_they_are():
    kept = np.zeros((4, 2))

    def load():
        return kept, np.zeros(4)

    held = weakref.ref(load)
    found = part(load)
    assert found.arguments()["x"] is found.arguments()["x"]
    del load, found
    gc.collect()
    assert held() is None


def test_what_cannot_be_divided_is_said():
    parts = divide(X, Y, validation_data=lambda: Sequence())
    assert parts.test is parts.validation
    assert "could not be divided" in parts.note
    assert targets(parts.test) == list(range(20))


def test_given_test_data_are_taken_as_they_are():
    parts = divide(X, Y, validation_data=(X, Y), test_data=(X[:3], Y[:3]))
    assert targets(parts.validation) == list(range(20))
    assert targets(parts.test) == [0, 1, 2]


def test_a_list_of_inputs_and_targets_is_read_as_keras_does():
    parts = divide(X, Y, validation_data=[X, Y], test_data=[X[:3], Y[:3]])
    assert targets(parts.validation) == list(range(20))
    assert targets(parts.test) == [0, 1, 2]


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="needs tf.data"
)
@pytest.mark.parametrize("nested", [lambda x: x, lambda x: {"in": x}])
def test_a_data_set_without_targets_is_halved_by_examples(nested):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(X).map(nested).batch(5)
    parts = divide(data, validation_data=data)
    sizes = []
    for one in (parts.validation, parts.test):
        for (x,) in (one.x[n] for n in range(len(one.x))):
            (x,) = keras.tree.flatten(x)
            assert x.shape[1:] == X.shape[1:]
            sizes.append(len(x))
    assert sum(sizes) == 20 and len(parts.test.x) > 1
    assert sum(len(keras.tree.flatten(b)[0]) for b in parts.test.x) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": X, "y": Y[:7]}, "one length. Received: lengths 20, 7"),
        ({"x": X, "y": Y, "validation_data": (X, Y[:7])}, "validation_data"),
        ({"x": iter([(X, Y)])}, "function that returns a new one"),
        ({"x": Sequence()}, "`validation_data` is needed"),
        ({"x": X[:2], "y": Y[:2]}, "so little data"),
        ({"x": X, "y": Y, "validation_split": 1.5}, "from 0 up to"),
        (
            {"x": Sequence(), "y": Y, "validation_data": (X, Y)},
            "a data set alone.*y or `sample_weight` beside it",
        ),
        (
            {"x": Sequence(), "sample_weight": Y, "validation_data": (X, Y)},
            "a data set alone",
        ),
        (
            {"x": X, "y": Y, "validation_data": (Sequence(), Y)},
            "`validation_data` must be a data set alone",
        ),
    ],
)
def test_bad_data_end_with_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        divide(**arguments)
    assert "\n" not in str(error.value)


def test_lists_are_arrays():
    found = part(([[1.0, 2.0], [3.0, 4.0]], [0, 1])).arguments()
    assert found["x"].shape == (2, 2) and found["y"].shape == (2,)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="needs tf.data"
)
def test_a_tf_data_set_travels_with_its_augmentation():
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(20).batch(4)
    data = data.map(lambda x, y: (x + tf.random.uniform(()), y)).prefetch(1)
    copy = cloudpickle.loads(cloudpickle.dumps(part(data)))
    first, second = (
        {int(y): x for xs, ys in copy.x for x, y in zip(xs, ys, strict=True)}
        for _ in range(2)
    )
    assert int(copy.x.cardinality()) == 5
    assert sorted(first) == sorted(second) == list(range(20))
    for y in range(20):
        shift = first[y] - X[y]
        assert np.all((shift >= 0) & (shift < 1.001))
    assert any(not np.allclose(first[y], second[y]) for y in range(20))
    parts = divide(data, validation_data=data)
    assert len(targets(parts.test)) == 10


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="needs tf.data"
)
def test_ragged_batches_are_not_divided():
    import tensorflow as tf

    ragged = tf.ragged.constant([[1.0], [2.0, 3.0], [4.0], [5.0, 6.0]])
    data = tf.data.Dataset.from_tensor_slices((ragged, Y[:4])).batch(2)
    parts = divide(data, validation_data=data)
    assert parts.test is parts.validation
    assert "could not be divided" in parts.note
