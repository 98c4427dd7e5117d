"""What copies of layers take over: weights, flags, what adaptation made."""

from __future__ import annotations

import pathlib
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import keras

from actfn.surgery import interior
from actfn.surgery.compilation import compile_like
from actfn.surgery.graph import Surgeon


def _own_weights(layer: keras.Layer, apart: set[int]) -> list:
    return [weight for weight in layer.weights if id(weight) not in apart]


def _carry_over(old: keras.Layer, new: keras.Layer, apart: set[int]) -> None:
    """Copies the state of a layer; a scale that was not there stays 1."""
    ours, theirs = _own_weights(new, apart), _own_weights(old, apart)
    if [w.shape for w in ours] != [w.shape for w in theirs]:
        by_name = {weight.name: weight for weight in theirs}
        lost = by_name.keys() - {weight.name for weight in ours}
        if lost or len(by_name) < len(theirs):
            raise ValueError(
                "Argument `model` must have layers whose config makes the same "
                f"weights again. Received: model with {old!r}"
            )
        ours = [weight for weight in ours if weight.name in by_name]
        theirs = [by_name[weight.name] for weight in ours]
    for weight, value in zip(ours, theirs, strict=True):
        # A copy: JAX gives the arrays of a model that is trained away.
        weight.assign(keras.ops.copy(value))
        if weight.trainable != value.trainable:
            weight.trainable = value.trainable
    _carry_adapted(old, new)


def _carry_adapted(old: keras.Layer, new: keras.Layer) -> None:
    """Copies what `adapt` has made, such as a vocabulary, in a layer too."""
    if not hasattr(old, "adapt"):
        for pair in _inner_pairs(old, new):
            if hasattr(pair[0], "adapt"):
                _carry_adapted(*pair)
        return
    store: dict[str, Any] = {}
    old.save_own_variables(store)
    new.load_own_variables(store)
    if hasattr(old, "save_assets"):
        with tempfile.TemporaryDirectory() as folder:
            old.save_assets(folder)
            if any(pathlib.Path(folder).iterdir()):
                new.load_assets(folder)


def _inner_pairs(
    old: keras.Layer, new: keras.Layer
) -> Iterator[tuple[keras.Layer, keras.Layer]]:
    """Yields the layers in a layer with those of the same place in another."""
    there = dict(interior.walk(old))
    for path, slot in interior.walk(new):
        before = there.get(path)
        if all(isinstance(s and s.value, keras.Layer) for s in (before, slot)):
            yield before.value, slot.value


def _same_flags(old: keras.Layer, new: keras.Layer) -> None:
    """Makes a layer and all in it as trainable as they were."""
    new.trainable = old.trainable
    if not interior.is_model(new):
        for before, after in _inner_pairs(old, new):
            after.trainable = before.trainable


def finish(surgeon: Surgeon, keep_weights: bool) -> None:
    """Gives copies the flags and the state of what they were copied from.

    Args:
        surgeon: Has made the copies.
        keep_weights: Whether all state is carried over; if not, that of
            frozen and adapted layers is.

    Raises:
        ValueError: A weight has no place in a copy.
    """
    apart = {id(weight) for layer in surgeon.apart for weight in layer.weights}
    for old, new in surgeon.pairs:
        _same_flags(old, new)
        if interior.is_model(new):
            continue
        for before, after in _carried(old, new, keep_weights):
            build_like(old, new)
            for pair in _inner_pairs(old, new):
                if type(pair[0]) is type(pair[1]) and pair[0].built:
                    build_like(*pair)
            own = before in surgeon.apart
            _carry_over(before, after, set() if own else apart)
    for layer, trainable in surgeon.new:
        layer.trainable = trainable
    for model, copy in surgeon.models:  # an optimizer is of what is trained
        compile_like(model, copy)


def _carried(
    old: keras.Layer, new: keras.Layer, keep_weights: bool
) -> Iterator[tuple[keras.Layer, keras.Layer]]:
    """Yields a layer, or those in it, whose state the new one takes over.

    Always so where training does not make it: frozen layers, and those that
    were adapted to data, such as `Normalization` and `TextVectorization`.
    """
    if keep_weights or stays(old):
        pairs = [(old, new)]
    else:
        inner = _inner_pairs(old, new)
        pairs = [pair for pair in inner if stays(pair[0])]
    yield from (pair for pair in pairs if pair[0].built)


def stays(layer: keras.Layer) -> bool:
    """Whether training does not make a layer's state: frozen or adapted."""
    return not layer.trainable or hasattr(layer, "adapt")


def build_like(old: keras.Layer, new: keras.Layer) -> None:
    """Builds a layer for the inputs that another was built for."""
    if not new.built and old.get_build_config():
        with warnings.catch_warnings():
            # Of a model whose layers are built, which Keras does not see.
            warnings.simplefilter("ignore", UserWarning)
            new.build_from_config(old.get_build_config())
        new.built = True  # As Keras says after loading.
