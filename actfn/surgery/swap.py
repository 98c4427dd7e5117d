"""Exchange the activations of a Keras model, keeping its weights."""

import contextlib
import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from actfn.surgery import interior
from actfn.surgery.choice import Choice, Target
from actfn.surgery.graph import Edit, Surgeon
from actfn.surgery.sites import Site
from actfn.surgery.state import build_like, finish

_LOG = logging.getLogger(__name__)


def rebuild(
    model: keras.Model,
    factory: Any,
    replace: Target | Sequence[Target] = "relu",
    edit: Edit = lambda layer, config: config,
    keep_weights: bool = True,
) -> keras.Model:
    """Clones a model with other activations and edited layer configs.

    Args:
        model: As for `swap_activations`.
        factory: Returns a new activation layer for each site; or what else
            `swap_activations` takes.
        replace: As for `swap_activations`.
        edit: Takes a layer and its config, returns the config of its clone.
        keep_weights: Whether to carry the weights over; if not, they are
            initialised anew, but for those of frozen and adapted layers.

    Returns:
        The new model, with the attributes that `swap_activations` gives it.

    Raises:
        ValueError: As for `swap_activations`.
    """
    choice = Choice(factory, replace)
    clone = _clone(model, choice, edit, keep_weights)
    choice.check()
    clone.activation_sites = len(choice.made)
    clone.activations_left = tuple(
        f"{path}: {reason}" for path, reason in choice.left.items()
    )
    _LOG.info("Exchanged %d activations of %s.", len(choice.made), model.name)
    for line in clone.activations_left:
        _LOG.warning("Did not exchange %s.", line)
    return clone


def _clone(
    model: keras.Model, choice: Choice, edit: Edit, keep_weights: bool
) -> keras.Model:
    if not isinstance(model, keras.Model):
        raise ValueError(
            "Argument `model` must be a functional, a sequential or a built "
            f"subclassed model. Received: model={model!r}"
        )
    surgeon = Surgeon(model, choice, edit)
    # TensorFlow's models train by the strategy that they were made in.
    strategy = getattr(model, "distribute_strategy", None)
    with strategy.scope() if strategy else contextlib.nullcontext():
        with keras.saving.custom_object_scope(interior.custom_objects(model)):
            clone = surgeon.whole(model)
            finish(surgeon, keep_weights)
        if model.built:
            # The layers of a subclass are; it is not.
            build_like(model, clone)
    return clone


def find_sites(model: keras.Model) -> list[Site]:
    """Returns the places where a model applies activations, in their order.

    Args:
        model: As for `swap_activations`; it is not changed.

    Returns:
        One site for each activation that is no identity. `index` counts all
        of them.

    Raises:
        ValueError: If `model` is none of what `swap_activations` takes.

    Example:
        >>> model = keras.Sequential([layers.Dense(2, "relu")])
        >>> [site.activation for site in find_sites(model)]
        ['relu']
    """
    choice = Choice(lambda site: None, lambda site: True)
    _clone(model, choice, lambda layer, config: config, keep_weights=False)
    return [
        dataclasses.replace(site, index=index)
        for index, site in enumerate(choice.seen)
    ]


def swap_activations(
    model: keras.Model,
    activation: Any,
    replace: Target | Sequence[Target] = "relu",
    batch_norm_scale: bool = False,
) -> keras.Model:
    """Returns a new model with other activations and the same weights.

    Sites are layers that are an activation (`Activation`, `ReLU`, ...), calls
    of `keras.activations` and `keras.ops` in a functional graph, and the
    activations of dense and convolutional layers, in nested models too. Each
    place gets a layer of its own, built at once. A dense or convolutional
    layer keeps its name and becomes linear, and the new layer after it is
    called name_activation: ``get_layer(name).output`` is the pre-activation.

    Inside of other layers (`TimeDistributed`, `Bidirectional`, RNN cells,
    subclasses of `Dense` with a `call` of their own, blocks with an activation
    in their config such as KerasHub's), the new layer takes the place of the
    function. It may have parameters where a dense or convolutional layer or a
    cell with `units` applies it. What cannot be exchanged, or would be lost
    when the model is saved, stays, and is named in `activations_left`.

    Weights, trainable flags, dtypes, penalties and the compilation are kept,
    but not the state of the optimizer. Subclasses of functional models, such
    as KerasHub's backbones, come back as plain functional ones; other
    subclassed models keep their class, and refuse to be saved as a whole if
    their config does not carry the exchange: save their weights.

    Args:
        model: A functional or sequential model, or a built subclassed one
            with `get_config`; it is not changed.
        activation: What `actfn.get` takes (a catalog name, expression text,
            an expression, a layer config), a function without arguments that
            returns a new Keras layer, a function of the `Site` that returns
            one of these or None to leave it, or a mapping of patterns
            (``"block_1*"``) to these. A pattern matches the name or path of a
            site or a model or layer around it; the first one counts.
        replace: The name of a Keras activation, what `actfn.get` takes, an
            activation function, a layer class, a function of the `Site` that
            returns whether to replace it, or several of these. "relu" takes
            ReLU6, too, and "gelu" its approximation, a function such as
            `keras.activations.relu` itself alone, in all forms. No name takes
            the ReLU6 in a hard sigmoid, ``relu6(x + 3) / 6``. A class takes
            its subclasses, but not functions of two inputs, whose output has
            half the size: these go by `GatedFunction`.
        batch_norm_scale: Whether to switch on the scale of those batch norms
            that have none, starting from 1. Swish needs it (arXiv:1710.05941);
            models made for ReLU often leave it off.

    Returns:
        The new model. Its attribute `activation_sites` is the number of
        exchanged activations, `activations_left` a tuple of those that
        `replace` names and that stay, each with the reason.

    Raises:
        ValueError: If `model` is a subclassed one that is not built, if
            `activation` or `replace` is not as above, if nothing matches, or
            if a pattern of `activation` matches nothing.

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

    return rebuild(model, activation, replace, edit)
