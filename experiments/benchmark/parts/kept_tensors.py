"""What a TensorFlow function keeps for its backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf


def bytes_kept(
    function: Callable,
    shape: Sequence[int],
    parameters: Sequence = (),
    dtype: str = "float32",
) -> int:
    """Returns the bytes that the optimised graph keeps for the backward pass.

    Args:
        function: Of the input and the parameters.
        shape: Of the input.
        parameters: Arrays of their shapes.
        dtype: Of the input.
    """
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(dtype, shape, "x")
        places = [
            tf.compat.v1.placeholder(tf.float32, value.shape, f"parameter{i}")
            for i, value in enumerate(parameters)
        ]
        y = function(x, *places)
        upstream = tf.compat.v1.placeholder(y.dtype, y.shape, "upstream")
        gradients = tf.gradients(y, [x, *places], upstream)
        fetches = [y, *(g for g in gradients if g is not None)]
    metadata = tf.compat.v1.RunMetadata()
    with tf.compat.v1.Session(graph=graph) as session:
        session.run(
            fetches,
            {
                place: np.zeros(place.shape, place.dtype.as_numpy_dtype)
                for place in (x, *places, upstream)
            },
            tf.compat.v1.RunOptions(output_partition_graphs=True),
            metadata,
        )
    (partition,) = metadata.partition_graphs
    return sum(_size(graph, partition, name) for name in _kept(partition))


def _kept(partition) -> set[str]:
    """Returns tensors made before the incoming gradient and read after it."""
    nodes = {node.name: node for node in partition.node}
    sources = {
        name: [i.lstrip("^").partition(":")[0] for i in node.input]
        for name, node in nodes.items()
    }
    late: set[str] = set()
    size = -1
    while size < len(late):  # A handful of nodes.
        size = len(late)
        late |= {
            name
            for name in nodes
            if name.startswith("_arg_upstream") or late & {*sources[name]}
        }
    return {
        tensor
        for name in late
        for tensor in nodes[name].input
        if not tensor.startswith("^")
        and tensor.partition(":")[0] not in late
        and nodes[tensor.partition(":")[0]].op != "Const"
        and nodes[name].op not in ("_Retval", "Shape")
    }


def _size(graph, partition, tensor: str) -> int:
    name, _, output = tensor.partition(":")
    if name.startswith("_arg_"):  # As in "_arg_x_0_1" for the placeholder x.
        name = name.removeprefix("_arg_").rsplit("_", 2)[0]
    try:
        known = graph.get_tensor_by_name(f"{name}:{output or 0}")
    except KeyError:  # Made by the optimiser, of the shape of the input.
        known = graph.get_tensor_by_name("x:0")
    return known.shape.num_elements() * known.dtype.size
