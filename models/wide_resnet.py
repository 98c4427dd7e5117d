"""Wide residual networks.

Source: Zagoruyko and Komodakis, "Wide Residual Networks", arXiv:1605.07146,
with the authors' code.
"""

from collections.abc import Sequence

import keras
from keras import layers

from models.parts import (
    Parts,
    check_positive,
    check_rate,
    start_small,
    units_of_depth,
)
from models.registry import Factory, register


def _unit(
    parts: Parts,
    x: keras.KerasTensor,
    filters: int,
    strides: int,
    dropout: float,
) -> keras.KerasTensor:
    """Two 3x3 convolutions, each after batch norm and activation."""
    y = parts.norm_act(x)
    if filters != x.shape[-1]:
        x = parts.conv(y, filters, 1, strides)
    y = parts.norm_act(parts.centred_conv(y, filters, 3, strides))
    if dropout:
        y = layers.Dropout(dropout)(y)
    return layers.Add()([x, parts.conv(y, filters, 3)])


def wide_resnet(
    depth: int = 28,
    width: int = 10,
    *,
    activation: Factory | None = None,
    classes: int = 10,
    input_shape: Sequence[int] = (32, 32, 3),
    dropout: float = 0.0,
    batch_norm_momentum: float = 0.9,
    batch_norm_scale: bool = True,
    weight_decay: float = 5e-4,
) -> keras.Model:
    """Wide ResNet with basic pre-activation units.

    Three stages of n units with 16, 32 and 64 times `width` channels.

    Args:
        depth: Number of weight layers, 6n + 4.
        width: Factor of the channels; 28-10 has 36.5M parameters.
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels).
        dropout: Share of the inputs of each unit's second convolution that is
            dropped; the paper uses 0 and 0.3.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: Whether batch norm has its gamma.
        weight_decay: Factor of the weights in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes).

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    units = units_of_depth(depth, 6, 4)
    check_positive(width=width)
    check_rate(dropout=dropout)
    parts, image = start_small(
        activation, classes, input_shape, batch_norm_momentum,
        batch_norm_scale, weight_decay,
    )  # fmt: skip
    x = parts.conv(image, 16, 3)
    for stage in range(3):
        for unit in range(units):
            strides = 2 if stage and not unit else 1
            x = _unit(parts, x, 16 * width * 2**stage, strides, dropout)
    x = layers.GlobalAveragePooling2D()(parts.norm_act(x))
    name = f"wide_resnet_{depth}_{width}"
    return parts.model(image, parts.logits(x, classes), name)


register("wide_resnet", wide_resnet)
register("wide_resnet_28_10", wide_resnet, depth=28, width=10)
