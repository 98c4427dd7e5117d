"""The operations of the operator table: `keras.ops`, and NumPy for arrays.

Tensors go to `keras.ops`. NumPy arrays stay arrays, in their precision and
the same on every backend; an operation on some hundred points takes a
microsecond then, where a backend takes a hundred to begin. So the table serves
both the layers and everything that looks at functions from outside: canonical
forms, features, plots. Every other name is that of `keras.ops`, for tensors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
import numpy as np
from scipy import special

_ARRAYS = (np.ndarray, np.generic, float, int)


def _operation(name: str, on_arrays: Callable, narrow: bool = False):
    """Returns an operation that looks at what it is given.

    Args:
        name: Of `keras.ops`.
        on_arrays: The same for arrays.
        narrow: Whether Keras computes it in float32, whatever is given, on
            JAX and PyTorch.
    """
    on_tensors = getattr(keras.ops, name)
    if narrow:
        on_tensors = _keeping_float64(name, on_tensors)

    @functools.wraps(on_tensors)
    def either(*arguments):
        if all(isinstance(a, _ARRAYS) for a in arguments):
            return on_arrays(*arguments)
        return on_tensors(*arguments)

    return either


def _keeping_float64(name: str, function: Callable) -> Callable:
    backend = keras.backend.backend()
    if backend not in ("jax", "torch"):
        return function

    def either(*arguments):
        dtypes = {getattr(a, "dtype", None) for a in arguments}
        if not any("float64" in str(dtype) for dtype in dtypes):
            return function(*arguments)
        if backend == "jax":
            import jax.numpy as native
        else:
            import torch as native
        return getattr(native, name)(
            *(keras.ops.convert_to_tensor(a, "float64") for a in arguments)
        )

    return either


abs = _operation("abs", np.abs)
sign = _operation("sign", np.sign)
square = _operation("square", np.square)
sqrt = _operation("sqrt", np.sqrt)
power = _operation("power", np.power)
exp = _operation("exp", np.exp)
log = _operation("log", np.log)
log1p = _operation("log1p", np.log1p, narrow=True)
isnan = _operation("isnan", np.isnan)
not_equal = _operation("not_equal", np.not_equal)
erf = _operation("erf", special.erf)
sigmoid = _operation("sigmoid", special.expit)
where = _operation("where", np.where)
ones_like = _operation("ones_like", np.ones_like)
sin = _operation("sin", np.sin, narrow=True)
cos = _operation("cos", np.cos, narrow=True)
tanh = _operation("tanh", np.tanh, narrow=True)
arctan = _operation("arctan", np.arctan, narrow=True)
arctan2 = _operation("arctan2", np.arctan2, narrow=True)
maximum = _operation("maximum", np.maximum, narrow=True)
minimum = _operation("minimum", np.minimum, narrow=True)


def on_tensorflow(a) -> bool:
    """Whether TensorFlow computes with `a`: a tensor of its, no array."""
    return keras.backend.backend() == "tensorflow" and not isinstance(
        a, _ARRAYS
    )


def number(value: float, x):
    """Returns a number as a tensor or an array, with the precision of x."""
    if isinstance(x, _ARRAYS):
        return np.asarray(value, x.dtype)
    return keras.ops.convert_to_tensor(value, x.dtype)


def broadcast_like(value, x):
    """Returns a value in the shape of x, and of its kind if it is a number."""
    if isinstance(x, _ARRAYS):
        return np.broadcast_to(np.asarray(value, x.dtype), x.shape)
    value = keras.ops.convert_to_tensor(value, x.dtype)
    return keras.ops.broadcast_to(value, keras.ops.shape(x))


def __getattr__(name: str):
    return getattr(keras.ops, name)
