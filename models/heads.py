"""The end of the ImageNet networks."""

import keras
from keras import layers

from models.parts import Parts

_POOL = 5


def auxiliary_logits(
    parts: Parts, x: keras.KerasTensor, classes: int
) -> keras.KerasTensor:
    """Applies the auxiliary classifier of Inception-v3, -v4 and NASNet.

    5x5 average with stride 3, 1x1 convolution to 128 channels, convolution
    over the whole map to 768, logits. Its loss has weight 0.4 in the recipes.
    Source: tensorflow/models, research/slim.

    Raises:
        ValueError: If the map is smaller than 5x5.
    """
    if min(x.shape[1:3]) < _POOL:
        raise ValueError(
            "Argument `input_shape` must be so large that the auxiliary head "
            f"sees a map of at least {_POOL}x{_POOL}. "
            f"Received: an input that leaves {x.shape[1]}x{x.shape[2]}"
        )
    x = layers.AveragePooling2D(_POOL, strides=3)(x)
    x = parts.norm_act(parts.conv(x, 128, 1))
    x = parts.norm_act(parts.conv(x, 768, tuple(x.shape[1:3]), padding="valid"))
    return parts.logits(layers.Flatten()(x), classes, name="auxiliary")


def classifier(
    parts: Parts,
    image: keras.KerasTensor,
    features: keras.KerasTensor,
    auxiliary: keras.KerasTensor | None,
    classes: int,
    dropout: float,
    name: str,
) -> keras.Model:
    """Returns the model with dropout and logits on pooled `features`.

    Args:
        parts: Makes the layers.
        image: The input, (batch, height, width, channels).
        features: Pooled features, (batch, features).
        auxiliary: Where an auxiliary head goes, or `None` for no such head.
        classes: Number of logits.
        dropout: Share of the features that is dropped.
        name: Name of the model.

    Returns:
        A model with one output, or with "logits" and "auxiliary".
    """
    if dropout:
        features = layers.Dropout(dropout)(features)
    outputs = parts.logits(features, classes)
    if auxiliary is not None:
        outputs = {
            "logits": outputs,
            "auxiliary": auxiliary_logits(parts, auxiliary, classes),
        }
    return parts.model(image, outputs, name)
