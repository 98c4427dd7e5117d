"""Functions of two inputs as Keras layers: gated linear units and others."""

from __future__ import annotations

import keras

from actfn.layers.activation import ActivationFunction


@keras.saving.register_keras_serializable(package="actfn")
class GatedFunction(ActivationFunction):
    """Applies a function of two inputs, the halves of the channels.

    Formula: ``f(x, y)`` with f such as ``swish(x) * y``, where x is the first
    half of the last axis and y the second. Parameters are as those of an
    `ActivationFunction`: one value for each channel of the output. No more
    than the input is kept for the backward pass.

    Args:
        expression: Expression text over x and y, or an `Expression`.
        **kwargs: Those of `ActivationFunction`.

    Input shape: any, with an even number 2n of channels on the last axis.
    Output shape: the input's, with n channels.

    Raises:
        ExpressionError: The expression is malformed.
        ValueError: The number of channels is odd.

    Example:
        >>> layer = GatedFunction("swish(x) * y")
        >>> layer(keras.ops.ones((1, 8))).shape
        (1, 4)

    Source: Dauphin et al., arXiv:1612.08083; Shazeer, "GLU Variants Improve
    Transformer", arXiv:2002.05202.
    """

    _inputs = 2

    def __init__(self, expression, *args, axis: int | None = -1, **kwargs):
        if axis not in (-1, None):
            raise ValueError(
                "`axis` must be -1, the axis that holds both halves, or None "
                f"for one value of each parameter. Received: {axis!r}"
            )
        super().__init__(expression, *args, axis=axis, **kwargs)

    def get_config(self) -> dict:
        """Returns what `from_config` takes, and that there are two inputs."""
        return {**super().get_config(), "inputs": self._inputs}

    @classmethod
    def from_config(cls, config: dict) -> GatedFunction:
        """Returns a layer as that of `get_config` was made."""
        return super().from_config(
            {name: value for name, value in config.items() if name != "inputs"}
        )

    def compute_output_shape(self, input_shape):
        """Returns the input's shape with half the channels."""
        channels = input_shape[-1] if input_shape else 1
        if channels is None:
            return input_shape
        if channels % 2:
            raise ValueError(
                "`input_shape` must have an even last axis, which holds x and "
                f"y side by side. Received: {input_shape}"
            )
        return (*input_shape[:-1], channels // 2)
