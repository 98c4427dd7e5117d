"""Trained parameters and pre-activations of a model."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from actfn.analysis.functions import axes_or_new
from actfn.expressions.expression import parameters
from actfn.layers import ActivationFunction

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def trained_betas(model: keras.Model) -> dict[str, np.ndarray]:
    """Returns the parameters of all our layers in a model.

    Returns:
        The values, of shape (channels,) or (), by layer and parameter, such as
        "block1_activation/beta"; what is in another layer or model comes
        as "model/layer/beta". A layer has them once it was called.
    """
    return {
        f"{path}/{name}": ops.convert_to_numpy(getattr(layer, name))
        for path, layer in _activations(model)
        if layer.built
        for name in (p.name for p in parameters(layer.expression))
    }


def plot_betas(
    model: keras.Model, bins: int = 50, axes: Axes | None = None
) -> Axes:
    """Plots how trained parameters are distributed, as in the paper's Fig. 7.

    Raises:
        ValueError: The model has no trainable parameter of ours.
    """
    betas = trained_betas(model)
    if not betas:
        raise ValueError(
            "`model` must have an activation with parameters. "
            f"Received: {model.name}"
        )
    axes = axes_or_new(axes)
    axes.hist(np.concatenate([b.ravel() for b in betas.values()]), bins=bins)
    axes.set_xlabel("trained parameter")
    axes.set_ylabel("channels")
    return axes


def preactivations(model: keras.Model, inputs) -> dict[str, np.ndarray]:
    """Returns what goes into each of our layers for a batch of data.

    To see the sites of a model with Keras's own activations, exchange them
    first for equal ones: ``swap_activations(model, "relu", replace="relu")``.

    Args:
        model: A functional or sequential model; nested ones and layers that
            hold others are looked into.
        inputs: What the model takes.

    Returns:
        The inputs of each layer by its name, one flat array for all calls.
    """
    found: dict[str, list[np.ndarray]] = {}
    originals = []

    def listening(path, call):
        def listen(x, *args, **kwargs):
            flat = ops.convert_to_numpy(ops.cast(x, "float32")).ravel()
            found.setdefault(path, []).append(flat)
            return call(x, *args, **kwargs)

        return listen

    try:
        for path, layer in _activations(model):
            originals.append(layer)
            layer.call = listening(path, layer.call)
        with _step_by_step():
            model(inputs, training=False)
    finally:
        for layer in originals:
            del layer.call
    return {path: np.concatenate(parts) for path, parts in found.items()}


def _step_by_step() -> contextlib.AbstractContextManager:
    """Lets values be read where JAX would trace, as in a recurrent layer."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.disable_jit()


def plot_preactivations(
    model: keras.Model, inputs, bins: int = 80, axes: Axes | None = None
) -> Axes:
    """Plots how pre-activations are distributed, as in the paper's Fig. 6.

    Raises:
        ValueError: The model has no layer of ours.
    """
    sites = preactivations(model, inputs)
    if not sites:
        raise ValueError(
            f"`model` must have activations of ours. Received: {model.name}"
        )
    axes = axes_or_new(axes)
    for path, values in sites.items():
        axes.hist(values, bins=bins, histtype="step", density=True, label=path)
    axes.set_xlabel("pre-activation")
    axes.set_ylabel("density")
    if len(sites) <= 10:
        axes.legend()
    return axes


def _activations(
    model: keras.Model,
) -> Iterator[tuple[str, ActivationFunction]]:
    """Yields each of our layers once, by the first path to it.

    A second layer of a path has "_1" behind it.
    """
    times = collections.Counter()
    for path, layer in _within(model, "", set()):
        number = times[path]
        times[path] += 1
        yield (f"{path}_{number}" if number else path), layer


def _within(
    around: keras.Layer, path: str, seen: set[int]
) -> Iterator[tuple[str, ActivationFunction]]:
    held = (
        around.layers
        if isinstance(around, keras.Model)
        else around._flatten_layers(include_self=False, recursive=False)
    )
    for layer in held:
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if isinstance(layer, ActivationFunction):
            yield path + layer.name, layer
        else:
            yield from _within(layer, f"{path}{layer.name}/", seen)
