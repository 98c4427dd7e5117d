import pathlib

import pytest

import models
from experiments.datasets import sentences
from experiments.train import config

DATASETS = {
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imagenet2012",
    sentences.WMT,
}
# Our own comparison of activations, in small.
OWN = {f"{d}_half_size_resnet20" for d in ("cifar10", "fashion_mnist")}


def test_there_is_a_file_for_each_published_experiment():
    nets = ("resnet164", "wide_resnet_28_10", "densenet_100_12")
    small = {f"{d}_{net}" for d in ("cifar10", "cifar100") for net in nets}
    large = {
        f"imagenet_{net}"
        for net in (
            "inception_v3",
            "inception_v4",
            "inception_resnet_v2",
            "mobilenet",
            "nasnet_a_mobile",
        )
    }
    published = small | large | {"wmt14_transformer_base"}
    assert set(config.names()) == published | OWN


@pytest.mark.parametrize("name", config.names())
def test_a_recipe_names_a_model_and_its_options(name):
    recipe = config.load(name)
    assert recipe.name == name
    assert name.endswith(recipe.model)
    assert recipe.dataset in DATASETS
    assert set(recipe.model_options) <= set(models.options(recipe.model))


@pytest.mark.parametrize("name", config.names())
def test_tiny_needs_no_other_data_and_says_so_in_the_name(name):
    recipe = config.load(name, tiny=True)
    assert recipe.name == f"{name}_tiny"
    assert recipe.dataset in ("fashion_mnist_subset", "django_de_en")
    assert set(recipe.model_options) <= set(models.options(recipe.model))


def test_changes_are_part_of_the_name_unless_results_state_them():
    recipe = config.load(
        "cifar10_resnet164", changes={"steps": 100, "batch_size": 64}
    )
    assert recipe.name == "cifar10_resnet164+batch_size=64"
    assert (recipe.steps, recipe.batch_size) == (100, 64)


def test_every_value_counts_for_the_digest():
    plain = config.load("cifar10_resnet164")
    assert plain.digest == config.load("cifar10_resnet164").digest
    changed = config.load("cifar10_resnet164", changes={"momentum": 0.8})
    assert changed.digest != plain.digest
    # A run has one of them, which its row has as well.
    rates = config.load("cifar10_resnet164", changes={"learning_rates": [0.5]})
    assert rates.digest == plain.digest


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"batchsize": 64}, r"perhaps batch_size\?.*Received: 'batchsize'"),
        ({"batch_size": "64"}, "batch_size should be of type int"),
        ({"batch_size": True}, "batch_size should be of type int"),
        ({"steps": 0}, "steps should be positive. Received: 0"),
        ({"learning_rates": [0.0]}, "learning_rates should be positive"),
        ({"learning_rates": [float("nan")]}, "learning_rates should be pos"),
        ({"learning_rates": []}, "at least one number"),
        ({"learning_rates": ["0.1"]}, "learning_rates should be of type float"),
        ({"learning_rates": [0.1, 0.2]}, "validation should be above 0"),
        ({"optimizer": "adamw"}, "optimizer should be one of sgd"),
        ({"optimizer": "adam"}, "epsilon should be given for adam"),
        ({"validation": 1.0}, "validation should be at least 0 and below 1"),
        ({"drops": [0.5, 2.0]}, "drops should be between 0 and 1"),
        ({"clip_norm": -1.0}, "clip_norm should be 0 or more"),
        ({"evaluation_limit": -4}, "evaluation_limit should be 0 or more"),
        ({"decay_epochs": 0.0}, "decay_epochs should be positive"),
        ({"decay_epochs": float("nan")}, "decay_epochs should be positive"),
        ({"model_options": 3}, "model_options should be a table"),
        *(
            ({"model_options": {name: 5}}, f"model_options.*Received: {name}")
            for name in ("activation", "classes", "input_shape", "vocabulary")
        ),
    ],
)
def test_wrong_values_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        config.load("cifar10_resnet164", changes=changes)


def test_an_unknown_config_suggests_a_known_one():
    with pytest.raises(ValueError, match=r"perhaps cifar10_resnet164\?"):
        config.load("cifar10_resnet")


@pytest.mark.parametrize(
    "text, message",
    [
        ("steps = ", "readable TOML"),
        ('dataset = "cifar10"', "model should be given"),
        ("tiny = 3", "tiny should be a table. Received: 3"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        config.load(str(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no\.toml"):
        config.load(str(tmp_path / "no.toml"))


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    original = config.FOLDER / "cifar10_resnet164.toml"
    path.write_text(original.read_text().replace("64_000", "640"))
    assert config.load(str(path)).steps == 640
    assert config.load(str(path)).name == pathlib.Path(path).stem


def test_changes_are_written_as_in_toml():
    parsed = config.parse_changes(['model="x"', "drops=[0.5]", "steps = 3"])
    assert parsed == {"model": "x", "drops": [0.5], "steps": 3}
    assert config.parse_changes(["model=resnet-20"]) == {"model": "resnet-20"}
    for wrong in ("steps", "=3", "=x", "steps=3 4", "drops=[0.5", "steps=1O"):
        with pytest.raises(ValueError, match="KEY=VALUE"):
            config.parse_changes([wrong])
