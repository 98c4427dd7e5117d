"""Exchange the activations of a Keras model, keeping its weights."""

import contextlib
import dataclasses
import logging
import pathlib
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import layers

from actfn.surgery import interior
from actfn.surgery.choice import Choice, Target
from actfn.surgery.graph import Edit, Surgeon
from actfn.surgery.sites import Site

_LOG = logging.getLogger(__name__)


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


def _finish(surgeon: Surgeon, keep_weights: bool) -> None:
    apart = {id(weight) for layer in surgeon.apart for weight in layer.weights}
    for old, new in surgeon.pairs:
        _same_flags(old, new)
        if interior.is_model(new):
            continue
        for before, after in _carried(old, new, keep_weights):
            _build_like(old, new)
            for pair in _inner_pairs(old, new):
                if type(pair[0]) is type(pair[1]) and pair[0].built:
                    _build_like(*pair)
            own = before in surgeon.apart
            _carry_over(before, after, set() if own else apart)
    for layer, trainable in surgeon.new:
        layer.trainable = trainable


def _carried(
    old: keras.Layer, new: keras.Layer, keep_weights: bool
) -> Iterator[tuple[keras.Layer, keras.Layer]]:
    """Yields a layer, or those in it, whose state the new one takes over.

    Always so where training does not make it: frozen layers, and those that
    were adapted to data, such as `Normalization` and `TextVectorization`.
    """
    if keep_weights or _stays(old):
        pairs = [(old, new)]
    else:
        inner = _inner_pairs(old, new)
        pairs = [pair for pair in inner if _stays(pair[0])]
    yield from (pair for pair in pairs if pair[0].built)


def _stays(layer: keras.Layer) -> bool:
    return not layer.trainable or hasattr(layer, "adapt")


def _build_like(old: keras.Layer, new: keras.Layer) -> None:
    if not new.built and old.get_build_config():
        with warnings.catch_warnings():
            # Of a model whose layers are built, which Keras does not see.
            warnings.simplefilter("ignore", UserWarning)
            new.build_from_config(old.get_build_config())
        new.built = True  # As Keras says after loading.


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
        _finish(surgeon, keep_weights)
        if model.built:
            # The layers of a subclass are; it is not.
            _build_like(model, clone)
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
        replace: The name of a Keras activation, an activation function, a
            layer class, a function of the `Site` that returns whether to
            replace it, or several of these. "relu" takes ReLU6, too, and
            "gelu" its approximation, a function such as
            `keras.activations.relu` itself alone, in all forms. No name takes
            the ReLU6 in a hard sigmoid, ``relu6(x + 3) / 6``.
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
