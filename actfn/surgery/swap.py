"""Exchange the activations of a Keras model, keeping its weights."""

import contextlib
import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
from keras import layers

from actfn.surgery.sites import (
    WITH_ACTIVATION,
    ActivationSites,
    Target,
    check_targets,
    is_site,
)

Edit = Callable[[keras.Layer, dict[str, Any]], dict[str, Any]]

_LOG = logging.getLogger(__name__)


class _Site:
    """Stands in a cloned graph for a layer whose activation is exchanged."""

    def __init__(
        self,
        layer: keras.Layer,
        linear: keras.Layer | None,
        sites: ActivationSites,
        taken: set[str],
    ) -> None:
        self._layer, self.linear, self._sites = layer, linear, sites
        self._taken = taken
        if not linear:
            taken.discard(layer.name)

    def _name(self) -> str:
        base = self._layer.name + ("_activation" if self.linear else "")
        every = itertools.chain(
            [base], map(f"{base}_{{}}".format, itertools.count(1))
        )
        name = next(name for name in every if name not in self._taken)
        self._taken.add(name)
        return name

    def activation(self) -> keras.Layer:
        """Returns the layer for the next place where this one is called."""
        with _default_policy(self._layer.dtype_policy):
            return self._sites(self._name())

    def __call__(self, inputs: keras.KerasTensor, **kwargs: Any) -> Any:
        if self.linear:
            inputs = self.linear(inputs, **kwargs)
        return self.activation()(inputs)


