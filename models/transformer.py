"""The Transformer for translation.

Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762.
"""

import keras
from keras import layers, ops

from models.parts import Parts, check_positive, check_rate
from models.registry import Factory, register

PADDING = 0


@keras.saving.register_keras_serializable("models")
class SharedEmbedding(layers.Embedding):
    """Embeds tokens and, in reverse, gives logits with the same matrix.

    Forward: tokens (batch, steps) to (batch, steps, width), the embedding
    times the square root of the width plus sines and cosines of the position.
    In reverse: (batch, steps, width) to logits (batch, steps, vocabulary).
    """

    def call(self, inputs, reverse: bool = False):
        """Applies the layer, or its transpose if `reverse`."""
        if reverse:
            precise = self.variable_dtype
            matrix = ops.cast(self.embeddings, precise)
            return ops.matmul(ops.cast(inputs, precise), ops.transpose(matrix))
        x = super().call(inputs) * self.output_dim**0.5
        return x + ops.cast(self._positions(ops.shape(inputs)[1]), x.dtype)

    def _positions(self, steps):
        half = self.output_dim // 2
        rates = 10_000.0 ** (-ops.arange(half, dtype="float32") / half)
        angles = ops.arange(steps, dtype="float32")[:, None] * rates
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)

    def compute_output_spec(self, inputs, reverse: bool = False):
        """Returns the shape and dtype of the output."""
        if reverse:
            shape = (*inputs.shape[:-1], self.input_dim)
            return keras.KerasTensor(shape, self.variable_dtype)
        return keras.KerasTensor(
            (*inputs.shape, self.output_dim), self.compute_dtype
        )


class _Sublayers:
    """Makes the sublayers, each with dropout, addition and layer norm."""

    def __init__(
        self,
        parts: Parts,
        width: int,
        hidden: int,
        heads: int,
        dropout: float,
        gated: bool,
    ) -> None:
        self.parts, self.width = parts, width
        self.inner = 2 * gated_hidden(width, hidden) if gated else hidden
        self.heads, self.dropout = heads, dropout

    def drop(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Applies dropout, if there is any."""
        return layers.Dropout(self.dropout)(x) if self.dropout else x

    def _finish(
        self, x: keras.KerasTensor, y: keras.KerasTensor, name: str
    ) -> keras.KerasTensor:
        x = layers.Add()([x, self.drop(y)])
        norm = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")
        return norm(x)

    def attend(
        self,
        x: keras.KerasTensor,
        memory: keras.KerasTensor,
        mask: keras.KerasTensor,
        name: str,
        causal: bool = False,
    ) -> keras.KerasTensor:
        """Attention of `x` to `memory`."""
        attention = layers.MultiHeadAttention(
            self.heads, self.width // self.heads, name=name
        )
        y = attention(x, memory, attention_mask=mask, use_causal_mask=causal)
        return self._finish(x, y, name)

    def feed_forward(
        self, x: keras.KerasTensor, name: str
    ) -> keras.KerasTensor:
        """Two dense layers with the activation, a layer itself, between."""
        y = layers.Dense(self.inner, name=f"{name}_in")(x)
        y = layers.Dense(self.width, name=f"{name}_out")(self.parts.act(y))
        return self._finish(x, y, name)


def gated_hidden(width: int, hidden: int) -> int:
    """Returns the hidden size with which a gate has as many parameters.

    Two thirds of `hidden`, to a parameter's rounding: two dense layers have
    ``(2 * width + 1) * hidden + width`` parameters, and with a gate, whose
    first layer is twice as wide, ``(3 * width + 2) * size + width``.

    Source: Shazeer, arXiv:2002.05202.
    """
    return max(1, round((2 * width + 1) * hidden / (3 * width + 2)))


def transformer(
    depth: int = 6,
    width: int = 512,
    hidden: int = 2048,
    heads: int = 8,
    *,
    activation: Factory | None = None,
    vocabulary: int = 37_000,
    dropout: float = 0.1,
    gated: bool = False,
) -> keras.Model:
    """Encoder and decoder with layer norm after each sublayer.

    Token 0 is padding. The embedding is shared by source, target and logits.
    Without it the base form has 44.1M parameters, with the 37,000 tokens of
    WMT 2014 English-German 63.1M.

    Args:
        depth: Layers of the encoder and of the decoder.
        width: Size of the embedding and of the residual stream.
        hidden: Width of the feed-forward layers.
        heads: Attention heads, a divisor of `width`.
        activation: Factory of activation layers, one a feed-forward layer;
            ReLU if `None`.
        vocabulary: Number of tokens, with padding.
        dropout: Share dropped of the embedding and of each sublayer's output.
        gated: Whether `activation` halves its channels, as a
            `GatedFunction` does. The feed-forward layers are two thirds as
            wide then, so that the number of parameters is the same.

    Returns:
        A model from a dict of "source" and "target", tokens (batch, steps),
        to logits of the token after each target (batch, steps, vocabulary).

    Raises:
        ValueError: If an argument is outside of what is said above.
    """
    check_positive(depth=depth, width=width, hidden=hidden, heads=heads)
    check_positive(vocabulary=vocabulary)
    check_rate(dropout=dropout)
    if width % (2 * heads):
        raise ValueError(
            "Argument `width` must be divisible by twice the `heads`. "
            f"Received: width={width}, heads={heads}"
        )
    parts = Parts(activation or layers.ReLU)
    make = _Sublayers(parts, width, hidden, heads, dropout, gated)
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    embedding = SharedEmbedding(
        vocabulary,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(
            stddev=width**-0.5
        ),
        name="embedding",
    )
    seen = ops.not_equal(source, PADDING)[:, None, :]
    x = make.drop(embedding(source))
    for layer in range(depth):
        name = f"encoder_{layer}"
        x = make.attend(x, x, seen, f"{name}_self")
        x = make.feed_forward(x, f"{name}_dense")
    memory = layers.Identity(name="memory")(x)
    y = make.drop(embedding(target))
    past = ops.not_equal(target, PADDING)[:, None, :]
    for layer in range(depth):
        name = f"decoder_{layer}"
        y = make.attend(y, y, past, f"{name}_self", causal=True)
        y = make.attend(y, memory, seen, f"{name}_cross")
        y = make.feed_forward(y, f"{name}_dense")
    logits = embedding(y, reverse=True)
    inputs = {"source": source, "target": target}
    return parts.model(inputs, logits, "transformer")


register("transformer", transformer)
register(
    "transformer_base", transformer, depth=6, width=512, hidden=2048, heads=8
)
