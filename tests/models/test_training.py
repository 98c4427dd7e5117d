"""Every model trains on real images, saves and reloads.

The networks take turns with the activations, and of networks that differ in
depth or width alone one is trained in full size; every network with every
activation, which takes long, is

    ACTFN_FULL=1 python -m pytest tests/models/test_training.py
"""

import itertools
import os

import keras
import numpy as np
import pytest

import actfn
import models
from experiments.datasets import sentences, tokens
from models import nasnet, resnet
from tests.stirring import difference

TWO_UNITS = "max(x, sin(x)) * sigmoid(beta * x)"
ACTIVATIONS = ["relu", "swish", "prelu", TWO_UNITS]
EVERY = os.environ.get("ACTFN_FULL") == "1"


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(1)


def build(name, **options):
    """Registered models, and small forms of families without an option."""
    small = {
        "small_preactivation": lambda **o: resnet.preactivation_resnet(11, **o),
        "small_nasnet": lambda **o: nasnet.nasnet_a(1, 4, "cifar", **o),
    }
    if name in small:
        return small[name](**options)
    return models.build(name, **options)


def factory(text):
    return lambda: actfn.get(text)


def train(model, images, labels, tmp_path, rate=1e-3, steps=5, eager=False):
    """Asserts that the loss falls and that a saved model gives the same."""
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=eager,
    )
    losses = [model.train_on_batch(images, labels) for _ in range(steps)]
    assert np.all(np.isfinite(losses))
    assert np.mean(losses[-2:]) < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    sample = keras.tree.map_structure(lambda array: array[:2], images)
    assert difference(model(sample), loaded(sample)) < 1e-6
    paths = [variable.path for variable in model.trainable_variables]
    assert len(paths) == len(loaded.trainable_variables)


SMALL = [
    ("resnet8", (14, 14, 1), {"width": 8}),
    ("resnet8", (32, 32, 3), {"width": 8, "shortcut": "B"}),
    ("small_preactivation", (28, 28, 1), {"width": 8}),
    ("wide_resnet", (28, 28, 1), {"depth": 10, "width": 1, "dropout": 0.1}),
    ("densenet", (28, 28, 1), {"depth": 10}),
    ("densenet", (32, 32, 3), {"depth": 10, "bottleneck": True}),
    ("mobilenet", (32, 32, 1), {"width": 0.25}),
    ("small_nasnet", (14, 14, 1), {"drop_path": 0.2}),
]


def in_turn(models):
    """Every model with one activation, in turn, or with all of them."""
    turns = itertools.cycle([(1,), (2,), (3,), (0,)])
    for row, turn in zip(models, turns, strict=False):
        for number in range(len(ACTIVATIONS)) if EVERY else turn:
            yield (*row, ACTIVATIONS[number])


@pytest.mark.parametrize("name,shape,options,activation", [*in_turn(SMALL)])
def test_small_models_train(
    clothes, tmp_path, name, shape, options, activation
):
    images, labels = clothes(shape[0], shape[2])
    model = build(
        name,
        activation=factory(activation),
        classes=10,
        input_shape=shape,
        **options,
    )
    train(model, images, labels, tmp_path, rate=3e-3, eager=True)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_transformer_trains(tmp_path, activation):
    model = models.build(
        "transformer",
        activation=factory(activation),
        vocabulary=20,
        depth=1,
        width=16,
        hidden=32,
        heads=2,
    )
    rows = np.random.default_rng(0).integers(3, 20, (16, 6))
    inputs = {"source": rows, "target": rows}
    train(model, inputs, rows, tmp_path, rate=1e-2, eager=True)


