"""Time and memory of every catalog function against its rivals.

Forward plus backward, in one process, taking turns: our layer, our layer
without recomputation, the same formula in plain TensorFlow, tf.nn.swish and
tf.nn.relu. Times are medians over the rounds. Bytes are those of the tensors
that the optimised graph must keep until the incoming gradient is there: what
operations that depend on that gradient read from operations that do not.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import random
import statistics
import time
from collections.abc import Callable, Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import tqdm

import actfn
from actfn.expression import parameters
from actfn.kernels import activate
from experiments.cli import Parser
from experiments.machine import machine
from experiments.results import CsvLog

MODES = ("eager", "graph", "xla")
COLUMNS = (
    "function",
    "mode",
    "contestant",
    "milliseconds",
    "relative_to_plain",
    "bytes_kept",
    "machine",
)
_HALF_ROOT = 0.7071067811865476

# What one writes without this package: the fastest plain way.
PLAIN: dict[str, Callable] = {
    "relu": lambda x, b: tf.nn.relu(x),
    "relu6": lambda x, b: tf.nn.relu6(x),
    "leaky_relu": lambda x, b: tf.nn.leaky_relu(x, 0.01),
    "prelu": lambda x, b: tf.maximum(x, 0.0) + b * tf.minimum(x, 0.0),
    "softplus": lambda x, b: tf.nn.softplus(x),
    "elu": lambda x, b: tf.nn.elu(x),
    "selu": lambda x, b: tf.nn.selu(x),
    "gelu": lambda x, b: 0.5 * x * (1 + tf.math.erf(x * _HALF_ROOT)),
    "swish": lambda x, b: x * tf.sigmoid(b * x),
    "swish_1": lambda x, b: x * tf.sigmoid(x),
    "max_sigmoid": lambda x, b: tf.maximum(x, tf.sigmoid(x)),
    "cos_minus_x": lambda x, b: tf.cos(x) - x,
    "min_sin": lambda x, b: tf.minimum(x, tf.sin(x)),
    "atan_squared_minus_x": lambda x, b: tf.atan(x) ** 2 - x,
    "max_tanh": lambda x, b: tf.maximum(x, tf.tanh(x)),
    "sinc_plus_x": lambda x, b: _sinc(x) + x,
    "x_asinh_squared": lambda x, b: x * tf.asinh(x) ** 2,
}


def _sinc(x):
    safe = tf.where(x == 0.0, 1.0, x)
    return tf.where(x == 0.0, 1.0, tf.sin(safe) / safe)


def contestants(name: str) -> dict[str, Callable]:
    """Returns functions of the input and the parameter, by name."""
    expression = actfn.parse(actfn.catalog.entry(name).expression)
    names = [parameter.name for parameter in parameters(expression)]

    def ours(recompute: bool) -> Callable:
        return lambda x, b: activate(
            expression, x, dict.fromkeys(names, b), recompute
        )

    return {
        "actfn": ours(True),
        "actfn, recompute=False": ours(False),
        "plain": PLAIN[name],
        "tf.nn.swish": lambda x, b: tf.nn.swish(x),
        "tf.nn.relu": lambda x, b: tf.nn.relu(x),
    }


def forward_and_backward(function: Callable, mode: str) -> Callable:
    """Returns a function of x, beta and the incoming gradient."""

    def both(x, beta, upstream):
        with tf.GradientTape() as tape:
            tape.watch([x, beta])
            y = function(x, beta)
        return y, tape.gradient(y, [x, beta], upstream)

    if mode == "eager":
        return both
    return tf.function(both, jit_compile=mode == "xla", autograph=False)


def medians(
    functions: dict[str, Callable], inputs: tuple, rounds: int
) -> dict[str, float]:
    """Returns the median time in milliseconds; all take turns."""
    times = collections.defaultdict(list)
    order, shuffle = list(functions), random.Random(0).shuffle
    for turn in range(rounds + 2):
        shuffle(order)  # Who comes after a heavy one pays for its memory.
        for name in order:
            function = functions[name]
            start = time.perf_counter()
            y, gradients = function(*inputs)
            gradients[0][(0,) * len(gradients[0].shape)].numpy()  # Is done.
            if turn > 1:
                times[name].append(1000 * (time.perf_counter() - start))
            del y, gradients
    return {name: statistics.median(times[name]) for name in functions}


def bytes_kept(function: Callable, shape: Sequence[int]) -> int:
    """Returns the bytes that the optimised graph keeps for the backward pass.

    Args:
        function: Of the input and a parameter per channel.
        shape: Of the input.
    """
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, shape, "x")
        beta = tf.compat.v1.placeholder(tf.float32, shape[-1:], "beta")
        upstream = tf.compat.v1.placeholder(tf.float32, shape, "upstream")
        y = function(x, beta)
        gradients = tf.gradients(y, [x, beta], upstream)
        fetches = [y, *(g for g in gradients if g is not None)]
    metadata = tf.compat.v1.RunMetadata()
    with tf.compat.v1.Session(graph=graph) as session:
        session.run(
            fetches,
            {
                place: np.zeros(place.shape, "float32")
                for place in (x, beta, upstream)
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


def run(
    functions: Sequence[str],
    modes: Sequence[str],
    shape: Sequence[int],
    rounds: int,
    seed: int,
) -> list[dict]:
    """Measures and returns the rows of the table."""
    generator = tf.random.Generator.from_seed(seed)
    inputs = (
        generator.normal(shape),
        tf.ones(shape[-1:]),
        generator.normal(shape),
    )
    rows = []
    for name in tqdm.tqdm(functions, unit="function"):
        rivals = contestants(name)
        kept = {key: bytes_kept(f, shape) for key, f in rivals.items()}
        for mode in modes:
            compiled = {
                key: forward_and_backward(f, mode) for key, f in rivals.items()
            }
            times = medians(compiled, inputs, rounds)
            rows += [
                {
                    "function": name,
                    "mode": mode,
                    "contestant": key,
                    "milliseconds": milliseconds,
                    "relative_to_plain": milliseconds / times["plain"],
                    "bytes_kept": kept[key] if mode == "graph" else "",
                    "machine": machine(),
                }
                for key, milliseconds in times.items()
            ]
    return rows


def draw(rows: Sequence[dict], path: pathlib.Path) -> None:
    """Draws the times, one panel a mode."""
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    names = list(dict.fromkeys(row["function"] for row in rows))
    figure, axes = plt.subplots(
        1, len(modes), figsize=(5 * len(modes), 1.5 + 0.5 * len(names)),
        squeeze=False, sharey=True, layout="constrained",
    )  # fmt: skip
    for axis, mode in zip(axes[0], modes, strict=True):
        bars = [row for row in rows if row["mode"] == mode]
        keys = list(dict.fromkeys(row["contestant"] for row in bars))
        for offset, key in enumerate(keys):
            values = [r["milliseconds"] for r in bars if r["contestant"] == key]
            places = [i + 0.16 * offset for i in range(len(names))]
            axis.barh(places, values, 0.16, label=key)
        axis.set_yticks([i + 0.32 for i in range(len(names))], names)
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.set_xlabel(f"ms, forward plus backward ({mode})")
    axes[0][0].legend()
    figure.suptitle(machine())
    figure.savefig(path)
    plt.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = Parser(
        "python -m experiments.benchmark activations",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    known = tuple(PLAIN)
    parser.add_argument(
        "--functions", nargs="+", default=list(known), choices=known,
        metavar="NAME",
    )  # fmt: skip
    parser.add_argument(
        "--modes", nargs="+", default=list(MODES), choices=MODES
    )
    parser.add_argument(
        "--shape", nargs="+", type=int, default=[64, 32, 32, 64]
    )
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--directory", type=pathlib.Path, default="results/benchmark"
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1 or min(options.shape) < 1 or len(options.shape) < 2:
        parser.error("--rounds and two or more of --shape must be positive")
    rows = run(
        options.functions, options.modes, options.shape, options.rounds,
        options.seed,
    )  # fmt: skip
    try:
        options.directory.mkdir(parents=True, exist_ok=True)
        CsvLog(options.directory / "activations.csv", COLUMNS).rewrite(rows)
        draw(rows, options.directory / "activations.png")
    except OSError as error:
        parser.error(f"--directory cannot be written: {error}")
    for row in rows:
        print(
            f"{row['function']:22}{row['mode']:6} {row['contestant']:23}"
            f"{row['milliseconds']:8.1f} ms {row['relative_to_plain']:6.2f}"
            f"  {row['bytes_kept']}"
        )


if __name__ == "__main__":
    main()
