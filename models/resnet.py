"""Residual networks for small images.

Sources: He et al., "Deep Residual Learning for Image Recognition",
arXiv:1512.03385, section 4.2, and "Identity Mappings in Deep Residual
Networks", arXiv:1603.05027, with the authors' code of ResNet-1001.
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

from models.parts import (
    Parts,
    check_positive,
    start_small,
    units_of_depth,
)
from models.registry import Factory, register


def _identity_shortcut(
    x: keras.KerasTensor, filters: int, strides: int
) -> keras.KerasTensor:
    """Takes every `strides`-th pixel and appends channels of zeros."""
    if strides > 1:
        x = layers.MaxPooling2D(1, strides=strides)(x)
    if filters > x.shape[-1]:
        missing = filters - x.shape[-1]
        x = ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, missing]])
    return x


def _basic_unit(
    parts: Parts,
    x: keras.KerasTensor,
    filters: int,
    strides: int,
    shortcut: str,
) -> keras.KerasTensor:
    """Two 3x3 convolutions; the activation follows the addition."""
    y = parts.centred_conv(x, filters, 3, strides)
    y = parts.norm_act(y)
    y = parts.norm(parts.conv(y, filters, 3))
    if shortcut == "A":
        x = _identity_shortcut(x, filters, strides)
    elif strides > 1 or filters != x.shape[-1]:
        x = parts.norm(parts.conv(x, filters, 1, strides))
    return parts.act(layers.Add()([x, y]))


def resnet(
    depth: int = 20,
    *,
    activation: Factory | None = None,
    classes: int = 10,
    input_shape: Sequence[int] = (32, 32, 3),
    width: int = 16,
    shortcut: str = "A",
    batch_norm_momentum: float = 0.9,
    batch_norm_scale: bool = True,
    weight_decay: float = 1e-4,
) -> keras.Model:
    """ResNet for CIFAR of He et al. 2016a.

    Three stages of n units with `width`, 2 `width` and 4 `width` channels, the
    last two at half and a quarter of the resolution; global average; logits.

    Args:
        depth: Number of weight layers, 6n + 2; 20 has 0.27M parameters.
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels).
        width: Channels of the first stage.
        shortcut: Where the channel count grows, "A" takes the identity with a
            stride and zeros for the new channels (the paper's choice for
            CIFAR, no parameters), "B" a 1x1 convolution with batch norm.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: Whether batch norm has its gamma.
        weight_decay: Factor of the weights in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes).

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    units = units_of_depth(depth, 6, 2)
    check_positive(width=width)
    if shortcut not in ("A", "B"):
        raise ValueError(
            'Argument `shortcut` must be "A" or "B". '
            f"Received: shortcut={shortcut!r}"
        )
    parts, image = start_small(
        activation, classes, input_shape, batch_norm_momentum,
        batch_norm_scale, weight_decay,
    )  # fmt: skip
    x = parts.norm_act(parts.conv(image, width, 3))
    for stage in range(3):
        for unit in range(units):
            strides = 2 if stage and not unit else 1
            x = _basic_unit(parts, x, width * 2**stage, strides, shortcut)
    x = layers.GlobalAveragePooling2D()(x)
    return parts.model(image, parts.logits(x, classes), f"resnet{depth}")


def _bottleneck_unit(
    parts: Parts, x: keras.KerasTensor, filters: int, strides: int
) -> keras.KerasTensor:
    """1x1, 3x3, 1x1, each after batch norm and activation."""
    y = parts.norm_act(x)
    if filters != x.shape[-1]:
        x = parts.conv(y, filters, 1, strides)
    y = parts.norm_act(parts.conv(y, filters // 4, 1, strides))
    y = parts.norm_act(parts.conv(y, filters // 4, 3))
    return layers.Add()([x, parts.conv(y, filters, 1)])


def preactivation_resnet(
    depth: int = 164,
    *,
    activation: Factory | None = None,
    classes: int = 10,
    input_shape: Sequence[int] = (32, 32, 3),
    width: int = 16,
    batch_norm_momentum: float = 0.9,
    batch_norm_scale: bool = True,
    weight_decay: float = 1e-4,
) -> keras.Model:
    """Pre-activation ResNet with bottlenecks of He et al. 2016b.

    Three stages of n units with 4, 8 and 16 `width` channels outside of the
    bottleneck. The first unit of a stage normalises and activates before its
    two branches part, and its shortcut is a 1x1 convolution.

    Args:
        depth: Number of weight layers, 9n + 2; 164 has 1.7M parameters.
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels).
        width: Channels inside the bottlenecks of the first stage.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: Whether batch norm has its gamma.
        weight_decay: Factor of the weights in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes).

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    units = units_of_depth(depth, 9, 2)
    check_positive(width=width)
    parts, image = start_small(
        activation, classes, input_shape, batch_norm_momentum,
        batch_norm_scale, weight_decay,
    )  # fmt: skip
    x = parts.conv(image, width, 3)
    for stage in range(3):
        for unit in range(units):
            strides = 2 if stage and not unit else 1
            x = _bottleneck_unit(parts, x, 4 * width * 2**stage, strides)
    x = layers.GlobalAveragePooling2D()(parts.norm_act(x))
    return parts.model(image, parts.logits(x, classes), f"resnet{depth}")


for _depth in (8, 14, 20, 32, 44, 56, 110):
    register(f"resnet{_depth}", resnet, depth=_depth)
register("resnet164", preactivation_resnet, depth=164)
