"""NASNet-A for ImageNet and CIFAR.

Source: Zoph et al., "Learning Transferable Architectures for Scalable Image
Recognition", arXiv:1707.07012, with tensorflow/models, research/slim, for what
the paper leaves open. Padding follows keras.applications.NASNetMobile, whose
poolings with a stride see zeros outside of the map.
"""

from collections.abc import Sequence

import keras
from keras import layers

from models.heads import classifier
from models.nasnet_cells import Cells
from models.parts import (
    Parts,
    check_input_shape,
    check_positive,
    check_rate,
)
from models.registry import Factory, register


def _stem(
    cells: Cells, image: keras.KerasTensor, filters: int, stem: str
) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
    """Returns the last output and the one before it."""
    parts = cells.parts
    if stem == "cifar":
        return parts.norm(parts.conv(image, 3 * filters, 3)), None
    p, x = None, parts.norm(parts.conv(image, 32, 3, 2, padding="valid"))
    for divisor in (4, 2):
        x, p = cells.reduction(x, p, filters // divisor), x
    return x, p


def nasnet_a(
    repeats: int,
    filters: int,
    stem: str,
    *,
    activation: Factory | None = None,
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    auxiliary_head: bool = False,
    dropout: float = 0.5,
    drop_path: float = 0.0,
    drop_path_steps: int = 0,
    batch_norm_momentum: float = 0.9997,
    batch_norm_epsilon: float = 1e-3,
    batch_norm_scale: bool = True,
    weight_decay: float = 4e-5,
) -> keras.Model:
    """NASNet-A.

    Three times `repeats` normal cells, with a reduction cell between.

    Args:
        repeats: Number of normal cells in a row.
        filters: Channels inside of the first of them, 44 for the mobile form;
            doubled after each reduction.
        stem: "imagenet" (a convolution and two reduction cells) or "cifar".
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels), at least 32x32 for "imagenet".
        auxiliary_head: Whether to add a classifier at two thirds of the depth.
        dropout: Share of the pooled features that is dropped.
        drop_path: Rate of drop-path in the last cell; it grows linearly with
            depth, and over the training steps.
        drop_path_steps: Training steps until the rate is reached; 0 for the
            full rate from the start.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_epsilon: Added to the variance.
        batch_norm_scale: `False` asks for the reference's choice, which for
            this network is to have the gamma, too.
        weight_decay: Factor of the weights in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes); with an
        auxiliary head, to a dict of "logits" and "auxiliary".

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    if stem not in ("imagenet", "cifar"):
        raise ValueError(
            'Argument `stem` must be "imagenet" or "cifar". '
            f"Received: stem={stem!r}"
        )
    check_input_shape(input_shape, smallest=32 if stem == "imagenet" else 4)
    check_positive(repeats=repeats, filters=filters, classes=classes)
    check_rate(dropout=dropout, drop_path=drop_path)
    parts = Parts(
        activation or layers.ReLU,
        batch_norm_momentum=batch_norm_momentum,
        batch_norm_epsilon=batch_norm_epsilon,
        weight_decay=weight_decay,
    )
    number = 3 * repeats + (4 if stem == "imagenet" else 2)
    cells = Cells(parts, number, drop_path, drop_path_steps)
    image = keras.Input(input_shape, name="image")
    x, p = _stem(cells, image, filters, stem)
    side = None
    for stage in range(3):
        width = filters * 2**stage
        if stage:
            x, p = cells.reduction(x, p, width), x
        for _ in range(repeats):
            x, p = cells.normal(x, p, width), x
        if stage == 1 and auxiliary_head:
            side = parts.act(x)
    x = layers.GlobalAveragePooling2D()(parts.act(x))
    name = f"nasnet_a_{stem}"
    return classifier(parts, image, x, side, classes, dropout, name)


register("nasnet_a_mobile", nasnet_a, repeats=4, filters=44, stem="imagenet")
register(
    "nasnet_a_cifar",
    nasnet_a,
    {
        "classes": 10,
        "input_shape": (32, 32, 3),
        "dropout": 0.0,
        "drop_path": 0.4,
        "drop_path_steps": 937_500,
        "batch_norm_momentum": 0.9,
        "batch_norm_epsilon": 1e-5,
        "weight_decay": 5e-4,
    },
    repeats=6,
    filters=32,
    stem="cifar",
)
