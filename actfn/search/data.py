"""What children are trained and judged on, as `Model.fit` takes it."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

_HELD_OUT = 0.2
"""The share of the training arrays that is held out if nothing else is."""


@dataclasses.dataclass(frozen=True)
class Part:
    """Training, validation or test data.

    Attributes:
        x: Arrays (nested, if the model has several inputs), a data set of
            batches, or a function without arguments that returns one of these
            and is called once in each process.
        y: Targets, if `x` is arrays.
        sample_weight: Weights, if `x` is arrays.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None

    def arguments(self) -> dict[str, Any]:
        """Returns the arguments of `Model.fit` and `Model.evaluate`."""
        if _is_factory(self.x):
            made = _made(self.x)  # a generator serves one child alone
            return {"x": self.x()} if made is None else made.arguments()
        return {
            name: _readable(value)
            for name, value in vars(self).items()
            if name == "x" or value is not None
        }

    def for_fit(self) -> Any:
        """Returns what `validation_data` of `Model.fit` takes."""
        found = self.arguments()
        if "y" not in found:
            return found["x"]
        return tuple(found.values())

    def __getstate__(self) -> dict[str, Any]:
        x = _Graph(self.x) if _is_tf_data(self.x) else self.x
        return vars(self) | {"x": x}

    def __setstate__(self, state: dict[str, Any]) -> None:
        x = state["x"]
        state["x"] = x.dataset() if isinstance(x, _Graph) else x
        self.__dict__.update(state)


@dataclasses.dataclass(frozen=True)
class Parts:
    """All data of a search.

    Attributes:
        train: For `Model.fit`.
        validation: What the search judges by.
        test: What the confirmation judges by.
        note: Says in a sentence where `test` comes from.
    """

    train: Part
    validation: Part
    test: Part
    note: str


class Batches(keras.utils.PyDataset):
    """Batches that lie in memory, as a data set of any backend.

    Args:
        batches: Of each (x, y) or (x, y, weights), in any nesting of arrays.
        digest: What tells the examples from others, in whatever order.
    """

    def __init__(self, batches: list[Any], digest: str):
        super().__init__()
        self._batches = batches
        self.digest = digest

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Any:
        return _readable(self._batches[index])


def divide(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    validation_data: Any = None,
    validation_split: float = 0.0,
    test_data: Any = None,
    seed: int = 0,
) -> Parts:
    """Makes the parts of a search from what `Model.fit` takes.

    Without `validation_data`, the last `validation_split` of the arrays is
    held out, as Keras does, or a fifth at random. Without `test_data`, half of
    the validation data is kept for the confirmation; where they cannot be
    divided, both judge by the same data and `note` says so.

    Raises:
        ValueError: Arrays differ in length, or there is nothing to judge by.
    """
    train = part((x, y, sample_weight), "x")
    if validation_data is None:
        train, validation = _hold_out(train, validation_split, seed)
    else:
        validation = part(_given(validation_data), "validation_data")
    if test_data is not None:
        test = part(_given(test_data), "test_data")
        return Parts(train, validation, test, "Confirmed on `test_data`.")
    halves = _halves(validation, seed)
    if halves is None:
        note = (
            "The validation data could not be divided: the confirmation has "
            "fresh seeds, but the same data as the search. Pass `test_data` "
            "for data that the search never saw."
        )
        return Parts(train, validation, validation, note)
    note = (
        "Confirmed on half of the validation data, which the search never saw."
    )
    return Parts(train, *halves, note)


def _given(data: Any) -> Any:
    """Returns (x, y) of a list as well, as Keras does."""
    return tuple(data) if isinstance(data, list) else data


