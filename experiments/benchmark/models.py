"""What an activation costs in context: training throughput of the models.

Each row is kept as soon as it is measured; --resume goes on with the models
that are left.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf
import tqdm

import actfn
import models
from actfn.search.books.tables import CsvLog
from experiments.benchmark.parts import turns
from experiments.benchmark.parts.command import BenchmarkLog, parser_of
from experiments.machine import machine

BASELINE = "relu"
COLUMNS = (
    "model",
    "activation",
    "batch",
    "examples_per_second",
    "relative_to_relu",
    "machine",
)
# One of each architecture of the paper, and the child of the search.
MODELS = (
    "resnet20",
    "resnet164",
    "wide_resnet_28_10",
    "densenet_100_12",
    "densenet_bc_100_12",
    "nasnet_a_mobile",
    "inception_v3",
    "inception_v4",
    "inception_resnet_v2",
    "mobilenet",
    "transformer_base",
)
_STEPS = 32
_TOKENS = 1_000


def _batch(model: keras.Model, size: int) -> tuple[object, np.ndarray]:
    rng = np.random.default_rng(0)
    if isinstance(model.input, dict):
        tokens = rng.integers(1, _TOKENS, (size, _STEPS))
        return {"source": tokens, "target": tokens}, tokens
    images = rng.normal(size=(size, *model.inputs[0].shape[1:]))
    return images.astype("float32"), np.arange(size) % 10


def _train_step(name: str, activation: str, size: int) -> Callable[[], None]:
    """Returns a compiled step of SGD with momentum."""
    options = {"vocabulary": _TOKENS} if "transformer" in name else {}
    model = models.build(
        name, activation=lambda: actfn.get(activation), **options
    )
    optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
    optimizer.build(model.trainable_variables)
    inputs, labels = _batch(model, size)
    inputs = keras.tree.map_structure(tf.convert_to_tensor, inputs)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(inputs, training=True)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            )
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(
            zip(gradients, model.trainable_variables, strict=True)
        )
        return loss

    return lambda: step().numpy()


def _compared(activations: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((BASELINE, *activations)))


def measure(
    name: str,
    activations: Sequence[str] = ("swish",),
    batch: int = 8,
    rounds: int = 7,
) -> list[dict[str, object]]:
    """Times training of one model with ReLU and other activations.

    The steps of all activations take turns, so that what else the machine does
    strikes them alike; each is the median over the rounds.

    Args:
        name: A name of `models.names()`.
        activations: What `actfn.get` takes.
        batch: Examples in a step.
        rounds: Timed steps of each activation.

    Returns:
        One row per activation, ReLU first, with the keys `COLUMNS`.

    Raises:
        ValueError: If the model or an activation is unknown, or a number is
            not positive.
    """
    if batch < 1 or rounds < 1:
        raise ValueError(
            "Arguments `batch` and `rounds` must be positive. "
            f"Received: batch={batch}, rounds={rounds}"
        )
    compared = _compared(activations)
    steps = {text: _train_step(name, text, batch) for text in compared}
    times = turns.milliseconds(steps, (), rounds, time.perf_counter)
    median = {text: statistics.median(times[text]) / 1000 for text in compared}
    return [
        {
            "model": name,
            "activation": text,
            "batch": batch,
            "examples_per_second": round(batch / median[text], 3),
            "relative_to_relu": round(median[BASELINE] / median[text], 4),
            "machine": machine(),
        }
        for text in compared
    ]


def run(
    log: CsvLog,
    names: Iterable[str] = MODELS,
    activations: Sequence[str] = ("swish",),
    batch: int = 8,
    rounds: int = 7,
) -> Iterator[dict[str, object]]:
    """Measures models one by one, writing rows as it goes.

    Args:
        log: Takes the rows.
        names: The models.
        activations: See `measure`.
        batch: See `measure`.
        rounds: See `measure`.

    Yields:
        The rows.
    """
    for name in tqdm.tqdm(list(names), unit="model"):
        for row in measure(name, activations, batch, rounds):
            log.append(row)
            yield row
        keras.utils.clear_session()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("models", __doc__, resumes=True)
    parser.add_argument(
        "--models", nargs="+", default=list(MODELS), choices=models.names()
    )
    parser.add_argument("--activations", nargs="+", default=["swish"])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args(arguments)
    log = BenchmarkLog(parser, chosen, "models.csv", COLUMNS)
    compared = len(_compared(chosen.activations))
    done = log.keep_whole(lambda row: row["model"], lambda name: compared)
    try:
        for row in run(
            log,
            [name for name in chosen.models if name not in done],
            chosen.activations,
            chosen.batch,
            chosen.rounds,
        ):
            print(",".join(str(row[column]) for column in COLUMNS))
    except ValueError as error:
        parser.error(str(error))
