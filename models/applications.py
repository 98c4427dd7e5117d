"""ImageNet networks that are taken from keras.applications.

The graph is the one of keras.applications; what the recipes want different is
changed while it is cloned. Sources: Szegedy et al., arXiv:1512.00567 and
arXiv:1602.07261; Howard et al., arXiv:1704.04861; tensorflow/models,
research/slim, for batch norm, weight decay and dropout.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import applications, layers

from actfn.surgery import rebuild
from models.heads import classifier
from models.parts import (
    Parts,
    check_input_shape,
    check_positive,
    check_rate,
    he_depthwise,
)
from models.registry import Factory, register


def _as_published(
    parts: Parts,
    reference: keras.Model,
    batch_norm_scale: bool,
    float32: Sequence[str] = (),
) -> keras.Model:
    """Clones `reference`, freshly initialised, with the settings of `parts`.

    Args:
        parts: Has the activation, batch-norm momentum and weight decay.
        reference: A model with ReLU or ReLU6.
        batch_norm_scale: Whether each batch norm has its gamma.
        float32: Names of layers that stay precise under mixed precision.
    """

    def edit(layer: keras.Layer, config: dict[str, Any]) -> dict[str, Any]:
        if layer.name in float32:
            config["dtype"] = keras.config.dtype_policy().variable_dtype
        if isinstance(layer, layers.BatchNormalization):
            config["momentum"] = parts.batch_norm_momentum
            config["scale"] = batch_norm_scale or layer.scale
        elif isinstance(layer, layers.DepthwiseConv2D):
            channels = layer.kernel.shape[-2]
            config["depthwise_initializer"] = he_depthwise(channels)
        elif isinstance(layer, layers.Conv2D):
            config["kernel_initializer"] = "he_normal"
            config["kernel_regularizer"] = parts.decay()
            config["bias_regularizer"] = parts.decay("bias")
        return config

    return rebuild(reference, parts.sites, "relu", edit, keep_weights=False)


def _check(input_shape: Sequence[int], smallest: int, classes: int) -> None:
    check_input_shape(input_shape, smallest)
    check_positive(classes=classes)


def inception_v3(
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
    """Inception-v3, 23.8M parameters.

    Args:
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels), at least 75x75.
        auxiliary_head: Whether to add the classifier on the last 17x17 map.
        dropout: Share of the pooled features that is dropped.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: Whether batch norm has its gamma; the reference
            leaves it off.
        weight_decay: Factor of the weights in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes); with an
        auxiliary head, to a dict of "logits" and "auxiliary".

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    _check(input_shape, 75, classes)
    check_rate(dropout=dropout)
    parts = Parts(
        activation or layers.ReLU,
        batch_norm_momentum=batch_norm_momentum,
        batch_norm_epsilon=1e-3,
        batch_norm_scale=batch_norm_scale,
        weight_decay=weight_decay,
    )
    reference = applications.InceptionV3(
        include_top=False,
        weights=None,
        input_tensor=keras.Input(input_shape, name="image"),
        pooling="avg",
    )
    base = _as_published(parts, reference, batch_norm_scale)
    side = base.get_layer("mixed7").output if auxiliary_head else None
    image, features = base.inputs[0], base.output
    name = "inception_v3"
    return classifier(parts, image, features, side, classes, dropout, name)


def inception_resnet_v2(
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
    """Inception-ResNet-v2, 55.8M parameters.

    Args:
        activation: Factory of activation layers, one a site; ReLU if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels), at least 75x75.
        auxiliary_head: Whether to add the classifier on the last 17x17 map.
        dropout: Share of the pooled features that is dropped.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: Whether batch norm has its gamma; the reference
            leaves it off.
        weight_decay: Factor of the weights and biases in the gradient.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes); with an
        auxiliary head, to a dict of "logits" and "auxiliary".

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    _check(input_shape, 75, classes)
    check_rate(dropout=dropout)
    parts = Parts(
        activation or layers.ReLU,
        batch_norm_momentum=batch_norm_momentum,
        batch_norm_epsilon=1e-3,
        batch_norm_scale=batch_norm_scale,
        weight_decay=weight_decay,
        decay_of="biases",
    )
    reference = applications.InceptionResNetV2(
        include_top=False,
        weights=None,
        input_tensor=keras.Input(input_shape, name="image"),
        pooling="avg",
    )
    base = _as_published(parts, reference, batch_norm_scale)
    side = base.get_layer("block17_20_ac").output if auxiliary_head else None
    image, features = base.inputs[0], base.output
    name = "inception_resnet_v2"
    return classifier(parts, image, features, side, classes, dropout, name)


def mobilenet(
    width: float = 1.0,
    *,
    activation: Factory | None = None,
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    dropout: float = 1e-3,
    batch_norm_momentum: float = 0.9997,
    batch_norm_scale: bool = True,
    weight_decay: float = 4e-5,
) -> keras.Model:
    """MobileNet v1, 4.2M parameters.

    Args:
        width: Factor of the channels, alpha in the paper.
        activation: Factory of activation layers, one a site; ReLU6 if `None`.
        classes: Number of logits.
        input_shape: (height, width, channels), at least 32x32.
        dropout: Share of the pooled features that is dropped.
        batch_norm_momentum: Weight of the old moving average.
        batch_norm_scale: `False` asks for the reference's choice, which for
            this network is to have the gamma, too.
        weight_decay: Factor of the weights in the gradient; depthwise kernels
            do not decay.

    Returns:
        A model from (batch, *input_shape) to logits (batch, classes).

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    _check(input_shape, 32, classes)
    check_rate(dropout=dropout)
    if not width * 32 >= 1:
        raise ValueError(
            "Argument `width` must leave a channel of 32. "
            f"Received: width={width!r}"
        )
    parts = Parts(
        activation or (lambda: layers.ReLU(6.0)),
        batch_norm_momentum=batch_norm_momentum,
        weight_decay=weight_decay,
    )
    reference = applications.MobileNet(
        alpha=width,
        dropout=dropout,
        weights=None,
        input_tensor=keras.Input(input_shape, name="image"),
        classes=classes,
        classifier_activation=None,
    )
    top = [layer.name for layer in reference.layers[-3:]]
    model = _as_published(parts, reference, batch_norm_scale, float32=top)
    return parts.model(model.inputs[0], model.output, "mobilenet")


register("inception_v3", inception_v3)
register("inception_resnet_v2", inception_resnet_v2)
register("mobilenet", mobilenet)