def part(data: Any, name: str = "data") -> Part:
    """Returns data as a `Part`.

    Args:
        data: A data set, or (x,), (x, y) or (x, y, sample_weight).
        name: The argument, for errors.

    Raises:
        ValueError: A generator, which ends with the first child, or arrays
            that differ in length.
    """
    values = data if isinstance(data, tuple) else (data,)
    values = [*values, None, None][:3]
    x = values[0]
    if _is_iterator(x):
        raise ValueError(
            f"`{name}` must serve many children, and a generator ends with the "
            "first: pass a function that returns a new one. "
            f"Received: {type(x).__name__}"
        )
    if _is_data_set(x) or _is_factory(x):
        if any(value is not None for value in values[1:]):
            raise ValueError(
                f"`{name}` must be a data set alone, whose batches have y and "
                "the weights of examples. Received: a data set, and y or "
                "`sample_weight` beside it"
            )
        return Part(x)
    arrays = [None if v is None else _arrays(v) for v in values]
    flat = keras.tree.flatten(arrays)
    if x is None or any(a is not None and not a.ndim for a in flat):
        raise ValueError(
            f"`{name}` must be arrays with one row for each example, or a data "
            "set of batches, as sparse and ragged data need. Received: "
            f"{', '.join(type(v).__name__ for v in values if v is not None)}"
        )
    lengths = [len(a) for a in flat if a is not None]
    if len(set(lengths)) != 1:
        raise ValueError(
            f"The arrays of `{name}` must be of one length. "
            f"Received: lengths {', '.join(map(str, lengths))}"
        )
    return Part(*arrays)


def _hold_out(train: Part, share: float, seed: int) -> tuple[Part, Part]:
    if _is_data_set(train.x) or _is_factory(train.x):
        raise ValueError(
            "`validation_data` is needed where `x` is a data set, since "
            "functions are judged by it. Received: None"
        )
    if not isinstance(share, int | float) or not 0 <= share < 1:
        raise ValueError(
            "`validation_split` must be from 0 up to, and without, 1. "
            f"Received: {share!r}"
        )
    count = len(keras.tree.flatten(train.x)[0])
    order = np.arange(count)
    if share:
        first = math.floor(count * (1 - share))  # as Keras does
    else:
        order = _permutation(count, seed)
        first = count - int(count * _HELD_OUT)
    if first in (0, count):
        raise ValueError(
            f"`validation_data` is needed for so little data. Received: {count}"
            " examples"
        )
    return _take(train, np.sort(order[:first])), _take(train, order[first:])


