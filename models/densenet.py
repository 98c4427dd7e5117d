"""Densely connected networks for small images.

Source: Huang et al., "Densely Connected Convolutional Networks",
arXiv:1608.06993, section 3, with the authors' code.
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


def _conv_drop(
    parts: Parts, x: keras.KerasTensor, filters: int, size: int, dropout: float
) -> keras.KerasTensor:
    """Batch norm, activation, convolution and, if asked for, dropout."""
    x = parts.conv(parts.norm_act(x), filters, size)
    return layers.Dropout(dropout)(x) if dropout else x


def densenet(
    depth: int = 100,
    growth: int = 12,
    bottleneck: bool = False,
    *,
    activation: Factory | None = None,
    classes: int = 10,
    input_shape: Sequence[int] = (32, 32, 3),
    dropout: float = 0.0,
    batch_norm_momentum: float = 0.9,
    batch_norm_scale: bool = True,
    weight_decay: float = 1e-4,
) -> keras.Model:
    """DenseNet for CIFAR, plain or BC.

    Three dense blocks of n units; every unit adds `growth` channels to what it
    was given. BC puts a 1x1 convolution with 4 `growth` channels before each
    3x3 one and halves the channels between blocks.

    Args:
        depth: Number of weight layers: 3n + 4, or 6n + 4 for BC.
        growth: New channels of each unit, k in the paper. With depth 100 and
            growth 12 the plain form has 7.0M parameters, BC 0.8M.
        bottleneck: Whether to build the BC form.
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels).
        dropout: Share dropped after each convolution but the first; the paper
            uses 0.2 where it does not augment.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: Whether batch norm has its gamma.
        weight_decay: Factor of the weights in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes).

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    units = units_of_depth(depth, 6 if bottleneck else 3, 4)
    check_positive(growth=growth)
    check_rate(dropout=dropout)
    parts, image = start_small(
        activation, classes, input_shape, batch_norm_momentum,
        batch_norm_scale, weight_decay,
    )  # fmt: skip
    x = parts.conv(image, 2 * growth if bottleneck else 16, 3)
    for block in range(3):
        if block:
            channels = x.shape[-1] // 2 if bottleneck else x.shape[-1]
            x = _conv_drop(parts, x, channels, 1, dropout)
            x = layers.AveragePooling2D(2)(x)
        for _ in range(units):
            y = x
            if bottleneck:
                y = _conv_drop(parts, y, 4 * growth, 1, dropout)
            y = _conv_drop(parts, y, growth, 3, dropout)
            x = layers.Concatenate()([x, y])
    x = layers.GlobalAveragePooling2D()(parts.norm_act(x))
    name = f"densenet_{'bc_' if bottleneck else ''}{depth}_{growth}"
    return parts.model(image, parts.logits(x, classes), name)


register("densenet", densenet)
register("densenet_100_12", densenet, depth=100, growth=12, bottleneck=False)
register("densenet_bc_100_12", densenet, depth=100, growth=12, bottleneck=True)
