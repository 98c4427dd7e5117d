"""Gates against GELU at equal parameters: a small language model of text.

A causal transformer reads the characters of the embedded sentences, English and
German. Each function is trained with the same seeds, so that runs pair up; a
gate's feed-forward layers are two thirds as wide. A row a run; what is in the
file already is not trained again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from keras import layers, ops
from tqdm import tqdm

import actfn
from actfn.search.books.tables import CsvLog, read_rows
from experiments.benchmark.parts.command import parser_of
from experiments.cli import positive
from experiments.datasets import sentences
from models.transformer import gated_hidden

FUNCTIONS = ("gelu", "glu", "reglu", "geglu", "swiglu")
COLUMNS = (
    "function",
    "seed",
    "steps",
    "parameters",
    "train_nats",
    "validation_nats",
    "perplexity",
    "seconds",
)
LENGTH, BATCH = 64, 32


def corpus() -> tuple[np.ndarray, np.ndarray, int]:
    """Returns the characters to train on and to test on, and how many kinds.

    A character is a whole number; those of the test sentences that training
    does not have are left out.
    """
    data = sentences.load(sentences.EMBEDDED)
    held = [pair for pairs in data.tests.values() for pair in pairs]
    train, test = (
        "\n".join(text for pair in pairs for text in pair)
        for pairs in (data.train, held)
    )
    kinds = {character: code for code, character in enumerate(sorted({*train}))}
    coded = (
        np.array([kinds[c] for c in text if c in kinds], "int32")
        for text in (train, test)
    )
    return *coded, len(kinds)


def language_model(
    function: str, kinds: int, width: int = 64, depth: int = 2, heads: int = 4
) -> keras.Model:
    """Returns a causal transformer from (batch, LENGTH) to logits.

    Args:
        function: What `actfn.get` takes; a gate has two thirds the width.
        kinds: How many characters there are.
        width: Of the residual stream; feed-forward layers are four times it.
        depth: Blocks.
        heads: Attention heads.
    """
    hidden = 4 * width
    gated = isinstance(actfn.get(function), actfn.GatedFunction)
    inner = 2 * gated_hidden(width, hidden) if gated else hidden
    tokens = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(kinds, width)(tokens)
    x = x + layers.Embedding(LENGTH, width)(ops.arange(LENGTH))
    for _ in range(depth):
        y = layers.LayerNormalization()(x)
        attention = layers.MultiHeadAttention(heads, width // heads)
        x = x + attention(y, y, use_causal_mask=True)
        y = layers.Dense(inner)(layers.LayerNormalization()(x))
        x = x + layers.Dense(width)(actfn.get(function)(y))
    logits = layers.Dense(kinds)(layers.LayerNormalization()(x))
    return keras.Model(tokens, logits)


def windows(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns all whole windows of LENGTH characters and what follows each."""
    count = (len(codes) - 1) // LENGTH
    end = count * LENGTH
    shape = (count, LENGTH)
    return codes[:end].reshape(shape), codes[1 : end + 1].reshape(shape)


def train(function: str, seed: int, steps: int) -> dict[str, object]:
    """Trains one model and returns its row."""
    begun = time.perf_counter()
    keras.utils.set_random_seed(seed)
    codes, test, kinds = corpus()
    model = language_model(function, kinds)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=2e-3, warmup_steps=max(1, steps // 20)
    )
    model.compile(keras.optimizers.AdamW(rate), loss)
    rng = np.random.default_rng(seed)
    losses = []
    for _ in range(steps):
        starts = rng.integers(len(codes) - LENGTH - 1, size=BATCH)
        places = starts[:, None] + np.arange(LENGTH + 1)
        drawn = codes[places]
        losses.append(float(model.train_on_batch(drawn[:, :-1], drawn[:, 1:])))
    nats = float(model.evaluate(*windows(test), batch_size=BATCH, verbose=0))
    return {
        "function": function,
        "seed": seed,
        "steps": steps,
        "parameters": model.count_params(),
        # Keras averages over the batches of a run.
        "train_nats": losses[-1],
        "validation_nats": nats,
        "perplexity": math.exp(min(nats, 700.0)),
        "seconds": time.perf_counter() - begun,
    }


def missing(
    log: CsvLog, functions: Sequence[str], seeds: int, steps: int
) -> Iterator[tuple[str, int]]:
    """Yields the runs that are not in the log, seed by seed."""
    done = {
        (row["function"], int(row["seed"]), int(row["steps"]))
        for row in read_rows(log.path)
    }
    for seed in range(seeds):
        for function in functions:
            if (function, seed, steps) not in done:
                yield function, seed


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("gated", __doc__)
    add = parser.add_argument
    add("--functions", nargs="+", default=FUNCTIONS, metavar="TEXT")
    add("--seeds", type=positive, default=8, help="paired ones, from 0")
    add("--steps", type=positive, default=1500)
    options = parser.parse_args(arguments)
    try:
        for function in options.functions:
            actfn.get(function)
        options.directory.mkdir(parents=True, exist_ok=True)
        log = CsvLog(options.directory / "gated.csv", COLUMNS)
        runs = missing(log, options.functions, options.seeds, options.steps)
        for function, seed in tqdm(list(runs), unit="run"):
            row = train(function, seed, options.steps)
            log.append(row)
            tqdm.write(f"{row['validation_nats']:.4f} nats {function} {seed}")
    except (ValueError, OSError) as error:
        parser.error(str(error))
