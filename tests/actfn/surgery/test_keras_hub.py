"""KerasHub's models; `.ci/keras_hub` installs them."""

import keras
import numpy as np
import pytest

from actfn.surgery import find_sites, swap_activations
from tests.stirring import difference

hub = pytest.importorskip("keras_hub")


def bert():
    return hub.models.BertBackbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        max_sequence_length=6,
    )


def gpt2():
    return hub.models.GPT2Backbone(
        vocabulary_size=50,
        num_layers=3,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        max_sequence_length=6,
    )


def inputs(model):
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 50, size=(2, 6))
    values = {"token_ids": tokens, "padding_mask": np.ones((2, 6), "int32")}
    if "segment_ids" in model.input:
        values["segment_ids"] = np.zeros((2, 6), "int32")
    return values


def outputs(model, x):
    return keras.tree.flatten(model(x))[0]


@pytest.mark.parametrize("build,blocks", [(bert, 2), (gpt2, 3)])
def test_the_feed_forward_layer_of_each_block(build, blocks, tmp_path):
    model = build()
    x = inputs(model)
    for weight in model.trainable_variables:
        weight.assign(weight + 0.3 * keras.random.normal(weight.shape, seed=1))
    before = outputs(model, x)
    # By hand: one GELU a block; BERT's pooler has a tanh.
    found = [site.activation for site in find_sites(model)]
    assert found.count("gelu_approximate") == blocks
    assert found.count("tanh") == (build is bert)
    assert len(found) == blocks + (build is bert)

    text = "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))"
    identity = swap_activations(model, text, replace="gelu")
    assert identity.activation_sites == blocks
    assert identity.activations_left == ()
    assert difference(before, outputs(identity, x)) < 1e-5

    swapped = swap_activations(model, "swish", replace="gelu")
    betas = [w for w in swapped.trainable_variables if w.path.endswith("/beta")]
    betas = [w for w in betas if "norm" not in w.path]
    assert [tuple(w.shape) for w in betas] == [(12,)] * blocks
    after = outputs(swapped, x)
    assert difference(before, after) > 1e-4
    swapped.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert difference(after, outputs(loaded, x)) < 1e-6
