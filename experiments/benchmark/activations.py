"""Time and memory of every catalog function against its rivals.

Forward plus backward, in one process, taking turns: our layer, our layer
without recomputation, the same formula in plain TensorFlow, tf.nn.swish and
tf.nn.relu. A function of two inputs takes them as halves of the channels, from
a tensor as large as the input of the others. Times are medians over the
rounds. Bytes are those of the tensors that the optimised graph must keep until
the incoming gradient is there: what operations that depend on that gradient
read from operations that do not. The rows of a function are kept as soon as
they are measured; --resume goes on with the functions that are left.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf
import tqdm

from actfn.search.books.tables import read_rows
from experiments.benchmark.parts.charts import draw
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.benchmark.parts.kept_tensors import bytes_kept
from experiments.benchmark.parts.rivals import (
    PLAIN,
    PLAIN_GATES,
    contestants,
    first_values,
)
from experiments.benchmark.parts.turns import milliseconds
from experiments.machine import machine

MODES = ("eager", "graph", "xla")
COLUMNS = (
    "function",
    "mode",
    "contestant",
    "milliseconds",
    "relative_to_plain",
    "bytes_kept",
    "input_bytes",
    "rounds",
    "machine",
)


def forward_and_backward(function: Callable, mode: str) -> Callable:
    """Returns a function of x, its parameters and the incoming gradient.

    It returns once all is computed.
    """

    def both(x, parameters, upstream):
        with tf.GradientTape() as tape:
            tape.watch([x, *parameters])
            y = function(x, *parameters)
        return y, tape.gradient(y, [x, *parameters], upstream)

    if mode != "eager":
        both = tf.function(both, jit_compile=mode == "xla", autograph=False)

    def done(*inputs):
        y, gradients = both(*inputs)
        gradients[0][(0,) * len(gradients[0].shape)].numpy()
        return y, gradients

    return done


def run(
    functions: Sequence[str],
    modes: Sequence[str],
    shape: Sequence[int],
    rounds: int,
    seed: int,
) -> Iterator[list[dict]]:
    """Yields the rows of each function, one list after the other."""
    generator = tf.random.Generator.from_seed(seed)
    x, upstream = generator.normal(shape), generator.normal(shape)
    half = tf.identity(upstream[..., : shape[-1] // 2])
    for name in tqdm.tqdm(functions, unit="function"):
        rows = []
        rivals, values = contestants(name), first_values(name, shape)
        kept = {key: bytes_kept(f, shape, values) for key, f in rivals.items()}
        for mode in modes:
            compiled = {
                key: forward_and_backward(f, mode) for key, f in rivals.items()
            }
            above = half if name in PLAIN_GATES else upstream
            inputs = x, values, above
            found = milliseconds(compiled, inputs, rounds, time.perf_counter)
            times = {key: statistics.median(found[key]) for key in found}
            rows += [
                {
                    "function": name,
                    "mode": mode,
                    "contestant": key,
                    "milliseconds": milliseconds,
                    "relative_to_plain": milliseconds / times["plain"],
                    "bytes_kept": kept[key] if mode == "graph" else "",
                    "input_bytes": x.dtype.size * math.prod(shape),
                    "rounds": rounds,
                    "machine": machine(),
                }
                for key, milliseconds in times.items()
            ]
        yield rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("activations", __doc__, resumes=True)
    known = (*PLAIN, *PLAIN_GATES)
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
    options = parser.parse_args(arguments)
    if options.rounds < 1 or min(options.shape) < 1 or len(options.shape) < 2:
        parser.error("--rounds and two or more of --shape must be positive")
    if options.shape[-1] % 2 and not PLAIN_GATES.keys().isdisjoint(
        options.functions
    ):
        parser.error(
            "--shape must end with an even number, for halves of the "
            f"channels. Received: {options.shape}"
        )
    log = BenchmarkLog(parser, options, "activations.csv", COLUMNS)
    done = log.keep_whole(
        lambda row: row["function"],
        lambda name: len(options.modes) * len(contestants(name)),
    )
    left = [name for name in options.functions if name not in done]
    for rows in run(
        left, options.modes, options.shape, options.rounds, options.seed
    ):
        for row in rows:
            log.append(row)
    table = [
        {**row, "milliseconds": float(row["milliseconds"])}
        for row in read_rows(log.path)
    ]
    with log.written():
        draw(table, options.directory / "activations.png")
    for row in table:
        print(
            f"{row['function']:22}{row['mode']:6} {row['contestant']:23}"
            f"{row['milliseconds']:8.1f} ms "
            f"{float(row['relative_to_plain']):6.2f}  {row['bytes_kept']}"
        )


if __name__ == "__main__":
    main()
