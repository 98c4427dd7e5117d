"""Functions of float32 that XLA turns into one vector loop on CPUs.

XLA calls a scalar function of the system for each element where it has no
vector form of its own, and some of its own forms take several times what its
sigmoid takes, or are off by more than 2 units in the last place. What stands
in `circular` and `exponentials` is made of additions, multiplications and
selections without branches, beside XLA's own exponential, logarithm and root.
Here is when that is used, and what those modules share.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import keras

from actfn.expressions import lowering, ops


def wanted(x) -> bool:
    """Whether a tensor of float32 is part of a program that XLA compiles."""
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "jax"):
        return False
    if keras.backend.standardize_dtype(x.dtype) != "float32":
        return False
    if backend == "jax":
        import jax

        return isinstance(x, jax.core.Tracer) and _on_cpu()
    return lowering.by_xla() and _on_cpu()


@functools.cache
def _on_cpu() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() == "cpu"
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


def instead(compiled: Callable) -> Callable:
    """Puts `compiled` in the place of a function wherever it is `wanted`.

    Args:
        compiled: A function of the same arguments, the last of which tells.
    """

    def of(usual: Callable) -> Callable:
        @functools.wraps(usual)
        def either(*arguments):
            chosen = compiled if wanted(arguments[-1]) else usual
            return chosen(*arguments)

        return either

    return of


def with_slope(slope: Callable) -> Callable:
    """Gives a function of one tensor its derivative, in both modes of JAX.

    Automatic differentiation would go through the polynomial and lose digits,
    and take what `abs` has at 0 for the slope.

    Args:
        slope: ``slope(x)``, itself differentiable.
    """

    def of(value: Callable) -> Callable:
        if keras.backend.backend() == "jax":
            return _for_jax(value, slope)

        @ops.custom_gradient
        def function(x):
            def gradient(*given, upstream=None):
                if upstream is None:
                    (upstream,) = given
                return upstream * slope(x)

            return value(x), gradient

        return functools.wraps(value)(function)

    return of


def _for_jax(value: Callable, slope: Callable) -> Callable:
    import jax

    function = jax.custom_jvp(value)

    @function.defjvp
    def _(arguments, tangents):
        (x,), (tangent,) = arguments, tangents
        return function(x), slope(x) * tangent

    return function


def horner(coefficients: Sequence[float], z):
    """Returns a polynomial in z; the coefficient of its highest power first."""
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * z + coefficient
    return value


def odd(x, value):
    """Returns a value for abs(x) with the sign of x."""
    return ops.where(x < 0, -value, value)


def clipped(x, limit: float):
    """Returns x between -limit and limit; NaN remains."""
    return ops.maximum(ops.minimum(x, limit), -limit)
