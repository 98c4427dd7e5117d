"""Inception-v4.

Source: Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", arXiv:1602.07261, Figures 3 to 9, with
tensorflow/models, research/slim, for the settings.
"""

from collections.abc import Sequence

import keras
from keras import layers

from models.heads import classifier
from models.parts import (
    Parts,
    check_input_shape,
    check_positive,
    check_rate,
)
from models.registry import Factory, register

# A branch is a chain of convolutions: (filters, size) with the same padding,
# or (filters, size, strides) without padding. "average" and "max" are pools.
Branch = tuple[str | tuple, ...]

_ACROSS, _DOWN = (1, 7), (7, 1)

_STEM = ((32, 3, 2), (32, 3, 1), (64, 3))
_STEM_3 = (("max",), ((96, 3, 2),))
_STEM_4 = (
    ((64, 1), (96, 3, 1)),
    ((64, 1), (64, _ACROSS), (64, _DOWN), (96, 3, 1)),
)
_STEM_5 = (((192, 3, 2),), ("max",))
_A = (
    ((96, 1),),
    ((64, 1), (96, 3)),
    ((64, 1), (96, 3), (96, 3)),
    ("average", (96, 1)),
)
_REDUCTION_A = (
    ((384, 3, 2),),
    ((192, 1), (224, 3), (256, 3, 2)),
    ("max",),
)
_B = (
    ((384, 1),),
    ((192, 1), (224, _ACROSS), (256, _DOWN)),
    ((192, 1), (192, _DOWN), (224, _ACROSS), (224, _DOWN), (256, _ACROSS)),
    ("average", (128, 1)),
)
_REDUCTION_B = (
    ((192, 1), (192, 3, 2)),
    ((256, 1), (256, _ACROSS), (320, _DOWN), (320, 3, 2)),
    ("max",),
)


def _chain(
    parts: Parts, x: keras.KerasTensor, branch: Branch
) -> keras.KerasTensor:
    """Applies the steps of one branch."""
    for step in branch:
        if step == "max":
            x = layers.MaxPooling2D(3, strides=2)(x)
        elif step == "average":
            x = layers.AveragePooling2D(3, strides=1, padding="same")(x)
        else:
            padding = "valid" if len(step) == 3 else "same"
            x = parts.norm_act(parts.conv(x, *step, padding=padding))
    return x


def _block(
    parts: Parts, x: keras.KerasTensor, branches: tuple[Branch, ...]
) -> keras.KerasTensor:
    """Applies the branches side by side and joins their channels."""
    return layers.Concatenate()([_chain(parts, x, b) for b in branches])


def _block_c(parts: Parts, x: keras.KerasTensor) -> keras.KerasTensor:
    """The 8x8 block, of which two branches fork once more."""
    fork = (((256, (1, 3)),), ((256, (3, 1)),))
    one = _chain(parts, x, ((256, 1),))
    two = _block(parts, _chain(parts, x, ((384, 1),)), fork)
    long = _chain(parts, x, ((384, 1), (448, (3, 1)), (512, (1, 3))))
    three = _block(parts, long, fork)
    four = _chain(parts, x, ("average", (256, 1)))
    return layers.Concatenate()([one, two, three, four])


def inception_v4(
    *,
    activation: Factory | None = None,
    classes: int = 1000,
    input_shape: Sequence[int] = (299, 299, 3),
    auxiliary_head: bool = False,
    dropout: float = 0.2,
    batch_norm_momentum: float = 0.9997,
    batch_norm_scale: bool = True,
    weight_decay: float = 4e-5,
) -> keras.Model:
    """Inception-v4, 42.7M parameters.

    Args:
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels), at least 75x75.
        auxiliary_head: Whether to add the classifier on the last 17x17 map.
        dropout: Share of the pooled features that is dropped.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: `False` asks for the reference's choice, which for
            this network (timm's) is to have the gamma, too.
        weight_decay: Factor of the weights in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes); with an
        auxiliary head, to a dict of "logits" and "auxiliary".

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    check_input_shape(input_shape, 75)
    check_positive(classes=classes)
    check_rate(dropout=dropout)
    parts = Parts(
        activation or layers.ReLU,
        batch_norm_momentum=batch_norm_momentum,
        batch_norm_epsilon=1e-3,
        weight_decay=weight_decay,
    )
    image = keras.Input(input_shape, name="image")
    x = _chain(parts, image, _STEM)
    blocks = (_STEM_3, _STEM_4, _STEM_5, *[_A] * 4, _REDUCTION_A, *[_B] * 7)
    for branches in blocks:
        x = _block(parts, x, branches)
    side = x if auxiliary_head else None
    x = _block(parts, x, _REDUCTION_B)
    for _ in range(3):
        x = _block_c(parts, x)
    x = layers.GlobalAveragePooling2D()(x)
    name = "inception_v4"
    return classifier(parts, image, x, side, classes, dropout, name)


register("inception_v4", inception_v4)
