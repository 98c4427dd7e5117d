"""What a layer is called with: one tensor, or numbers that become one."""

from __future__ import annotations

import keras
import numpy as np

_SPARSE = ("SparseTensor", "IndexedSlices", "BCOO")


def one_tensor(inputs):
    """Returns the inputs of an elementwise layer as one array or tensor.

    Args:
        inputs: A tensor, an array, or a number or nested lists of numbers,
            which become an array of floats.

    Raises:
        ValueError: It is none of them, or not of real numbers.
    """
    if not hasattr(inputs, "dtype"):
        inputs = _array(inputs)
    if getattr(inputs, "sparse", False) or type(inputs).__name__ in _SPARSE:
        raise ValueError(
            "`inputs` must be dense, as after `keras.ops.convert_to_tensor("
            f"x, sparse=False)`. Received: {type(inputs).__name__}"
        )
    kind = str(inputs.dtype).lower()
    if any(word in kind for word in ("complex", "str", "object", "<u")):
        raise ValueError(
            f"`inputs` must be real numbers. Received: dtype {inputs.dtype}"
        )
    return inputs


def as_floats(inputs, dtype: str):
    """Returns integers and booleans as floating-point numbers of `dtype`."""
    found = keras.backend.standardize_dtype(inputs.dtype)
    if keras.backend.is_float_dtype(found):
        return inputs
    return keras.ops.cast(inputs, dtype)


def _array(numbers) -> np.ndarray:
    leaves = keras.tree.flatten(numbers)
    if leaves and all(isinstance(n, int | float | np.number) for n in leaves):
        try:
            return np.asarray(numbers, keras.config.floatx())
        except (TypeError, ValueError):
            pass  # lists of different lengths, or a dictionary
    received = " ".join(repr(numbers).split())
    raise ValueError(
        "`inputs` must be one tensor or array, or nested lists of numbers of "
        f"equal lengths. Received: {received[:80]}"
    )
