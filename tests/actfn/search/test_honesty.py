"""Really trained comparisons in which there is nothing to find."""

import keras
import numpy as np
import pytest

import actfn
from actfn import search

COMPARISONS = 8
SAME = "max(x, 0) + 0.000001 * x"


def build(hp):
    activation = actfn.get(hp.get("activation"))
    model = keras.Sequential(
        [keras.layers.Dense(8), activation, keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse", run_eagerly=True)  # No time to compile it.
    return model


@pytest.mark.slow
def test_a_millionth_of_x_is_no_reason_to_switch(tmp_path):
    switches = 0
    for seed in range(COMPARISONS):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(96, 4)).astype("float32")
        y = np.sin(x.sum(axis=1)) + rng.normal(size=96, scale=0.1)
        found = search.compare(
            build,
            x,
            y,
            candidates=[SAME],
            seed=seed,
            batch_size=48,
            directory=tmp_path / str(seed),
            verbose=0,
        )
        scores = {each.expression: each.scores for each in found.comparisons}
        assert len(set(scores["relu"])) == len(scores["relu"]) > 2
        switches += found.switch
    assert not switches
