"""Functions whose gradient keeps their arguments and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import keras

from actfn.expressions import lowering, ops


def lean(
    value: Callable,
    gradients: Callable,
    recompute: bool = True,
    slopes: bool = False,
):
    """Returns `value` with a gradient that keeps its arguments only.

    Or as much of slopes in their place, where that saves time.

    JAX differentiates it in forward mode (`jax.jvp`, `jax.jacfwd`,
    `jax.hessian`) as well.

    Args:
        value: ``value(x, betas)``, of the shape of x.
        gradients: ``gradients(x, betas, upstream)`` returns the gradients by
            x and by each parameter, each linear in `upstream`.
        recompute: Whether the backward pass computes anew what it needs of
            the forward pass. If not, compiled graphs share it, which takes
            less time and more memory.
        slopes: Whether the gradients are by x alone, and are slopes times
            `upstream`. A slope has the size of x, and graphs of TensorFlow
            keep it instead: what it shares with the value is computed once.
    """

    def rounded(x, *betas):
        return ops.cast(value(ops.cast(x, working_dtype(x)), betas), x.dtype)

    def pullback(arguments, upstream, apart=False):
        dtype = working_dtype(arguments[0])
        x, *betas = (ops.cast(argument, dtype) for argument in arguments)
        x = _apart(x, upstream) if apart else x
        found = gradients(x, betas, ops.cast(upstream, dtype))
        return tuple(
            ops.cast(term, argument.dtype)
            for term, argument in zip(found, arguments, strict=True)
        )

    if keras.backend.backend() == "jax":
        return _in_both_modes(rounded, pullback, recompute)

    @ops.custom_gradient
    def function(*arguments):
        def gradient(*given, upstream=None):
            if upstream is None:
                (upstream,) = given
            waits = recompute and not (slopes and _keeps_slopes(arguments[0]))
            kept = _after(upstream, arguments) if waits else arguments
            return pullback(kept, upstream, waits and _shares(arguments[0]))

        return rounded(*arguments), gradient

    def of_tensors(x, *betas):
        # Without a graph a custom gradient takes no variable.
        return function(ops.copy(x) if is_variable(x) else x, *betas)

    return of_tensors if keras.backend.backend() == "tensorflow" else function


def is_variable(x) -> bool:
    """Whether x is a variable of Keras or of TensorFlow."""
    return hasattr(x, "assign")


def working_dtype(x) -> str:
    """The dtype to compute in: float32 for tensors of 16 bits."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def _after(upstream, tensors: tuple) -> tuple:
    """Returns the tensors, not to be used before `upstream` is there.

    Else TensorFlow would merge what is recomputed with the forward pass, and
    keep it. There is nothing to merge in PyTorch.
    """
    if keras.backend.backend() != "tensorflow":
        return tensors
    import tensorflow as tf

    with tf.control_dependencies([upstream]):
        return tuple(tf.identity(tensor) for tensor in tensors)


def _shares(x) -> bool:
    """Whether XLA is to be kept from merging what is recomputed.

    It knows no order of operations, and would keep tensors of float32 beside
    the input of 16 bits. What it keeps of float32 is no larger than the input.
    """
    if keras.backend.backend() != "tensorflow":
        return False
    narrow = keras.backend.standardize_dtype(x.dtype) != working_dtype(x)
    return narrow and lowering.by_xla()


def _apart(x, upstream):
    """Returns x as a sum that no compiler knows before `upstream` is there.

    It takes away 0, or where the gradient is no number, next to nothing.
    """
    first = ops.reshape(upstream, (-1,))[:1]
    nothing = ops.where(ops.any(ops.isnan(first)), 1e-30, 0.0)
    return x - ops.cast(nothing, x.dtype)


def _keeps_slopes(x) -> bool:
    """Whether a slope is computed in the forward pass, and kept.

    Operation by operation, without a graph, nothing would be shared, and XLA
    recomputes in one pass over memory. A slope of 16 bits would be rounded
    before it is multiplied.
    """
    if keras.backend.backend() != "tensorflow":
        return False
    if keras.backend.standardize_dtype(x.dtype) != working_dtype(x):
        return False
    import tensorflow as tf

    return not tf.executing_eagerly() and not lowering.by_xla()


def _in_both_modes(value: Callable, pullback: Callable, recompute: bool):
    """Returns `value` for JAX, with a derivative for forward and reverse mode.

    The tangent is the transpose of the gradient. As a checkpoint it leaves
    nothing behind for reverse mode, which transposes it again, but arguments.
    """
    import jax

    function = jax.custom_jvp(value)

    def rule(arguments, tangents):
        moved = [
            i
            for i, tangent in enumerate(tangents)
            if not isinstance(tangent, jax.custom_derivatives.SymbolicZero)
        ]
        y = function(*arguments)

        def tangent(arguments, tangents):
            def wanted(upstream):
                found = pullback(arguments, upstream)
                return [found[i] for i in moved]

            (result,) = jax.linear_transpose(wanted, y)(tangents)
            return result

        # Without a barrier, a compiler may share what is recomputed.
        tangent = jax.checkpoint(tangent, prevent_cse=recompute)
        return y, tangent(arguments, [tangents[i] for i in moved])

    function.defjvp(rule, symbolic_zeros=True)
    return function
