"""Building blocks that the architectures share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
from keras import layers, regularizers

from models.registry import Factory


def check_input_shape(input_shape: Sequence[int], smallest: int = 1) -> None:
    """Raises unless `input_shape` is (height, width, channels), big enough."""
    if (
        not isinstance(input_shape, Sequence)
        or len(input_shape) != 3
        or not all(isinstance(side, int) for side in input_shape)
        or min(input_shape[:2]) < smallest
        or input_shape[2] not in (1, 3)
    ):
        raise ValueError(
            "Argument `input_shape` must be (height, width, channels) with "
            f"height and width of at least {smallest} and 1 or 3 channels. "
            f"Received: input_shape={input_shape}"
        )


def check_positive(**arguments: int) -> None:
    """Raises unless every argument is a positive integer."""
    for name, value in arguments.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(
                f"Argument `{name}` must be a positive integer. "
                f"Received: {name}={value!r}"
            )


def check_rate(**arguments: float) -> None:
    """Raises unless every argument is a fraction in [0, 1)."""
    for name, value in arguments.items():
        if not isinstance(value, int | float) or not 0 <= value < 1:
            raise ValueError(
                f"Argument `{name}` must be a number from 0 to below 1. "
                f"Received: {name}={value!r}"
            )


def units_of_depth(depth: int, step: int, offset: int) -> int:
    """Returns n of depth = step * n + offset.

    Raises:
        ValueError: If no n >= 1 fits.
    """
    fits = isinstance(depth, int)
    units, rest = divmod(depth - offset, step) if fits else (0, 0)
    if rest or units < 1:
        examples = [step * n + offset for n in (1, 2, 3)]
        raise ValueError(
            f"Argument `depth` must be {step}n + {offset}, for instance "
            f"{', '.join(map(str, examples))}. Received: depth={depth!r}"
        )
    return units


def he_depthwise(channels: int) -> keras.Initializer:
    """He initialisation of a depthwise kernel.

    Each output sees one channel; Keras would count all of them as its fan-in.
    """
    return keras.initializers.VarianceScaling(2.0 * channels)


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


@dataclass
class Parts:
    """Makes the layers of one model, all with the model's settings.

    Args:
        activation: Factory of activation layers, called once a site.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_epsilon: Added to the variance.
        batch_norm_scale: Whether batch norm has its gamma; the Swish paper
            says that it must, libraries for ReLU leave it off.
        weight_decay: As optimisers write it, the factor of w in the gradient.
            The penalty is thus weight_decay / 2 * sum(w**2).
        decay_of: What decays besides kernels: "all" the biases and batch
            norms, as in the recipes written for Torch, "biases" or "none".
            Parameters of activations never do.

    Raises:
        ValueError: If `activation` is not a factory of new Keras layers.
    """

    activation: Factory
    batch_norm_momentum: float = 0.9
    batch_norm_epsilon: float = 1e-5
    batch_norm_scale: bool = True
    weight_decay: float = 0.0
    decay_of: Literal["all", "biases", "none"] = "none"
    sites: ActivationSites = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_rate(batch_norm_momentum=self.batch_norm_momentum)
        check_rate(weight_decay=self.weight_decay)
        self.sites = ActivationSites(self.activation)

    def decay(self, kind: str = "kernel") -> regularizers.Regularizer | None:
        """Returns the penalty of a "kernel", a "bias" or a "norm"."""
        decays = {
            "kernel": True,
            "bias": self.decay_of != "none",
            "norm": self.decay_of == "all",
        }
        if self.weight_decay and decays[kind]:
            return regularizers.L2(self.weight_decay / 2)
        return None

    def act(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Applies a new activation layer."""
        return self.sites()(x)

    def norm(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Applies batch normalisation over the last axis."""
        return layers.BatchNormalization(
            momentum=self.batch_norm_momentum,
            epsilon=self.batch_norm_epsilon,
            scale=self.batch_norm_scale,
            beta_regularizer=self.decay("norm"),
            gamma_regularizer=self.decay("norm"),
        )(x)

    def norm_act(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Applies batch normalisation, then the activation."""
        return self.act(self.norm(x))

    def conv(
        self,
        x: keras.KerasTensor,
        filters: int,
        size: int | tuple[int, int],
        strides: int = 1,
        padding: str = "same",
    ) -> keras.KerasTensor:
        """Applies a convolution without bias."""
        return layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding=padding,
            use_bias=False,
            kernel_initializer="he_normal",
            kernel_regularizer=self.decay(),
        )(x)

    def separable_conv(
        self,
        x: keras.KerasTensor,
        filters: int,
        size: int,
        strides: int = 1,
        padding: str = "same",
    ) -> keras.KerasTensor:
        """Applies a depthwise and then a pointwise convolution."""
        return layers.SeparableConv2D(
            filters,
            size,
            strides=strides,
            padding=padding,
            use_bias=False,
            depthwise_initializer=he_depthwise(x.shape[-1]),
            pointwise_initializer="he_normal",
            depthwise_regularizer=self.decay(),
            pointwise_regularizer=self.decay(),
        )(x)

    def centred_conv(
        self, x: keras.KerasTensor, filters: int, size: int, strides: int = 1
    ) -> keras.KerasTensor:
        """Applies a convolution padded alike on both sides.

        With a stride, "same" padding would put the taps half a step off the
        shortcut, which starts at the first pixel; Caffe and Torch do not.
        """
        if strides == 1 or size == 1:
            return self.conv(x, filters, size, strides)
        x = layers.ZeroPadding2D(size // 2)(x)
        return self.conv(x, filters, size, strides, padding="valid")

    def logits(
        self, x: keras.KerasTensor, classes: int, name: str = "logits"
    ) -> keras.KerasTensor:
        """Applies the linear classifier, in float32 under mixed precision."""
        check_positive(classes=classes)
        return layers.Dense(
            classes,
            kernel_initializer="he_normal",
            kernel_regularizer=self.decay(),
            bias_regularizer=self.decay("bias"),
            dtype=keras.config.dtype_policy().variable_dtype,
            name=name,
        )(x)

    def model(
        self, inputs: keras.KerasTensor, outputs: Any, name: str
    ) -> keras.Model:
        """Returns the model, `activation_sites` being the number of sites."""
        model = keras.Model(inputs, outputs, name=name)
        model.activation_sites = len(self.sites)
        return model


def start_small(
    activation: Factory | None,
    classes: int,
    input_shape: Sequence[int],
    batch_norm_momentum: float,
    batch_norm_scale: bool,
    weight_decay: float,
) -> tuple[Parts, keras.KerasTensor]:
    """Begins a network for CIFAR: ReLU by default, all parameters decay.

    Returns:
        What makes the layers, and the input.

    Raises:
        ValueError: If an argument is not allowed.
    """
    check_input_shape(input_shape, smallest=4)
    check_positive(classes=classes)
    parts = Parts(
        activation or layers.ReLU,
        batch_norm_momentum=batch_norm_momentum,
        batch_norm_scale=batch_norm_scale,
        weight_decay=weight_decay,
        decay_of="all",
    )
    return parts, keras.Input(input_shape, name="image")
