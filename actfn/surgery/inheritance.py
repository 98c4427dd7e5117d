"""What a new activation takes over from the place that it is made for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def default_policy(policy: keras.DTypePolicy) -> Iterator[None]:
    """Makes `policy` the default one for new layers."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def policy_of(operation: keras.Operation, dtype: str) -> keras.DTypePolicy:
    """Returns the policy for the activation of an operation."""
    compute = variable = dtype if dtype.startswith("float") else "float32"
    if isinstance(operation, keras.Layer):
        policy = operation.dtype_policy
        if not getattr(policy, "quantization_mode", None):
            return policy
        compute, variable = policy.compute_dtype, policy.variable_dtype
    elif dtype in ("float16", "bfloat16"):
        compute, variable = dtype, "float32"
    mixed = "" if compute == variable else "mixed_"
    return keras.DTypePolicy(mixed + compute)
