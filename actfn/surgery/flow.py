"""What is known of a tensor by its way through a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import keras
from keras import layers

_TO_LAST_AXIS = (
    layers.Dense,
    layers.EinsumDense,
    layers.Embedding,
    layers.Permute,
    layers.Reshape,
)
_OPERATIONS_TO_LAST_AXIS = ("Moveaxis", "Reshape", "Swapaxes", "Transpose")


@dataclasses.dataclass(frozen=True)
class Flow:
    """What a tensor has behind it.

    Attributes:
        depth: Activations on the longest path from an input.
        axis: Where its channels are: -1, or counted from the left.
        shifted: Whether it is ``x + 3``, as before the ReLU6 of a hard
            sigmoid.
    """

    depth: int = 0
    axis: int = -1
    shifted: bool = False

    @classmethod
    def of_input(cls, rank: int | None) -> Flow:
        """Returns the flow of a model's input."""
        first = keras.config.image_data_format() == "channels_first"
        return cls(axis=1 if first and rank and rank > 3 else -1)

    @classmethod
    def joined(cls, flows: Iterable[Flow]) -> Flow:
        """Returns the flow of an operation on several tensors."""
        flows = list(flows)
        if not flows:
            return cls()
        depth = max(flow.depth for flow in flows)
        return dataclasses.replace(flows[0], depth=depth)

    def after(
        self, operation: keras.Operation, rank: int | None, *args: Any
    ) -> Flow:
        """Returns the flow of what an operation makes of a tensor."""
        axis = channel_axis(operation, self.axis)
        if axis > 0 and rank is not None and axis >= rank - 1:
            axis = -1
        return Flow(self.depth, axis, _adds_three(operation, args))


def _adds_three(operation: keras.Operation, args: tuple) -> bool:
    numbers = [arg for arg in args if isinstance(arg, (int, float))]
    return type(operation).__name__ == "Add" and numbers == [3]


def channel_axis(layer: keras.Operation, before: int = -1) -> int:
    """Returns the channel axis of what a layer returns.

    Args:
        layer: A layer or an operation of a graph.
        before: The channel axis of its input.
    """
    if isinstance(layer, layers.Wrapper):
        inside = before - 1 if before > 0 else before
        timed = isinstance(layer, layers.TimeDistributed)
        axis = channel_axis(layer.layer, inside if timed else before)
        return axis + 1 if timed and axis > 0 else axis
    data_format = getattr(layer, "data_format", None)
    if data_format in ("channels_first", "channels_last"):
        sequence = hasattr(layer, "cell") and layer.return_sequences
        return -1 if data_format == "channels_last" else 1 + sequence
    if isinstance(layer, layers.BatchNormalization):
        axis = layer.axis
        return axis if isinstance(axis, int) and axis > 0 else before
    name = type(layer).__name__
    if name == "Transpose" and layer.axes:
        axis = list(layer.axes).index(before % len(layer.axes))
        return -1 if axis == len(layer.axes) - 1 else axis
    if isinstance(layer, _TO_LAST_AXIS) or name in _OPERATIONS_TO_LAST_AXIS:
        return -1
    return before
