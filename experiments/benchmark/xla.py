"""Functions compiled by XLA on one core, against XLA's own x * sigmoid(x).

On the backend that KERAS_BACKEND names, TensorFlow or JAX; each has a file of
its own. Forward pass, backward pass, which computes anew what it needs, and
both in one program. All take turns; a figure is the median of the ratios over
the rounds. Time is that of the processor, so that other programs on the
machine matter less. Beside it, how many tensors of the size of the input more
than with ReLU are kept for the backward pass by a network of dense layers, in
float32 and in 16 bits.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tqdm

import actfn
from actfn.expressions import operators
from actfn.layers.kernels import activate
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.benchmark.parts.compiled import (
    PASSES,
    compiled,
    sigmoid_unit,
    tensors_kept,
)
from experiments.benchmark.parts.turns import milliseconds
from experiments.machine import machine

BOUNDED = ("min(x, sin(x))", "cos(x) - x", "atan(x) ** 2 - x", "sinc(x) + x")
"""The functions of the search that had been the slowest."""
_OTHERS = (
    "x * sigmoid(x)", "x * asinh(x) ** 2",
    "0.5 * x * (1 + erf(0.7071067811865476 * x))", "x * tanh(softplus(x))",
    "x ** 2", "x ** 3", "x / (1 + x ** 2)", "abs(x) ** 2.5", "2 ** x",
    "rbf(x, 1, 0.5)", "laplace(x, 1, 0.5)", "gate(x, x)", "mix(x, 1, 0.3)",
    "where(x > 0, x, 0.1 * x)",
)  # fmt: skip
NARROW = ("float32", "bfloat16", "float16")
COLUMNS = (
    "function", "backend", *PASSES, *(f"{part}_ms" for part in PASSES),
    *(f"kept_{dtype}" for dtype in NARROW), "shape", "rounds", "machine",
)  # fmt: skip


def functions() -> tuple[str, ...]:
    """Returns what is measured by default, with all operators of one input."""
    unary = [
        f"{name}(x)"
        for name in operators.names()
        if operators.get(name).arity == 1 and name in operators.BUILT_IN
    ]
    return (*BOUNDED, *_OTHERS, *unary)


def measure(
    texts: Sequence[str], shape: Sequence[int], rounds: int, seed: int
) -> Iterator[dict]:
    """Yields the rows."""
    generator = np.random.default_rng(seed)
    inputs = tuple(
        keras.ops.convert_to_tensor(generator.normal(size=shape), "float32")
        for _ in range(2)
    )
    for text in texts:
        expression = actfn.parse(text)

        def function(x, expression=expression):
            return activate(expression, x, {})

        row = {
            "function": text,
            "backend": keras.backend.backend(),
            "shape": "x".join(map(str, shape)),
            "rounds": rounds,
            "machine": machine(),
        }
        for part in PASSES:
            programs = {
                "ours": compiled(function, part),
                "rival": compiled(sigmoid_unit, part),
            }
            times = milliseconds(programs, inputs, rounds, time.process_time)
            pairs = zip(times["ours"], times["rival"], strict=True)
            row[part] = statistics.median(a / b for a, b in pairs)
            row[f"{part}_ms"] = statistics.median(times["ours"])
        for dtype in NARROW:
            row[f"kept_{dtype}"] = tensors_kept(function, keras.ops.relu, dtype)
        yield row


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Has this process use one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("xla", __doc__)
    parser.add_argument(
        "--functions", nargs="+", default=list(functions()), metavar="TEXT"
    )
    parser.add_argument(
        "--shape", nargs="+", type=int, default=[32, 32, 32, 64]
    )
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "jax"):
        parser.error(
            "KERAS_BACKEND must be tensorflow or jax, which have XLA. "
            f"Received: {backend}"
        )
    if options.rounds < 1 or min(options.shape) < 1:
        parser.error("--rounds and --shape must be positive")
    for text in options.functions:
        try:
            actfn.parse(text)
        except actfn.ExpressionError as error:
            parser.error(f"--functions: {error}")
    log = BenchmarkLog(parser, options, f"xla_{backend}.csv", COLUMNS)
    print(f"{backend}, times x * sigmoid(x): forward, backward, both")
    with one_core():
        rows = measure(
            options.functions, options.shape, options.rounds, options.seed
        )
        for row in tqdm.tqdm(rows, total=len(options.functions)):
            log.append(row)
            figures = "".join(f"{row[part]:8.2f}" for part in PASSES)
            tqdm.tqdm.write(f"{row['function']:45}{figures}")


if __name__ == "__main__":
    main()
