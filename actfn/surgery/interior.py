"""Activations inside of layers: in wrappers, cells, blocks, subclasses."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections.abc import Iterator
from typing import Any

import keras

from actfn.surgery.sites import (
    FUSED,
    NO_ACTIVATION,
    activation_name,
    from_library,
    is_activation,
    is_activation_layer,
)

Path = tuple[str, ...]


@functools.cache
def _housekeeping() -> frozenset[str]:
    """Returns what every layer and model has as attributes."""
    return frozenset({*vars(keras.Model()), *vars(keras.Layer())})


@dataclasses.dataclass(frozen=True)
class Slot:
    """Where a layer holds something: an attribute, or an item of one.

    The holder of a tuple's item is the slot that has the tuple.
    """

    owner: keras.Layer
    holder: Any
    key: Any
    path: Path
    value: Any

    def put(self, value: Any) -> None:
        """Holds `value` instead."""
        # Some layers are built as they are made, and locked since then.
        self.owner._tracker.unlock()
        if self.holder is self.owner:
            setattr(self.owner, self.key, value)
        elif isinstance(self.holder, Slot):
            items = [*self.holder.now()]
            items[self.key] = value
            kind = self.holder.value.__class__  # TensorFlow wraps tuples
            self.holder.put(getattr(kind, "_make", kind)(items))
        else:
            self.holder[self.key] = value

    def now(self) -> Any:
        """Returns what is held now, after others may have put something."""
        if self.holder is self.owner:
            return getattr(self.owner, self.key)
        held = self.holder
        return (held.now() if isinstance(held, Slot) else held)[self.key]


def attributes(layer: keras.Layer) -> dict[str, Any]:
    """Returns what a layer holds, an activation before what it is handed to.

    On PyTorch layers lie apart from the other attributes.
    """
    modules = getattr(layer, "_modules", {})
    inner = {k: v for k, v in modules.items() if isinstance(v, keras.Layer)}
    own = vars(layer)
    first = {k: v for k, v in own.items() if inner and k.endswith("activation")}
    return {**first, **inner, **own}


def slots(layer: keras.Layer) -> Iterator[Slot]:
    """Yields where a layer holds what its class gave it."""
    for key, value in attributes(layer).items():
        if key not in _housekeeping() and not key.startswith("_self_"):
            yield from _items(layer, layer, key, (key,), value)


def _items(
    owner: keras.Layer, holder: Any, key: Any, path: Path, value: Any
) -> Iterator[Slot]:
    if isinstance(value, tuple):
        whole = Slot(owner, holder, key, path, value)
        for inner, item in enumerate(value):
            yield from _items(owner, whole, inner, (*path, str(inner)), item)
    elif isinstance(value, (list, dict)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for inner, item in list(pairs):
            yield from _items(owner, value, inner, (*path, str(inner)), item)
    else:
        yield Slot(owner, holder, key, path, value)


def is_site(slot: Slot) -> bool:
    """Tells whether a slot holds an activation that does something."""
    key = next(part for part in reversed(slot.path) if not part.isdigit())
    return (
        is_activation(key, slot.value)
        and activation_name(slot.value) not in NO_ACTIVATION
    )


def walk(layer: keras.Layer) -> Iterator[tuple[Path, Slot]]:
    """Yields all slots in a layer with their paths, each layer once."""
    yield from _walk(layer, (), set())


def _walk(
    layer: keras.Layer, path: Path, visited: set[int]
) -> Iterator[tuple[Path, Slot]]:
    visited.add(id(layer))
    for slot in slots(layer):
        whole = (*path, *slot.path)
        yield whole, slot
        inner = slot.value
        if (
            isinstance(inner, keras.Layer)
            and id(inner) not in visited
            and not is_model(inner)
            and not is_activation_layer(inner)
        ):
            yield from _walk(inner, whole, visited)


def all_layers(layer: keras.Layer) -> list[keras.Layer]:
    """Returns a layer and what is in it."""
    return layer._flatten_layers(include_self=True, recursive=True)


def is_model(layer: Any) -> bool:
    """Tells whether a layer is a model with a graph."""
    return isinstance(layer, keras.Sequential) or (
        isinstance(layer, keras.Model) and bool(getattr(layer, "inputs", None))
    )


_PLACEHOLDERS = {
    "activation": "linear",
    "initializer": keras.initializers.Zeros(),
}


def config(layer: keras.Operation) -> dict[str, Any]:
    """Returns the config of a layer; functions stand in it as they are.

    Keras's config has names, which nobody may know, and of a lambda its code.
    """
    taken = inspect.signature(type(layer).__init__).parameters
    given = {
        key: value
        for key, value in attributes(layer).items()
        if key in taken
        and callable(value)
        and not isinstance(value, (keras.Operation, type))
        and not hasattr(value, "get_config")
        and not (from_library(value) and isinstance(value, types.FunctionType))
    }
    try:
        for key in given:
            ending = key.rsplit("_", 1)[-1]
            value = _PLACEHOLDERS.get(ending)
            if value == "linear":
                value = keras.activations.linear
            setattr(layer, key, value)
        result = layer.get_config()
    finally:
        for key, value in given.items():
            setattr(layer, key, value)
    return {**result, **{key: given[key] for key in given if key in result}}


def custom_objects(model: keras.Layer) -> dict[str, Any]:
    """Returns the functions and classes in a model that Keras may not know."""
    found = {}
    compiled = getattr(model, "_compile_config", None)
    values = keras.tree.flatten(getattr(compiled, "config", None))
    for layer in all_layers(model):
        found[type(layer).__name__] = type(layer)
        values += [slot.value for slot in slots(layer)]
    for value in values:
        if isinstance(value, types.FunctionType):
            found[value.__name__] = value
        elif hasattr(value, "get_config"):
            found[type(value).__name__] = type(value)
    return {
        name: value for name, value in found.items() if not from_library(value)
    }


def output_shape(layer: keras.Layer) -> tuple | None:
    """Returns the shape that a layer's activation gets, None if not known."""
    if isinstance(layer, FUSED) and layer.built:
        shape = (layer.get_build_config() or {}).get("input_shape")
        kind = next(kind for kind in FUSED if isinstance(layer, kind))
        return shape and kind.compute_output_shape(layer, shape)
    if hasattr(layer, "state_size") and hasattr(layer, "units"):
        return (None, layer.units)
    return None


