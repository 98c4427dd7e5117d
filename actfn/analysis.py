"""Looking at functions, at trained parameters and at pre-activations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from actfn.catalog import get
from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import Expression, parameters
from actfn.layers import ActivationFunction
from actfn.spaces.fingerprint import in_float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curve(
    function: str | Expression,
    x: np.ndarray,
    betas: Mapping[str, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns a function and its derivative at points, in float64.

    Args:
        function: What `actfn.get` takes.
        x: The points, of shape (points,).
        betas: Values of parameters by name, 1 for those not named.

    Raises:
        ValueError: An operator of the function has no derivative in the
            table, or a name in `betas` is not a parameter of the function.
    """
    expression = get(function).expression
    names = [parameter.name for parameter in parameters(expression)]
    unknown = sorted({*(betas or {})} - {*names})
    if unknown:
        raise ValueError(
            f"`betas` must name parameters of {expression}, which has "
            f"{names}. Received: {unknown}"
        )
    program = compile_expression(expression)
    if not program.has_derivative:
        raise ValueError(
            "`function` must be made of operators with derivatives. "
            f"Received: {str(expression)!r}"
        )
    with in_float64():
        points = ops.convert_to_tensor(np.asarray(x, "float64"))
        values = [
            ops.convert_to_tensor(np.float64((betas or {}).get(name, 1)))
            for name in names
        ]
        y = program.value(points, values)
        slope = program.gradients(points, values, ops.ones_like(y))[0]
        return ops.convert_to_numpy(y), ops.convert_to_numpy(slope)


def plot_function(
    function: str | Expression,
    limits: tuple[float, float] = (-6.0, 6.0),
    betas: Mapping[str, float] | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Plots a function and its derivative, as in the paper's Figs 4 and 5.

    Args:
        function: What `actfn.get` takes.
        limits: From where to where.
        betas: Values of parameters by name, 1 for those not named.
        axes: Where to draw; a new figure by default.

    Raises:
        ValueError: As for `curve`.
    """
    x = np.linspace(*limits, 601)
    y, slope = curve(function, x, betas)
    axes = _axes(axes)
    axes.plot(x, y, label=f"${get(function).expression.latex()}$")
    axes.plot(x, slope, "--", label="derivative")
    axes.set_xlabel("x")
    axes.legend()
    return axes


def trained_betas(model: keras.Model) -> dict[str, np.ndarray]:
    """Returns the parameters of all our layers in a model.

    Returns:
        The values, of shape (channels,), by layer and parameter, such as
        "block1_activation/beta"; nested models come as "model/layer/beta".
    """
    return {
        f"{path}/{name}": ops.convert_to_numpy(getattr(layer, name))
        for path, layer in _activations(model)
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
    axes = _axes(axes)
    axes.hist(np.concatenate(list(betas.values())), bins=bins)
    axes.set_xlabel("trained parameter")
    axes.set_ylabel("channels")
    return axes


def preactivations(model: keras.Model, inputs) -> dict[str, np.ndarray]:
    """Returns what goes into each of our layers for a batch of data.

    To see the sites of a model with Keras's own activations, exchange them
    first for equal ones: ``swap_activations(model, "relu", replace="relu")``.

    Args:
        model: A functional or sequential model; nested ones are looked into.
        inputs: What the model takes.

    Returns:
        The inputs of each layer by its name, one flat array for all calls.
    """
    found: dict[str, list[np.ndarray]] = {}
    originals = {}

    def listening(path, call):
        def listen(x, *args, **kwargs):
            flat = ops.convert_to_numpy(ops.cast(x, "float32")).ravel()
            found.setdefault(path, []).append(flat)
            return call(x, *args, **kwargs)

        return listen

    try:
        for path, layer in _activations(model):
            originals[path] = layer
            layer.call = listening(path, layer.call)
        model(inputs, training=False)
    finally:
        for layer in originals.values():
            del layer.call
    return {path: np.concatenate(parts) for path, parts in found.items()}


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
    axes = _axes(axes)
    for path, values in sites.items():
        axes.hist(values, bins=bins, histtype="step", density=True, label=path)
    axes.set_xlabel("pre-activation")
    axes.set_ylabel("density")
    if len(sites) <= 10:
        axes.legend()
    return axes


def _activations(
    model: keras.Model, path: str = ""
) -> Iterator[tuple[str, ActivationFunction]]:
    for layer in model.layers:
        if isinstance(layer, ActivationFunction):
            yield path + layer.name, layer
        elif isinstance(layer, keras.Model):
            yield from _activations(layer, f"{path}{layer.name}/")


def _axes(axes: Axes | None) -> Axes:
    if axes is not None:
        return axes
    import matplotlib.pyplot as plt

    return plt.figure(layout="constrained").add_subplot()