@contextlib.contextmanager
def _default_policy(policy: keras.DTypePolicy) -> Iterator[None]:
    """Makes `policy` the default one for new layers."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _names(model: keras.Model) -> Iterator[str]:
    """Yields the names of all layers and operations, nested ones too."""
    for operation in getattr(model, "operations", model.layers):
        yield operation.name
        if hasattr(operation, "layers"):
            yield from _names(operation)


class _Surgeon:
    """Clones a model and its nested models, exchanging activations."""

    def __init__(
        self,
        taken: set[str],
        sites: ActivationSites,
        targets: list[Target],
        edit: Edit,
    ) -> None:
        self._taken = taken
        self._sites, self._targets, self._edit = sites, targets, edit
        self._clones: dict[int, Any] = {}
        self.pairs: list[tuple[keras.Layer, keras.Layer]] = []

    def _copy(self, layer: keras.Operation, **changes: Any) -> keras.Operation:
        if isinstance(layer, layers.Lambda):
            return layer  # Has no weights and may not be serialisable.
        config = {**layer.get_config(), **changes}
        if not isinstance(layer, keras.Layer):
            return layer.__class__.from_config(config)
        clone = layer.__class__.from_config(self._edit(layer, config))
        self.pairs.append((layer, clone))
        return clone

    def _clone(self, layer: keras.Operation) -> Any:
        if isinstance(layer, keras.Model) and getattr(layer, "inputs", None):
            return self.model(layer)
        if not is_site(layer, self._targets):
            return self._copy(layer)
        linear = None
        if isinstance(layer, WITH_ACTIVATION):
            linear = self._copy(layer, activation="linear")
        return _Site(layer, linear, self._sites, self._taken)

    def operation(self, layer: keras.Operation) -> Any:
        """Returns what replaces `layer`, the same for all its calls."""
        if id(layer) not in self._clones:
            self._clones[id(layer)] = self._clone(layer)
        return self._clones[id(layer)]

    def model(self, model: keras.Model) -> keras.Model:
        """Returns a clone of `model`, whose weights are fresh."""
        if not isinstance(model, keras.Sequential):
            return keras.models.clone_model(
                model,
                clone_function=self.operation,
                call_function=lambda layer, *a, **k: layer(*a, **k),
            )
        clone = keras.Sequential(name=model.name)
        clone.add(
            keras.Input(
                batch_shape=model.inputs[0].shape, dtype=model.inputs[0].dtype
            )
        )
        for layer in map(self.operation, model.layers):
            if isinstance(layer, _Site):
                if layer.linear:
                    clone.add(layer.linear)
                layer = layer.activation()
            clone.add(layer)
        if model.compiled:
            clone.compile_from_config(model.get_compile_config())
        return clone


def _carry_over(old: keras.Layer, new: keras.Layer) -> None:
    """Copies the weights of a layer; a scale that was not there stays 1."""
    if len(old.weights) == len(new.weights):
        new.set_weights(old.get_weights())
        return
    values = {weight.name: weight for weight in old.weights}
    for weight in new.weights:
        if weight.name in values:
            weight.assign(values[weight.name])


def rebuild(
    model: keras.Model,
    factory: Callable[[], keras.Layer],
    replace: Target | Sequence[Target] = "relu",
    edit: Edit = lambda layer, config: config,
    keep_weights: bool = True,
) -> keras.Model:
    """Clones a model with other activations and edited layer configs.

    Args:
        model: A functional or built sequential model.
        factory: Returns a new activation layer for each site.
        replace: As for `swap_activations`.
        edit: Takes a layer and its config, returns the config of its clone.
        keep_weights: Whether to carry the weights over; if not, they are
            initialised anew.

    Returns:
        The new model, with the number of exchanged activations as its
        attribute `activation_sites`.

    Raises:
        ValueError: As for `swap_activations`.
    """
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError(
            "Argument `model` must be a functional or a built sequential "
            f"model. Received: model={model!r}"
        )
    sites = ActivationSites(factory)
    surgeon = _Surgeon(set(_names(model)), sites, check_targets(replace), edit)
    clone = surgeon.model(model)
    if not len(sites):
        raise ValueError(
            "Argument `replace` must match at least one activation of "
            f"`model`. Received: replace={replace!r}"
        )
    if keep_weights:
        for old, new in surgeon.pairs:
            _carry_over(old, new)
    clone.activation_sites = len(sites)
    _LOG.info("Exchanged %d activations of %s.", len(sites), model.name)
    return clone


def swap_activations(
    model: keras.Model,
    activation: Any,
    replace: Target | Sequence[Target] = "relu",
    batch_norm_scale: bool = False,
) -> keras.Model:
    """Returns a new model with other activations and the same weights.

    Sites are `Activation` layers, layers that are an activation themselves
    (`ReLU`, `ELU`, ...) and the `activation` argument of dense and
    convolutional layers, in nested models too. Each place where such a layer
    is called gets an instance of its own, built at once. What other layers
    hide inside, such as the cells of an RNN, stays as it is.

    Args:
        model: A functional or built sequential model; it is not changed.
        activation: What `actfn.get` takes (a catalog name, expression text,
            an expression, a layer config), or a function without arguments
            that returns a new Keras layer.
        replace: The name of a Keras activation, a layer class, or several of
            these. "relu" also matches ReLU6, in all its forms.
        batch_norm_scale: Whether to switch on the scale of those batch norms
            that have none, starting from 1. Swish needs it (arXiv:1710.05941);
            models made for ReLU often leave it off.

    Returns:
        The new model. Its attribute `activation_sites` is the number of
        exchanged activations.

    Raises:
        ValueError: If `model` is not built or subclassed, if `activation` or
            `replace` is not as above, or if nothing matches.

    Example:
        >>> model = keras.applications.MobileNet(weights=None)
        >>> model = actfn.swap_activations(model, "swish", replace="relu6")
        >>> model.activation_sites
        27
    """

    def edit(layer: keras.Layer, config: dict[str, Any]) -> dict[str, Any]:
        if batch_norm_scale and isinstance(layer, layers.BatchNormalization):
            return {**config, "scale": True}
        return config

    return rebuild(model, _as_factory(activation), replace, edit)


def _as_factory(activation: Any) -> Callable[[], keras.Layer]:
    if callable(activation):
        return activation
    # Surgery with a factory needs none of our functions.
    from actfn import catalog

    return lambda: catalog.get(activation)