# Four images only: with two core units these need more than the usual steps.
LONGER = {"steps": 8, "rate": 3e-3}
# Smallest sizes; all other registered image models are in SMALL.
FULL = [
    ("resnet14", 8, LONGER),
    ("resnet20", 8, LONGER),
    ("resnet32", 8, LONGER),
    ("resnet44", 8, LONGER),
    ("resnet56", 8, LONGER),
    ("resnet110", 8, {}),
    ("resnet164", 8, {}),
    ("wide_resnet_28_10", 8, {}),
    ("densenet_100_12", 8, {}),
    ("densenet_bc_100_12", 8, {}),
    ("nasnet_a_cifar", 8, {}),
    ("nasnet_a_mobile", 32, LONGER),
    ("mobilenet", 32, {}),
    ("inception_v3", 75, {}),
    ("inception_v4", 75, {}),
    ("inception_resnet_v2", 75, {}),
]
LIKE_OTHERS = {
    *(f"resnet{depth}" for depth in (14, 20, 32, 44, 56, 110)),
    "densenet_100_12",
    "nasnet_a_cifar",
}
"""The same code runs in others of `FULL`, or of `SMALL`."""


def check_betas(model, activation):
    """Asserts that each site has one beta a channel, and that it trains."""
    sites = [
        layer
        for layer in model.layers
        if isinstance(layer, actfn.ActivationFunction)
    ]
    assert len(sites) == model.activation_sites
    start = {"relu": None, "prelu": 0.25}.get(activation, 1.0)
    for layer in sites:
        betas = layer.trainable_variables
        assert len(betas) == (start is not None)
        for beta in betas:
            assert tuple(beta.shape) == (layer.output.shape[-1],)
            assert np.any(keras.ops.convert_to_numpy(beta) != start)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name,side,training,activation",
    [*in_turn(r for r in FULL if EVERY or r[0] not in LIKE_OTHERS)],
)
def test_full_models_train(clothes, tmp_path, name, side, training, activation):
    images, labels = clothes(side, 3, count=4)
    model = models.build(
        name,
        activation=factory(activation),
        classes=10,
        input_shape=(side, side, 3),
    )
    longer = training if activation == TWO_UNITS else {}
    training = {"steps": 4, **longer}
    train(model, images, labels, tmp_path, eager=True, **training)
    check_betas(model, activation)


@pytest.mark.slow
@pytest.mark.parametrize(
    "activation",
    ACTIVATIONS if EVERY else ACTIVATIONS[1:2],
)
def test_full_transformer_trains(tmp_path, activation):
    pairs = sentences.load(sentences.EMBEDDED).train
    text = [sentence for pair in pairs for sentence in pair]
    vocabulary = tokens.Vocabulary(500, text)
    inputs, targets = next(tokens.Corpus(vocabulary, pairs, 64).stream(0, 0))
    model = models.build(
        "transformer_base", activation=factory(activation), vocabulary=500
    )
    train(model, inputs, targets, tmp_path, rate=1e-4, steps=4, eager=True)
    check_betas(model, activation)


def test_every_image_model_is_trained():
    trained = {row[0] for row in SMALL + FULL}
    rest = set(models.names()) - trained
    assert rest == {"transformer", "transformer_base"}


def test_auxiliary_head_and_drop_path_train(clothes, tmp_path):
    images, labels = clothes(28, 1, count=8)
    model = build(
        "small_nasnet",
        activation=factory("swish"),
        classes=10,
        input_shape=(28, 28, 1),
        auxiliary_head=True,
        drop_path=0.4,
        drop_path_steps=100,
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.Adam(3e-3),
        {"logits": loss, "auxiliary": loss},
        loss_weights={"logits": 1.0, "auxiliary": 0.4},
        run_eagerly=True,
    )
    targets = {"logits": labels, "auxiliary": labels}
    losses = [
        model.train_on_batch(images, targets, return_dict=True)["loss"]
        for _ in range(3)
    ]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for name, values in model(images).items():
        assert difference(values, loaded(images)[name]) < 1e-6


@pytest.mark.parametrize("name", ["resnet8", "mobilenet"])
def test_mixed_precision_gives_float32_logits(clothes, name):
    images, _ = clothes(32, 3)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = models.build(
            name,
            activation=factory("swish"),
            classes=10,
            input_shape=(32, 32, 3),
        )
    finally:
        keras.config.set_dtype_policy("float32")
    logits = model(images)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    # Finer than bfloat16 could say.
    values = keras.ops.convert_to_numpy(logits)
    rounded = keras.ops.cast(keras.ops.cast(values, "bfloat16"), "float32")
    assert np.any(values != keras.ops.convert_to_numpy(rounded))
