"""Where a Keras model has activations, and what they are called."""

import contextlib
import dataclasses
import re
from typing import Any

import keras
from keras import activations, layers

from actfn.expressions.expression import Expression

FUSED = (
    layers.Dense,
    layers.EinsumDense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.Conv3DTranspose,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
)

# Functions of these have the names of Keras's activations, or are no such.
_LIBRARIES = {"keras", "keras_hub", "tensorflow", "jax", "torch"}

_ACTIVATION_LAYERS = (
    layers.Activation,
    layers.ReLU,
    layers.ELU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.Softmax,
)

_NAMES_OF_FUNCTIONS = ("act", "act_fn", "activation_fn", "activation_function")

NO_ACTIVATION = ("linear", "identity")


@dataclasses.dataclass(frozen=True)
class Site:
    """A place where a model applies an activation.

    Attributes:
        name: Name of the layer or operation that applies it.
        path: `name` behind the names of the models and layers around it,
            "lstm/lstm_cell/recurrent_activation".
        index: Number of sites before it that are replaced.
        depth: How many activations lie before it on the longest path from an
            input of the model.
        channels: Size of the channel axis; None if not known.
        activation: Name of the function, as Keras calls it ("relu", "silu");
            "relu6" and "gelu_approximate" for these; else the name of the
            user's function or layer class.
        function: The function, or the layer or operation that is one.
        layer: The layer or operation of the given model that applies it.
        within: "hard_sigmoid" for the ReLU6 of ``relu6(x + 3) / 6``, else "".
    """

    name: str
    path: str
    index: int
    depth: int
    channels: int | None
    activation: str
    function: Any = dataclasses.field(repr=False)
    layer: keras.Operation = dataclasses.field(repr=False)
    within: str = ""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


_ALIASES = {
    "re_lu": "relu",
    "re_lu6": "relu6",
    "leaky_re_lu": "leaky_relu",
    "pre_lu": "prelu",
    "swish": "silu",
    "hard_swish": "hard_silu",
    "hardswish": "hard_silu",
    "hardsigmoid": "hard_sigmoid",
    "hardtanh": "hard_tanh",
    "identity": "linear",
}


def standard_name(name: str) -> str:
    """Returns the one name of an activation that has several."""
    name = name.removeprefix("actfn>")
    return _ALIASES.get(name, name)


def _relu_name(rectifier: Any) -> str:
    if rectifier.negative_slope:
        return "leaky_relu"
    limited = rectifier.max_value is not None or rectifier.threshold
    if limited and (rectifier.max_value != 6 or rectifier.threshold):
        return "relu_with_limits"
    return "relu6" if limited else "relu"


def activation_name(function: Any) -> str:
    """Returns the name of an activation function, layer or operation."""
    if isinstance(function, layers.Activation):
        return activation_name(function.activation)
    if isinstance(function, layers.Lambda):
        return activation_name(function.function)
    if isinstance(getattr(function, "expression", None), Expression):
        return str(function.expression)
    if isinstance(function, keras.Operation):
        if all(hasattr(function, k) for k in ("max_value", "negative_slope")):
            return _relu_name(function)
        name = standard_name(_snake(type(function).__name__))
        if name == "gelu" and getattr(function, "approximate", False):
            return "gelu_approximate"
        return "elu" if name == "e_lu" else name
    name = getattr(function, "__name__", type(function).__name__)
    library = from_library(function) or _package(function) == "actfn"
    return standard_name(name) if library else name


def from_library(function: Any) -> bool:
    """Tells whether a function is Keras's or a backend's."""
    return _package(function) in _LIBRARIES


def _package(function: Any) -> str:
    return (getattr(function, "__module__", None) or "").split(".")[0]


def _is_known(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(activations.get(name))
    return name in ("prelu", "gelu_approximate")


def is_activation_layer(layer: Any, more: tuple[type, ...] = ()) -> bool:
    """Tells whether all that a layer or operation does is to activate.

    Args:
        layer: A layer or an operation of a functional graph.
        more: Classes that count as such, too.
    """
    if isinstance(layer, (*_ACTIVATION_LAYERS, *more)):
        return not isinstance(layer, FUSED)
    if isinstance(layer, layers.Lambda):
        function = layer.function
        return from_library(function) and _is_known(activation_name(function))
    if isinstance(layer, keras.Layer):
        return isinstance(getattr(layer, "expression", None), Expression)
    return isinstance(layer, keras.Operation) and _is_known(
        activation_name(layer)
    )


def is_activation(key: str, value: Any) -> bool:
    """Tells whether what a layer holds as attribute `key` is an activation."""
    if isinstance(value, keras.Layer):
        return is_activation_layer(value) or key.endswith("activation")
    if not callable(value) or isinstance(value, type):
        return False
    if key.endswith("activation") or key in _NAMES_OF_FUNCTIONS:
        return True
    return from_library(value) and _is_known(activation_name(value))


def is_fused(layer: Any) -> bool:
    """Tells whether a layer does a linear map and then its activation."""
    return isinstance(layer, FUSED) and any(
        type(layer).call is kind.call for kind in FUSED
    )
