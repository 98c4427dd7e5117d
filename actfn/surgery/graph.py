"""Clones models, exchanging activations on the way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import layers

from actfn.surgery import interior
from actfn.surgery.choice import Choice
from actfn.surgery.compilation import not_compiled
from actfn.surgery.composite import Composite
from actfn.surgery.flow import Flow, channel_axis
from actfn.surgery.inheritance import default_policy, policy_of
from actfn.surgery.sites import (
    NO_ACTIVATION,
    Site,
    activation_name,
    is_activation_layer,
    is_fused,
)

Edit = Callable[[keras.Layer, dict[str, Any]], dict[str, Any]]
Emit = Callable[[Any], Any]


def _names(model: keras.Model) -> Iterator[str]:
    """Yields the names of all layers and operations, nested ones too."""
    for operation in getattr(model, "operations", model.layers):
        yield operation.name
        if hasattr(operation, "layers"):
            yield from _names(operation)


def _unmasked(tensor: Any) -> Any:
    masked = getattr(tensor, "_keras_mask", None) is not None
    return keras.ops.copy(tensor) if masked else tensor


class Surgeon:
    """Clones a model and its nested models, exchanging activations.

    Args:
        model: The model.
        choice: Says what is exchanged by what.
        edit: Takes a layer and its config, returns the config of its clone.
    """

    def __init__(self, model: keras.Model, choice: Choice, edit: Edit) -> None:
        self._root, self._taken = model, set(_names(model))
        self.choice, self._edit = choice, edit
        self._clones: dict[int, Any] = {}
        self._freed: set[int] = set()
        self._emptied: set[int] = set()  # Layers whose clones are linear.
        self._last: set[int] = set()  # Layers that put out what a model does.
        self._inside: set[int] = set()  # Layers in others that were cloned.
        self._flows: dict[int, tuple[Any, Flow]] = {}
        self._prefix: list[keras.Model] = []
        # Old and new, from the outside to the inside.
        self.pairs: list[tuple[keras.Layer, keras.Layer]] = []
        self.new: list[tuple[keras.Layer, bool]] = []
        # From the inside to the outside.
        self.models: list[tuple[keras.Model, keras.Model]] = []
        # Layers in others whose weights are no matter of these.
        self.apart: list[keras.Layer] = []

    # What is asked of the choice.

    def ask(
        self,
        layer: keras.Operation,
        function: Any,
        flow: Flow,
        shape: tuple | None,
        within: tuple[str, ...] = (),
        leave: str = "",
        dtype: str = "float32",
    ) -> keras.Layer | None:
        """Returns the new activation of a place, None if there is none."""
        names = [model.name for model in self._prefix[1:]]
        path = "/".join((*names, *(within or (layer.name,))))
        gate = flow.shifted and activation_name(function) == "relu6"
        site = Site(
            name=layer.name,
            path=path,
            index=len(self.choice.made),
            depth=flow.depth,
            channels=shape[flow.axis] if shape else None,
            activation=activation_name(function),
            function=function,
            layer=layer,
            within="hard_sigmoid" if gate else "",
        )
        if leave:
            self.choice.see(site, leave)
            return None
        with default_policy(policy_of(layer, dtype)):
            new = self.choice(site)
        if new is None:
            return None
        if getattr(new, "axis", None) == -1 and hasattr(new, "expression"):
            new.axis = flow.axis
        frozen = not all(model.trainable for model in self._prefix)
        trainable = getattr(layer, "trainable", True) and not frozen
        self.new.append((new, trainable))
        return new

    def is_root(self, layer: keras.Layer) -> bool:
        """Tells whether a layer is the model that is cloned."""
        return self._prefix[:1] == [layer]

    def whole(self, model: keras.Model) -> keras.Model:
        """Returns the clone of any model, a subclassed one too."""
        if interior.is_model(model):
            return self.model(model)
        if not model.built or not model.get_build_config():
            raise ValueError(
                "Argument `model` must be built, if it is subclassed: call it "
                f"on data, or its method `build`. Received: model={model!r}"
            )
        self._prefix.append(model)
        clone = Composite(self, model, Flow()).clone(keep_unsaved=True)
        self.models.append((model, clone))
        return clone

    def _name(self, base: str) -> str:
        every = itertools.chain(
            [base], map(f"{base}_{{}}".format, itertools.count(1))
        )
        name = next(name for name in every if name not in self._taken)
        self._taken.add(name)
        return name

    # Copies of single layers.

    def copy(self, layer: keras.Operation, **changes: Any) -> Any:
        """Returns a layer's clone, not built yet."""
        config = {**interior.config(layer), **changes}
        if not isinstance(layer, keras.Layer):
            return type(layer).from_config(config)
        return type(layer).from_config(self._edit(layer, config))

    def kept(self, layer: keras.Operation, flow: Flow) -> Any:
        """Returns the clone of a layer that stays, the same for all calls."""
        if isinstance(layer, layers.Lambda):
            return layer  # Has no weights and may not be serialisable.
        if id(layer) not in self._clones:
            self._check_sharing(layer)
            if interior.is_model(layer):
                clone = self.model(layer, flow)
            elif is_activation_layer(layer) or not isinstance(
                layer, keras.Layer
            ):
                freed = id(layer) in self._freed
                named = {"name": self._name(layer.name)} if freed else {}
                clone = self.copy(layer, **named)
                if isinstance(clone, keras.Layer):
                    self.pairs.append((layer, clone))
            else:
                clone = Composite(self, layer, flow).clone()
            self._clones[id(layer)] = clone
        return self._clones[id(layer)]

    def _check_sharing(self, layer: keras.Operation) -> None:
        """Refuses weights of one layer at two places, one in another layer.

        The other is made anew from its config, with weights of its own.
        """
        inner = set()
        # That of a dense layer is its activation, which may stand alone.
        whole = is_fused(layer) or interior.is_model(layer)
        if isinstance(layer, keras.Layer) and not whole:
            found = (slot.value for _, slot in interior.walk(layer))
            inner = {
                id(one)
                for one in found
                if isinstance(one, keras.Layer) and one.weights
            }
        apart = any(one in self._inside or one in self._clones for one in inner)
        if apart or id(layer) in self._inside:
            raise ValueError(
                "Argument `model` must not apply a layer both by itself and in "
                "another, as in TimeDistributed: in a copy these would have "
                f"weights of their own. Received: model={self._root!r}, with "
                f"such a layer at {layer.name}"
            )
        self._inside |= inner

    # Steps: what stands for one call of a layer.

    def _steps(
        self,
        layer: keras.Operation,
        flow: Flow,
        shape: tuple | None,
        emit: Emit,
        dtype: str = "float32",
    ) -> None:
        """Emits the layers that take the place of `layer`."""
        if is_activation_layer(layer, self.choice.layer_classes):
            new = None
            if activation_name(layer) not in NO_ACTIVATION:
                new = self.ask(layer, layer, flow, shape, dtype=dtype)
            if new is None:
                emit(self.kept(layer, flow))
                return
            if id(layer) not in self._freed:
                self._freed.add(id(layer))
                self._taken.discard(layer.name)
            new.name = self._name(layer.name)
            if getattr(layer, "activity_regularizer", None):
                new.activity_regularizer = layer.activity_regularizer
            emit(new)
        elif is_fused(layer):
            self._fused_steps(layer, flow, shape, emit)
        else:
            emit(self.kept(layer, flow))

    def _fused_steps(
        self, layer: keras.Layer, flow: Flow, shape: tuple | None, emit: Emit
    ) -> None:
        linear = self._clones.get(id(layer))
        new = None
        whole = linear is not None and id(layer) not in self._emptied
        if activation_name(layer.activation) not in NO_ACTIVATION and not whole:
            out = shape and layer.compute_output_shape(shape)
            axis = channel_axis(layer)
            after = Flow(flow.depth, axis if axis > 0 else -1)
            new = self.ask(layer, layer.activation, after, out)
        if linear is None:
            self._check_sharing(layer)
            changes = {} if new is None else {"activation": "linear"}
            if new is not None and id(layer) in self._last:
                # Losses and targets are given by the name of an output.
                changes["name"] = self._name(layer.name + "_linear")
                self._taken.discard(layer.name)
            linear = self.copy(layer, **changes)
            self.pairs.append((layer, linear))
            self._clones[id(layer)] = linear
            if new is not None:
                linear.activity_regularizer = None
                self._emptied.add(id(layer))
                if isinstance(layer.activation, keras.Layer):
                    self.apart.append(layer.activation)
        emit(linear)
        if new is None and id(layer) in self._emptied:
            new = self._activation_of(layer, flow)
        if new is not None:
            last = id(layer) in self._last
            new.name = self._name(layer.name + "_activation" * (not last))
            if layer.activity_regularizer:
                new.activity_regularizer = layer.activity_regularizer
            emit(new)

    def _activation_of(self, layer: keras.Layer, flow: Flow) -> keras.Layer:
        """Returns a layer with the activation that a dense layer has lost."""
        if isinstance(layer.activation, keras.Layer):
            return self.kept(layer.activation, flow)
        return layers.Activation(layer.activation, dtype=layer.dtype_policy)

    # Whole models.

    def model(self, model: keras.Model, flow: Flow | None = None) -> Any:
        """Returns a clone of `model`, whose weights are fresh."""
        place = len(self.pairs)
        self._prefix.append(model)
        if isinstance(model, keras.Sequential):
            clone = self._sequential(model, flow)
        else:
            clone = self._functional(model, flow)
        self.models.append((model, clone))
        self._prefix.pop()
        self.pairs.insert(place, (model, clone))
        return clone

    def _input_flow(self, tensor: Any, flow: Flow | None) -> Flow:
        if flow is None:
            return Flow.of_input(len(tensor.shape))
        return flow

    def _functional(self, model: keras.Model, flow: Flow | None) -> Any:
        def call(layer: keras.Operation, *args: Any, **kwargs: Any) -> Any:
            tensors = [
                tensor
                for tensor in keras.tree.flatten((args, kwargs))
                if isinstance(tensor, keras.KerasTensor)
            ]
            before = Flow.joined(
                self._flows[id(tensor)][1]
                if id(tensor) in self._flows
                else self._input_flow(tensor, flow)
                for tensor in tensors
            )
            outputs: Any = None

            def emit(new: Any) -> None:
                nonlocal outputs
                if isinstance(layer, layers.Lambda) and new is not layer:
                    kwargs.pop("mask", None)  # Keras gives it to these alone.
                first = outputs is None
                outputs = new(*args, **kwargs) if first else new(outputs)

            shape = tensors[0].shape if tensors else None
            dtype = tensors[0].dtype if tensors else "float32"
            self._steps(layer, before, shape, emit, dtype)
            more = self.choice.layer_classes
            masks = getattr(layer, "supports_masking", False)
            if is_activation_layer(layer, more) and not masks:
                # What takes its place passes them on.
                outputs = keras.tree.map_structure(_unmasked, outputs)
            self._remember(layer, before, args, outputs)
            return outputs

        self._last |= {
            id(tensor._keras_history.operation)
            for tensor in keras.tree.flatten(model.outputs)
        }
        with not_compiled(model):
            return keras.models.clone_model(
                model, clone_function=lambda layer: layer, call_function=call
            )

    def _remember(
        self, layer: keras.Operation, before: Flow, args: tuple, outputs: Any
    ) -> None:
        for tensor in keras.tree.flatten(outputs):
            after = self._after(layer, before, len(tensor.shape), *args)
            self._flows[id(tensor)] = (tensor, after)

    def _after(
        self, layer: keras.Operation, before: Flow, rank: int | None, *args: Any
    ) -> Flow:
        inner = self._clones.get(id(layer))
        if interior.is_model(layer) and getattr(inner, "inputs", None):
            last = inner.outputs[0]
            return self._flows.get(id(last), (last, before))[1]
        active = is_activation_layer(layer) or (
            is_fused(layer)
            and activation_name(layer.activation) not in NO_ACTIVATION
        )
        flow = before.after(layer, rank, *args)
        return Flow(flow.depth + active, flow.axis, flow.shifted)

    def _sequential(self, model: keras.Sequential, flow: Flow | None) -> Any:
        clone = keras.Sequential(name=model.name)
        shape = None
        if getattr(model, "inputs", None):
            (given,) = model.inputs
            clone.add(
                keras.Input(
                    batch_shape=given.shape, dtype=given.dtype, name=given.name
                )
            )
            shape = given.shape
            flow = self._input_flow(given, flow)
        flow = flow or Flow()
        for layer in model.layers:
            self._steps(layer, flow, shape, clone.add)
            if shape is not None:
                shape = clone.outputs[0].shape
            flow = self._after(layer, flow, shape and len(shape))
        if shape is not None and clone.outputs:
            self._flows[id(clone.outputs[0])] = (clone.outputs[0], flow)
        return clone
