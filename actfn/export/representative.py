"""Representative data: what a model is quantised and checked with."""

from __future__ import annotations

import keras
import numpy as np


def by_name(model: keras.Model, data) -> dict[str, np.ndarray]:
    """Returns the data of each input by the name that exported files have.

    Args:
        model: A model that has `inputs`.
        data: An array, or arrays in the structure of the model's inputs.

    Raises:
        ValueError: It does not fit the model.
    """
    if data is None:
        raise ValueError(
            "`representative_data` must hold some inputs of the model, in "
            "whose range it computes in 8 bits. Received: None"
        )
    if not getattr(model, "inputs", None):
        raise ValueError(
            "`model` must have `inputs`, as functional and sequential models "
            f"have. Received: {model}"
        )
    tensors = keras.tree.flatten(called_with(model))
    arrays = [np.asarray(part) for part in _parts(tensors, model, data)]
    for tensor, array in zip(tensors, arrays, strict=True):
        _check(tensor, array)
    counts = [len(array) for array in arrays]
    if len({*counts}) > 1:
        raise ValueError(
            "`representative_data` must have as many examples of each input. "
            f"Received: {counts}"
        )
    return {
        tensor.name: array.astype(tensor.dtype)
        for tensor, array in zip(tensors, arrays, strict=True)
    }


def called_with(model: keras.Model):
    """Returns a model's inputs in the structure that it is called with."""
    sequential = isinstance(model, keras.Sequential)
    return model.inputs[0] if sequential else model.input


def _parts(tensors: list, model: keras.Model, data) -> list:
    if len(tensors) == 1 and not isinstance(data, list | tuple | dict):
        return [data]
    try:
        keras.tree.assert_same_structure(called_with(model), data)
    except (TypeError, ValueError):
        shapes = keras.tree.map_structure(lambda t: t.shape, called_with(model))
        raise ValueError(
            "`representative_data` must be an array, or arrays in the "
            f"structure of the model's inputs, {shapes}. Received: "
            f"{type(data).__name__}"
        ) from None
    return keras.tree.flatten(data)


def _check(tensor: keras.KerasTensor, array: np.ndarray) -> None:
    shape = array.shape
    fits = (
        array.dtype.kind in "fiub"
        and len(shape) == len(tensor.shape)
        and shape[0] > 0
        and all(
            size in (None, found)
            for size, found in zip(tensor.shape[1:], shape[1:], strict=True)
        )
    )
    if not fits:
        raise ValueError(
            "`representative_data` must be numbers of shape (examples, "
            f"{', '.join(map(str, tensor.shape[1:]))}) for the input "
            f"{tensor.name!r}. Received: {array.dtype} of shape {shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(
            "`representative_data` must be finite. Received: "
            f"{np.sum(~np.isfinite(array))} infinite or no numbers"
        )
