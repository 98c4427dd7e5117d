"""Clones a layer that has others inside, exchanging their activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from actfn.surgery import interior
from actfn.surgery.flow import Flow, channel_axis

if TYPE_CHECKING:
    from actfn.surgery.graph import Surgeon

_LOST = "its configuration does not carry it, so that it would not be saved"
_NO_WEIGHTS = "its layer cannot hold the parameters of a function"
_MADE_LATER = "its layer makes it itself, as it is built"


def _refuse_to_save() -> dict[str, Any]:
    raise NotImplementedError(
        "The configuration of this subclassed model does not carry the "
        "activations that were exchanged. Save its weights, and load them "
        "into a model with the same exchange."
    )


def _outer(
    path: interior.Path, slot: interior.Slot, seen: dict[interior.Path, Any]
) -> interior.Path | None:
    """Returns where a layer around holds the same function.

    A block hands its activation on to a dense layer in it: that is one site.
    """
    for outer, function in seen.items():
        around = len(outer) < len(path) and path[: len(outer) - 1] == outer[:-1]
        if around and function is slot.value:
            return outer
    return None


class Composite:
    """One layer of a model, with the activations that are inside.

    Args:
        surgeon: Who clones the model.
        layer: The layer or subclassed model.
        flow: Of its input.
    """

    def __init__(
        self, surgeon: Surgeon, layer: keras.Layer, flow: Flow
    ) -> None:
        self._surgeon, self._layer, self._flow = surgeon, layer, flow
        self._chosen: dict[interior.Path, keras.Layer | None] = {}
        self._refused: dict[interior.Path, str] = {}
        self._paths: dict[interior.Path, str] = {}
        self._keep_unsaved = self._in_models = False

    def clone(self, keep_unsaved: bool = False) -> keras.Layer:
        """Returns the clone.

        Args:
            keep_unsaved: Whether to exchange what the config of the layer
                does not carry, too.
        """
        place = len(self._surgeon.pairs)
        self._keep_unsaved = keep_unsaved
        while True:
            new, made, nested = self._attempt()
            refused = self._refusals(new, made)
            if not refused:
                break
            self._refused.update(refused)
        self._report(new, made)
        self._surgeon.pairs.insert(place, (self._layer, new))
        there = dict(interior.walk(self._layer))
        gone = [there[path].value for path in made if path in there]
        for one in (*made.values(), *gone):
            if isinstance(one, keras.Layer):
                self._surgeon.apart.append(one)
        for old, inner in nested:
            self._surgeon.apart += (old, inner)
        return new

    def _attempt(self) -> tuple[keras.Layer, dict, list]:
        new = self._surgeon.copy(self._layer)
        made: dict[interior.Path, keras.Layer] = {}
        nested: list[tuple[keras.Layer, keras.Layer]] = []
        before = dict(interior.walk(self._layer))
        seen: dict[interior.Path, Any] = {}
        for path, slot in list(interior.walk(new)):
            old = before.get(path)
            if interior.is_site(slot):
                outer = _outer(path, slot, seen)
                seen[path] = slot.value
                if outer is None:
                    layer = self._choose(path, slot, old)
                else:
                    layer = path not in self._refused and made.get(outer)
                if layer:
                    slot.put(layer)
                    made[path] = layer
            elif old is None or not interior.is_model(old.value):
                continue
            elif not self._keep_unsaved:
                self._leave_model(path, old.value)
            else:
                before_it = len(self._surgeon.choice.made)
                inner = self._surgeon.kept(old.value, self._flow)
                self._in_models |= len(self._surgeon.choice.made) > before_it
                slot.put(inner)
                nested.append((old.value, inner))
        return new, made, nested

    def _choose(
        self,
        path: interior.Path,
        slot: interior.Slot,
        old: Any,
        leave: str = "",
    ) -> keras.Layer | None:
        if path in self._refused:
            return None
        if path not in self._chosen:
            owner = old.owner if old else slot.owner
            function = old.value if old else slot.value
            units = getattr(owner, "units", getattr(owner, "filters", None))
            units = units if isinstance(units, int) else None
            axis = channel_axis(owner)
            flow = Flow(self._flow.depth, axis if axis > 0 else -1)
            named = tuple(part for part in path if part != "activation")
            root = self._surgeon.is_root(self._layer)
            within = named if root else (self._layer.name, *named)
            self._paths[path] = "/".join(within)
            shape = (None,) + (units,) * 5 if units else None
            self._chosen[path] = self._surgeon.ask(
                owner, function, flow, shape, within, leave
            )
        return self._chosen[path]

    def _leave_model(self, path: interior.Path, model: keras.Model) -> None:
        """Tells the choice of the activations of a model in this layer."""
        for layer in interior.all_layers(model)[1:]:
            place = (*path, layer.name)
            itself = interior.Slot(layer, layer, layer.name, place, layer)
            inside = () if interior.is_site(itself) else interior.slots(layer)
            for slot in (itself, *inside):
                held = isinstance(slot.value, keras.Layer)
                if interior.is_site(slot) and (slot is itself or not held):
                    where = place if slot is itself else (*place, *slot.path)
                    self._choose(where, slot, None, leave=_LOST)

    def _refusals(
        self, new: keras.Layer, made: dict
    ) -> dict[interior.Path, str]:
        lost = interior.lost_when_saved(new, made) if made else set()
        if lost and not self._keep_unsaved:
            return dict.fromkeys(lost, _LOST)
        if lost or self._in_models:
            new.get_config = _refuse_to_save
        shapes = self._layer.built and self._layer.get_build_config()
        if shapes and (made or self._keep_unsaved) and not new.built:
            new.build_from_config(shapes)
        interior.build_activations(new, list(made.values()))
        return {
            path: _NO_WEIGHTS
            for path, one in made.items()
            if not one.built and interior.needs_weights(one)
        }

    def _report(self, new: keras.Layer, made: dict) -> None:
        """Tells the choice what was seen and not exchanged."""
        choice = self._surgeon.choice
        for path, reason in self._refused.items():
            if path in self._chosen:
                choice.leave(self._paths[path], reason, self._chosen[path])
        there = dict(interior.walk(new if made else self._layer))
        stay = {
            path: there[path].value
            for path in self._chosen
            if path not in made and path in there
        }
        for path, slot in there.items():
            same = any(slot.value is one for one in made.values())
            same = same or _outer(path, slot, stay) is not None
            if not same and interior.is_site(slot):
                self._choose(path, slot, None, leave=_MADE_LATER)
