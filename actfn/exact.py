"""Functions of `keras.ops` that keep float64 on every backend.

On JAX and PyTorch, Keras computes these in float32 whatever it is given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
from keras import ops


def _keeping_float64(name: str) -> Callable:
    function = getattr(ops, name)
    backend = keras.backend.backend()
    if backend not in ("jax", "torch"):
        return function

    @functools.wraps(function)
    def either(*arguments):
        dtypes = {getattr(a, "dtype", None) for a in arguments}
        if not any("float64" in str(dtype) for dtype in dtypes):
            return function(*arguments)
        if backend == "jax":
            import jax.numpy as native
        else:
            import torch as native
        return getattr(native, name)(
            *(ops.convert_to_tensor(a, "float64") for a in arguments)
        )

    return either


sin = _keeping_float64("sin")
cos = _keeping_float64("cos")
tanh = _keeping_float64("tanh")
arctan = _keeping_float64("arctan")
maximum = _keeping_float64("maximum")
minimum = _keeping_float64("minimum")