def _halves(validation: Part, seed: int) -> tuple[Part, Part] | None:
    """Divides validation data at random; None where that cannot be done."""
    if _is_factory(validation.x):
        return None
    if not _is_data_set(validation.x):
        count = len(keras.tree.flatten(validation.x)[0])
        if count < 2:
            return None
        order = _permutation(count, seed)
        half = count // 2
        return _take(validation, order[half:]), _take(validation, order[:half])
    batches = _in_memory(validation.x)
    if batches is None:
        return None
    # By what the examples are: a set that shuffles itself has the same halves
    # whenever it is read, also by the process that goes on with a search.
    marks = [_marks(batch, seed) for batch in batches]
    every = np.sort(np.concatenate(marks)) if marks else np.empty(0)
    if len(every) < 2 or every[0] == every[-1]:
        return None
    middle = every[len(every) // 2]
    if middle == every[0]:  # many are equal: all others are the second half
        middle = every[every > middle][0]
    halves = []
    for is_in in (np.greater_equal, np.less):
        chosen = [np.flatnonzero(is_in(mark, middle)) for mark in marks]
        kept = np.concatenate(
            [m[rows] for m, rows in zip(marks, chosen, strict=True)]
        )
        halves.append(
            Batches(
                [
                    _rows(batch, rows)
                    for batch, rows in zip(batches, chosen, strict=True)
                    if len(rows)
                ],
                hashlib.sha256(np.sort(kept).tobytes()).hexdigest()[:8],
            )
        )
    return Part(halves[0]), Part(halves[1])


def _marks(batch: Any, seed: int) -> np.ndarray:
    """Returns a number for each example, by its content and the seed."""
    columns = keras.tree.flatten(batch)
    key = str(seed).encode()
    found = []
    for row in zip(*columns, strict=True):
        told = hashlib.blake2b(key, digest_size=8)
        for value in map(np.asarray, row):
            is_text = value.dtype.kind in "OSU"
            told.update(
                repr(value.tolist()).encode() if is_text else value.tobytes()
            )
        found.append(int.from_bytes(told.digest(), "big"))
    return np.array(found, np.uint64)


def _in_memory(data: Any) -> list[Any] | None:
    """Returns a data set's batches as arrays; None if it has no end."""
    if _is_tf_data(data) and int(data.cardinality()) < 0:
        return None
    try:
        length = len(data)
    except TypeError:
        return None
    batches: Iterator = (
        (data[i] for i in range(length))
        if isinstance(data, keras.utils.PyDataset)
        else iter(data)
    )
    found = [
        _arrays(tuple(batch) if isinstance(batch, tuple | list) else (batch,))
        for batch in batches
    ]
    parts = keras.tree.flatten(found)
    # Ragged ones have no rows as arrays.
    return found if all(np.ndim(part) for part in parts) else None


def _permutation(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng((seed, 17)).permutation(count)


def _take(data: Part, rows: np.ndarray) -> Part:
    return Part(
        *(
            None if v is None else _rows(v, rows)
            for v in (data.x, data.y, data.sample_weight)
        )
    )


def _rows(nested: Any, rows: np.ndarray) -> Any:
    return keras.tree.map_structure(lambda a: a[rows], nested)


def _arrays(nested: Any) -> Any:
    if isinstance(nested, list) and not any(map(_is_array, nested)):
        nested = np.asarray(nested)
    return keras.tree.map_structure(_array, nested)


def _array(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):  # a PyTorch tensor
        value = value.detach().cpu()
    return np.asarray(value)


def _readable(nested: Any) -> Any:
    """Returns arrays of text as TensorFlow's, which alone Keras reads."""

    def one(array: Any) -> Any:
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "OSU":
            return array
        import tensorflow as tf

        return tf.constant(array)

    return keras.tree.map_structure(one, nested)


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__")


def _is_iterator(value: Any) -> bool:
    """Whether it ends when it has been read once, as a generator does."""
    return hasattr(value, "__next__") and not _is_array(value)


def is_arrays(part: Part) -> bool:
    """Tells whether a part is arrays, not a data set that makes batches."""
    x = part.arguments()["x"]
    return not _is_data_set(x) and not _is_iterator(x)


def has_no_end(part: Part) -> bool:
    """Tells whether a part is a data set that Keras knows to be endless."""
    data = part.arguments()["x"]
    if isinstance(data, keras.utils.PyDataset):
        return data.num_batches is None
    return _is_tf_data(data) and int(data.cardinality()) == -1


def _is_tf_data(value: Any) -> bool:
    names = {f"{t.__module__}.{t.__name__}" for t in type(value).__mro__}
    return "tensorflow.python.data.ops.dataset_ops.DatasetV2" in names


def _is_data_set(value: Any) -> bool:
    is_loader = any(
        t.__module__.startswith("torch.utils.data") for t in type(value).__mro__
    )
    is_keras = isinstance(value, keras.utils.PyDataset)
    return is_keras or is_loader or _is_tf_data(value)


def _is_factory(value: Any) -> bool:
    return callable(value) and not _is_array(value) and not _is_data_set(value)


_MADE: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
"""What functions have made, for as long as they are there themselves."""


def _made(factory: Callable[[], Any]) -> Part | None:
    """Returns what a factory makes, once a process; None for a generator."""
    if factory not in _MADE:
        made = factory()
        _MADE[factory] = None if _is_iterator(made) else part(made)
    return _MADE[factory]


class _Graph:
    """A `tf.data.Dataset` on its way to another process."""

    def __init__(self, data: Any):
        import tensorflow as tf

        variant = tf.data.experimental.to_variant(data)
        # 1: random states are not part of it; each process has its own.
        graph = tf.raw_ops.DatasetToGraphV2(
            input_dataset=variant, external_state_policy=1
        )
        self._graph, self._spec = graph.numpy(), data.element_spec
        self._cardinality = int(data.cardinality())

    def dataset(self) -> Any:
        """Returns the data set, in the process that it came to."""
        import tensorflow as tf

        made = tf.data.experimental.from_variant(
            tf.raw_ops.DatasetFromGraph(graph_def=self._graph), self._spec
        )
        length = tf.data.experimental.assert_cardinality(self._cardinality)
        return made.apply(length) if self._cardinality >= 0 else made