def build_activations(layer: keras.Layer, new: list[keras.Layer]) -> None:
    """Builds those activations of `new` that a layer inside applies.

    A dense layer or a cell gives its activation no chance to do so before
    the first run.
    """
    for inner in all_layers(layer):
        for slot in slots(inner):
            if any(slot.value is one for one in new) and not slot.value.built:
                shape = output_shape(inner)
                if shape is not None:
                    slot.value.build(shape)


def needs_weights(layer: keras.Layer) -> bool:
    """Tells whether a layer has weights once it is built."""
    if layer.built:
        return bool(layer.weights)
    twin = type(layer).from_config(layer.get_config())
    twin.build((None, 4))
    return bool(twin.weights)


def lost_when_saved(layer: keras.Layer, new: dict[Path, keras.Layer]) -> set:
    """Returns the paths of those activations that the config leaves out."""
    classes = {type(one).__name__: type(one) for one in new.values()}
    known = {k: v for k, v in classes.items() if not from_library(v)}
    with keras.saving.custom_object_scope(known):
        twin = type(layer).from_config(config(layer))
    found = {path: slot.value for path, slot in walk(twin)}
    return {
        path
        for path, one in new.items()
        if type(found.get(path)) is not type(one)
        or _but_name(found[path]) != _but_name(one)
    }


def _but_name(layer: keras.Layer) -> dict[str, Any]:
    return {**layer.get_config(), "name": None}
