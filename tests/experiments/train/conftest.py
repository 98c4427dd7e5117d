import dataclasses

import pytest
import tensorflow as tf

from experiments.train import config, session

RECIPE = """
dataset = "fashion_mnist_subset"
preprocessing = "cifar"
model = "resnet8"
model_options = { width = 4 }
batch_size = 16
steps = 8
optimizer = "sgd"
schedule = "drops"
learning_rates = [0.1]
validation = 0.01
average_decay = 0.99
evaluation_limit = 50
"""


@pytest.fixture
def recipe(tmp_path):
    """The path of a config that takes seconds."""
    path = tmp_path / "fashion_mnist_resnet8.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def quick(recipe):
    return config.load(str(recipe))


@pytest.fixture
def task(quick):
    return session.make_task(quick)


@pytest.fixture(autouse=True)
def no_determinism(monkeypatch):
    """Deterministic operations would stay on for the tests that follow."""
    monkeypatch.setattr(
        tf.config.experimental, "enable_op_determinism", lambda: None
    )


@pytest.fixture
def change(quick):
    return lambda **values: dataclasses.replace(quick, **values)
