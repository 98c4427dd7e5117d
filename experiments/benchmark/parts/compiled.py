"""Functions of one tensor as XLA compiles them, on TensorFlow and JAX."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import keras

PASSES = ("forward", "backward", "both")
_BYTES = {"pred": 1, "u8": 1, "s8": 1, "f16": 2, "bf16": 2, "f64": 8, "s64": 8}
_INSTRUCTION = re.compile(
    r"\s*(?:ROOT )?%?([\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*)"
)
# Those that have no memory of their own.
_VIEWS = ("get-tuple-element", "tuple", "bitcast", "opt-barrier")


def sigmoid_unit(x):
    """Returns x * sigmoid(x) by the backend's own operations."""
    if keras.backend.backend() == "jax":
        import jax

        return x * jax.nn.sigmoid(x)
    import tensorflow as tf

    return x * tf.sigmoid(x)


def compiled(function: Callable, part: str) -> Callable:
    """Returns a program of the input and the incoming gradient.

    It returns once all is computed.

    Args:
        function: Of the input.
        part: One of `PASSES`: the value, the gradient alone, or both.
    """
    if keras.backend.backend() == "jax":
        return _by_jax(function, part)
    import tensorflow as tf

    def program(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        if part == "forward":
            return (y,)
        slope = tape.gradient(y, x, upstream, unconnected_gradients="zero")
        return (slope,) if part == "backward" else (y, slope)

    run = tf.function(program, jit_compile=True, autograph=False)

    def done(x, upstream):
        found = run(x, upstream)
        found[-1][(0,) * len(x.shape)].numpy()
        return found

    return done


def _by_jax(function: Callable, part: str) -> Callable:
    import jax

    def program(x, upstream):
        if part == "forward":
            return function(x)
        y, pullback = jax.vjp(function, x)
        (slope,) = pullback(upstream)
        return slope if part == "backward" else (y, slope)

    run = jax.jit(program)
    return lambda x, upstream: jax.block_until_ready(run(x, upstream))


def tensors_kept(
    function: Callable, beside: Callable, dtype: str, size: int = 64
) -> float:
    """Returns how many tensors more than `beside` a layer's backward keeps.

    It compiles the gradients of 4 and of 8 dense layers without a bias, each
    with the function behind, and compares the memory at the peak.

    Args:
        function: Of the input.
        beside: Another.
        dtype: Of the layers, in bytes of which a tensor is measured.
        size: The layers' width; the batch is 16 times that.
    """
    one = keras.ops.zeros((16 * size, size), dtype)
    tensor = keras.ops.convert_to_numpy(one).nbytes

    def each(f):
        peaks = [peak_bytes(_program(f, dtype, n, size)) for n in (4, 8)]
        return (peaks[1] - peaks[0]) / 4

    return (each(function) - each(beside)) / tensor


def _program(function: Callable, dtype: str, layers: int, size: int) -> str:
    """Returns the text of a program that XLA has compiled."""
    weights = [keras.ops.ones((size, size), dtype) for _ in range(layers)]
    x = keras.ops.ones((16 * size, size), dtype)

    def loss(weights):
        y = x
        for weight in weights:
            y = function(keras.ops.matmul(y, weight))
        return keras.ops.sum(keras.ops.square(keras.ops.cast(y, "float32")))

    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(jax.grad(loss)).lower(weights).compile().as_text()
    import tensorflow as tf

    @tf.function(jit_compile=True, autograph=False)
    def gradients(weights):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            value = loss(weights)
        return tape.gradient(value, weights)

    compiler = gradients.experimental_get_compiler_ir(weights)
    return compiler(stage="optimized_hlo")


def peak_bytes(text: str) -> int:
    """Returns the most that is alive at once in a compiled program.

    Args:
        text: As XLA prints it, in the order in which it runs.
    """
    sizes, sources, views = {}, {}, {}
    for line in text[text.index("ENTRY") :].splitlines()[1:]:
        match = _INSTRUCTION.match(line)
        if not match:
            continue
        name, shape, kind, rest = match.groups()
        operands = re.findall(r"%([\w.-]+)", re.split(r"\), ", rest)[0])
        if kind in _VIEWS:
            views[name] = operands
            continue
        sources[name] = operands
        outside = kind in ("parameter", "constant")
        sizes[name] = 0 if outside else _size(shape)

    def owners(name):
        if name not in views:
            return {name}
        return set().union(*map(owners, views[name]))

    order = list(sizes)
    # What nobody reads is a result, or is read by the last, the results.
    last = dict.fromkeys(order, len(order))
    for place, name in enumerate(order):
        for operand in sources[name]:
            last.update(dict.fromkeys(owners(operand) & {*order}, place))
    return max(
        sum(
            sizes[name]
            for born, name in enumerate(order)
            if born <= place <= last[name]
        )
        for place in range(len(order))
    )


def _size(shape: str) -> int:
    return sum(
        _BYTES.get(kind, 4) * math.prod(map(int, filter(None, dims.split(","))))
        for kind, dims in re.findall(r"(\w+)\[([\d,]*)\]", shape)
    )
