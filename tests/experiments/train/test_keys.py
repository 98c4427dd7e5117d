"""Every key of a config changes what it says it changes."""

import dataclasses

import keras
import numpy as np
import pytest

from experiments.train import config
from tests.experiments.train.looks import (
    adam,
    auxiliary_head,
    average,
    batch,
    colours,
    convolutions,
    evaluated,
    examples,
    grid,
    loss,
    moved,
    pad,
    rate,
    rmsprop,
    sgd,
    share,
    task,
    trained_steps,
)

IMAGES = config.Config(
    name="keys",
    dataset="fashion_mnist_subset",
    model="resnet8",
    preprocessing="cifar",
    batch_size=16,
    steps=100,
    learning_rates=(0.1,),
    optimizer="sgd",
    schedule="drops",
    model_options={"width": 4},
)
INCEPTION = dataclasses.replace(
    IMAGES, preprocessing="inception", image_size=32
)
TEXT = dataclasses.replace(
    config.load("wmt14_transformer_base", tiny=True),
    vocabulary=500,
    validation=0.0,
)
DROPS = dataclasses.replace(IMAGES, drops=(0.5,), decay=0.5)
STAIRS = dataclasses.replace(IMAGES, schedule="exponential", decay=0.5)
RMSPROP = dataclasses.replace(IMAGES, optimizer="rmsprop")
ADAM = dataclasses.replace(IMAGES, optimizer="adam")


SURE = np.log1p(np.exp(2.0))  # cross-entropy of the wrong choice
SMOOTH = 0.8 * SURE + 0.2 * (SURE - 2)
# What a key changes: a config, another value, what is looked at, and what that
# is before and after.
CASES = [
    ("dataset", IMAGES, "nosuch", None, None, "fashion_mnist_subset"),
    ("model", IMAGES, "resnet20", convolutions, (7, 4), (19, 4)),
    ("model_options", IMAGES, {"width": 8}, convolutions, (7, 4), (7, 8)),
    ("preprocessing", INCEPTION, "cifar", lambda r: batch(
        dataclasses.replace(r, image_size=0 if r.preprocessing == "cifar"
                            else 32))[0].shape[1:], (32, 32, 3), (28, 28, 1)),
    ("batch_size", IMAGES, 4, lambda r: len(batch(r)[0]), 16, 4),
    ("steps", IMAGES, 7, trained_steps, 100, 7),
    ("steps", DROPS, 60, rate(40), 0.1, 0.05),
    ("learning_rates", IMAGES, (0.3,), grid, [0.1], [0.3]),
    ("optimizer", IMAGES, "rmsprop", moved, sgd(0.9), rmsprop()),
    ("optimizer", IMAGES, "adam", moved, sgd(0.9), adam()),
    ("schedule", DROPS, "exponential", rate(20), 0.1, 0.05),
    ("schedule", DROPS, "noam", rate(3), 0.1, 0.1 * 4**-0.5 / 2),
    ("momentum", IMAGES, 0.5, moved, sgd(0.9), sgd(0.5)),
    ("momentum", RMSPROP, 0.5, moved, rmsprop(), rmsprop(0.5)),
    ("momentum", ADAM, 0.5, moved, adam(), adam(0.5)),
    ("nesterov", IMAGES, True, moved, sgd(0.9), sgd(0.9, True)),
    ("rho", RMSPROP, 0.5, moved, rmsprop(), rmsprop(rho=0.5)),
    ("epsilon", RMSPROP, 0.1, moved, rmsprop(), rmsprop(epsilon=0.1)),
    ("epsilon", ADAM, 0.1, moved, adam(), adam(epsilon=0.1)),
    ("beta_2", ADAM, 0.5, moved, adam(), adam(beta_2=0.5)),
    ("drops", DROPS, (0.2, 0.5), rate(60), 0.05, 0.025),
    ("decay", DROPS, 0.2, rate(60), 0.05, 0.02),
    ("decay", STAIRS, 0.2, rate(20), 0.05, 0.02),
    ("decay_epochs", STAIRS, 1.0, rate(20), 0.05, 0.025),
    ("floor", DROPS, 0.7, rate(60), 0.05, 0.07),
    ("warmup_steps", IMAGES, 10, rate(5), 0.1, 0.01),
    ("warmup_steps", dataclasses.replace(IMAGES, schedule="noam"), 16,
     rate(3), 0.1 * 4**-0.5 / 2, 0.1 * 4**-0.5 * 4 * 16**-1.5),
    ("warmup_rate", dataclasses.replace(IMAGES, warmup_steps=10), 0.03,
     rate(5), 0.01, 0.03),
    ("clip_norm", IMAGES, 1.0, moved, sgd(0.9),
     sgd(0.9, gradients=(1, 1, 1))),
    ("label_smoothing", IMAGES, 0.4, loss, SURE, SMOOTH),
    ("label_smoothing", dataclasses.replace(TEXT, label_smoothing=0.0), 0.4,
     loss, SURE, SMOOTH),
    ("auxiliary_weight", IMAGES, 0.5, loss, SURE,
     SURE + 0.5 * np.log1p(np.exp(4.0))),
    ("auxiliary_weight", IMAGES, 0.4, auxiliary_head, False, True),
    ("average_decay", IMAGES, 0.75, average, None, 0.25),
    ("average_decay", dataclasses.replace(IMAGES, average_decay=0.5), 0.999,
     average, 0.5, 0.09),
    ("validation", IMAGES, 0.25, examples, 16_000, 12_000),
    ("image_size", IMAGES, 14, lambda r: batch(r)[0].shape[1], 28, 14),
    ("image_size", INCEPTION, 40, lambda r: batch(r)[0].shape[1], 32, 40),
    ("padding", IMAGES, "reflect", pad, True, False),
    ("crop_area", INCEPTION, 0.99, share, False, True),
    ("colour", INCEPTION, False, colours, True, False),
    ("vocabulary", TEXT, 600, lambda r: task(r).build(
        keras.layers.ReLU).output.shape[-1], 500, 600),
    ("evaluation_limit", IMAGES, 30, evaluated, 4000, 30),
]  # fmt: skip


def test_no_key_is_left_out():
    fields = {field.name for field in dataclasses.fields(config.Config)}
    assert {key for key, *_ in CASES} == fields - {"name"}


@pytest.mark.parametrize(
    ("key", "recipe", "other", "look", "before", "after"),
    CASES,
    ids=[f"{key}{number}" for number, (key, *_) in enumerate(CASES)],
)
def test_a_key_changes_what_it_says(key, recipe, other, look, before, after):
    changed = dataclasses.replace(recipe, **{key: other})
    if key == "dataset":
        with pytest.raises(ValueError, match=after):
            task(changed)
        return
    for each, expected in ((recipe, before), (changed, after)):
        found = look(each)
        if isinstance(expected, float):
            expected = pytest.approx(expected, rel=1e-4)
        assert found == expected, each
