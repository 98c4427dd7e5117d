"""Where a Keras model has activations, and how to make new ones."""

import contextlib
from collections.abc import Callable, Sequence

import keras
from keras import activations, layers

Target = str | type[keras.Layer]

WITH_ACTIVATION = (
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

_LAYER_OF_NAME = {
    "elu": layers.ELU,
    "leaky_relu": layers.LeakyReLU,
    "softmax": layers.Softmax,
}


class ActivationSites:
    """Hands out a new activation layer for each site and counts them.

    Args:
        factory: A function without arguments that returns a new Keras layer.

    Raises:
        ValueError: If `factory` is not such a function; at a call, if it
            returns something else than a new layer.
    """

    def __init__(self, factory: Callable[[], keras.Layer]) -> None:
        if isinstance(factory, keras.Layer) or not callable(factory):
            raise ValueError(
                "Argument `activation` must be a function without arguments "
                "that returns a new Keras layer. "
                f"Received: activation={factory!r}"
            )
        self._factory = factory
        self._made: list[keras.Layer] = []

    def __len__(self) -> int:
        return len(self._made)

    def __call__(self, name: str | None = None) -> keras.Layer:
        """Returns the layer of the next site, under a name if one is given."""
        try:
            layer = self._factory()
        except TypeError as error:
            raise ValueError(
                "Argument `activation` must be a function that can be called "
                f"without arguments ({error}). "
                f"Received: activation={self._factory!r}"
            ) from error
        if not isinstance(layer, keras.Layer) or any(
            layer is other for other in self._made
        ):
            raise ValueError(
                "Argument `activation` must return a new Keras layer at each "
                f"call. Received: activation={self._factory!r}, "
                f"which returned {layer!r}"
            )
        if name is not None:
            layer.name = name
        self._made.append(layer)
        return layer


def _matches_name(layer: keras.Layer, name: str) -> bool:
    if isinstance(layer, layers.ReLU):
        plain = not layer.negative_slope and not layer.threshold
        limits = {"relu": (None, 6), "relu6": (6,)}.get(name, ())
        return plain and layer.max_value in limits
    if name in _LAYER_OF_NAME and isinstance(layer, _LAYER_OF_NAME[name]):
        return True
    if not isinstance(layer, (layers.Activation, *WITH_ACTIVATION)):
        return False
    wanted = [activations.get(name)]
    if name == "relu":
        wanted.append(activations.relu6)
    return any(layer.activation is function for function in wanted)


def check_targets(replace: Target | Sequence[Target]) -> list[Target]:
    """Checks `replace` and makes a list of it."""
    several = isinstance(replace, (list, tuple, set))
    targets = list(replace) if several else [replace]
    for target in targets:
        if isinstance(target, str):
            with contextlib.suppress(ValueError):
                activations.get(target)
                continue
        elif isinstance(target, type) and issubclass(target, keras.Layer):
            continue
        raise ValueError(
            "Argument `replace` must be the name of a Keras activation, a "
            "layer class or a sequence of these. "
            f"Received: replace={replace!r}"
        )
    return targets


def is_site(layer: keras.Operation, targets: list[Target]) -> bool:
    """Tells whether `layer` has an activation that one of `targets` names."""
    return isinstance(layer, keras.Layer) and any(
        _matches_name(layer, target)
        if isinstance(target, str)
        else isinstance(layer, target)
        for target in targets
    )
