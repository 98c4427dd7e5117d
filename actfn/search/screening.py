"""Which functions need no training to be known as hopeless."""

from __future__ import annotations

import functools

import keras
import numpy as np
from keras import ops

from actfn.layers import GatedFunction

_POINTS = 1024


def hopeless(layer: keras.layers.Layer) -> str:
    """Says why an activation cannot work; nothing if it may.

    Looks at its values on standard-normal inputs: where one is not finite,
    training does not begin; where all are the same, what comes before the
    layer learns nothing through it.

    Args:
        layer: A new one, as `actfn.get` returns it.

    Returns:
        The reason, or an empty string.
    """
    inputs = 2 if isinstance(layer, GatedFunction) else 1
    values = ops.convert_to_numpy(layer(_inputs(inputs)))
    if not np.all(np.isfinite(values)):
        return "not finite on standard-normal inputs"
    if np.all(values == values[0]):
        return "constant on standard-normal inputs"
    return ""


@functools.cache
def _inputs(count: int) -> np.ndarray:
    rng = np.random.default_rng(1710_05941)
    return rng.standard_normal((_POINTS, count)).astype("float32")
