"""What a model costs."""

import math

import keras
from keras import layers

_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)


def parameters(model: keras.Model) -> int:
    """Returns the number of trainable parameters."""
    return sum(math.prod(v.shape) for v in model.trainable_variables)


def _attention(layer: layers.MultiHeadAttention, steps: int) -> int:
    projections = sum(
        math.prod(v.shape) for v in layer.weights if v.name == "kernel"
    )
    size = layer.num_heads * (layer.key_dim + layer.value_dim)
    return steps * projections + steps**2 * size


def _places(shape: tuple[int | None, ...], steps: int) -> int:
    """Returns at how many places a dense layer is applied."""
    return math.prod(steps if side is None else side for side in shape[1:-1])


def multiply_adds(model: keras.Model, steps: int = 32) -> int:
    """Counts the multiplications with a weight or in attention, forward.

    The FLOPs of the literature on MobileNet, NASNet and DenseNet; twice as
    many as when multiplication and addition count one each. Batch norms,
    activations, poolings and biases are left out.

    Args:
        model: A model of this package.
        steps: Tokens of source and target, for a Transformer.

    Returns:
        The number for one example.
    """
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.SeparableConv2D):
            places = math.prod(layer.output.shape[1:-1])
            kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
            total += places * sum(math.prod(k.shape) for k in kernels)
        elif isinstance(layer, _CONVOLUTIONS):
            places = math.prod(layer.output.shape[1:-1])
            total += places * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.Dense):
            places = _places(layer.input.shape, steps)
            total += places * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.MultiHeadAttention):
            total += _attention(layer, steps)
        elif isinstance(layer, layers.Embedding):
            # Only the logits multiply with the embedding.
            total += steps * math.prod(layer.embeddings.shape)
    return total
