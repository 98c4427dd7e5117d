"""Each config against the values that its cited source prints.

Every difference must be listed here, and be named with its reason in the
header of the file; what a source does not give must be named there as well.
"""

import pytest

from experiments.train import config

# The values that the sources print; see the header of each config.
SGD = {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.1}
# arXiv:1603.05027, section 4 and appendix.
RESNET164 = SGD | {
    "batch_size": 128,
    "steps": 64_000,
    "drops": (32_000, 48_000),
    "decay": 0.1,
    "warmup_steps": 400,
    "warmup_rate": 0.01,
    "weight_decay": 1e-4,
    "nesterov": False,
}
# arXiv:1605.07146, section 3; 200 epochs of 50,000 images.
WIDE_RESNET = SGD | {
    "batch_size": 128,
    "steps": 200 * 50_000 // 128,
    "drops": (60 / 200, 120 / 200, 160 / 200),
    "decay": 0.2,
    "weight_decay": 5e-4,
    "dropout": 0.0,
    "nesterov": True,
    "padding": "reflect",
}
# arXiv:1608.06993, section 4; 300 epochs of 50,000 images.
DENSENET = SGD | {
    "batch_size": 64,
    "steps": 300 * 50_000 // 64,
    "drops": (0.5, 0.75),
    "decay": 0.1,
    "weight_decay": 1e-4,
    "nesterov": True,
}
# arXiv:1512.00567, section 8; momentum, weight decay and the auxiliary weight
# are those of tensorflow/models (inception, slim).
INCEPTION_V3 = {
    "optimizer": "rmsprop",
    "rho": 0.9,
    "epsilon": 1.0,
    "momentum": 0.9,
    "learning_rate": 0.045,
    "decay": 0.94,
    "decay_epochs": 2.0,
    "clip_norm": 2.0,
    "label_smoothing": 0.1,
    "auxiliary_weight": 0.4,
    "batch_size": 50 * 32,
    "steps": 100 * 1_281_167 // (50 * 32),
    "weight_decay": 4e-5,
}
# arXiv:1602.07261, section 4, prints these alone.
INCEPTION_V4 = {
    "optimizer": "rmsprop",
    "rho": 0.9,
    "epsilon": 1.0,
    "learning_rate": 0.045,
    "decay": 0.94,
    "decay_epochs": 2.0,
}
# arXiv:1704.04861, section 3.2: RMSProp "similar to Inception V3", without
# side heads and label smoothing.
MOBILENET = INCEPTION_V3 | {"label_smoothing": 0.0, "auxiliary_weight": 0.0}
# arXiv:1707.07012, appendix A.7, and tensorflow/models, slim.
NASNET = {
    "optimizer": "rmsprop",
    "rho": 0.9,
    "epsilon": 1.0,
    "momentum": 0.9,
    "learning_rate": 0.04 * 50,
    "decay": 0.97,
    "decay_epochs": 2.4,
    "clip_norm": 10.0,
    "label_smoothing": 0.1,
    "auxiliary_weight": 0.4,
    "average_decay": 0.9999,
    "batch_size": 50 * 32,
    "steps": 250_000,
    "weight_decay": 4e-5,
    "dropout": 0.5,
}
# arXiv:1706.03762, section 5.
TRANSFORMER = {
    "optimizer": "adam",
    "momentum": 0.9,
    "beta_2": 0.98,
    "epsilon": 1e-9,
    "schedule": "noam",
    "learning_rate": 1.0,
    "warmup_steps": 4000,
    "label_smoothing": 0.1,
    "dropout": 0.1,
    "vocabulary": 37_000,
    "batch_size": 25_000,
    "steps": 100_000,
}
PUBLISHED = {
    "cifar10_resnet164": RESNET164,
    "cifar100_resnet164": RESNET164,
    "cifar10_wide_resnet_28_10": WIDE_RESNET,
    "cifar100_wide_resnet_28_10": WIDE_RESNET,
    "cifar10_densenet_100_12": DENSENET,
    "cifar100_densenet_100_12": DENSENET,
    "imagenet_inception_v3": INCEPTION_V3,
    "imagenet_inception_v4": INCEPTION_V4,
    "imagenet_inception_resnet_v2": INCEPTION_V4,
    "imagenet_mobilenet": MOBILENET,
    "imagenet_nasnet_a_mobile": NASNET,
    "wmt14_transformer_base": TRANSFORMER,
}
# Key: the config's value where it is not the source's.
DIFFERENT = {
    "imagenet_inception_v3": {"steps": 80_000},  # of 80,072
    "imagenet_mobilenet": {"steps": 80_000},
    "imagenet_nasnet_a_mobile": {"steps": 200_000},
    "wmt14_transformer_base": {"steps": 300_000},
}
# What a header must name, since the source does not give it.
RATES = "here the published one and two more"
OF_V3 = ("momentum 0.9", "weight decay 4e-5", "0.9999")
OF_V4 = (
    *(*OF_V3, RATES, "batch 32 a replica", "100 epochs", "label smoothing 0.1"),
    *("auxiliary weight 0.4", "Clipping", "here 2.0"),
)
NOT_GIVEN = {
    "imagenet_inception_v3": (
        *(*OF_V3, RATES, "auxiliary weight 0.4", "80,000 steps"),
    ),
    "imagenet_inception_v4": OF_V4,
    "imagenet_inception_resnet_v2": OF_V4,
    "imagenet_mobilenet": (
        *(*OF_V3, RATES, "clipping at 2.0", "batch 1,600", "80,000 steps"),
        *("0.94 every 2 epochs", "35%", "no colours"),
    ),
    "imagenet_nasnet_a_mobile": (
        *(RATES, "momentum 0.9", "weight decay 4e-5", "clipping at 10"),
        *("0.97 every 2.4 epochs", "250,000 steps; here 200,000"),
    ),
    "wmt14_transformer_base": (
        *("300,000 steps instead of 100,000", "half of it", "0.001"),
    ),
}


def value(recipe, key):
    if key == "learning_rate":
        return recipe.learning_rates[0]
    if key in ("weight_decay", "dropout"):
        return recipe.model_options[key]
    found = getattr(recipe, key)
    if key == "drops":
        return tuple(found)
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_config_has_the_published_values(name):
    recipe = config.load(name)
    different = {}
    for key, published in PUBLISHED[name].items():
        if key == "drops" and published[0] > 1:  # printed in steps
            published = tuple(step / recipe.steps for step in published)
        if value(recipe, key) != published:
            different[key] = value(recipe, key)
    assert different == DIFFERENT.get(name, {})


def header(name):
    lines = (config.FOLDER / f"{name}.toml").read_text().splitlines()
    comment = lines[: next(i for i, x in enumerate(lines) if x[:1] != "#")]
    return " ".join(line.removeprefix("#").strip() for line in comment)


@pytest.mark.parametrize("name", NOT_GIVEN)
def test_the_header_names_what_the_source_does_not_give(name):
    for words in NOT_GIVEN[name]:
        assert words in header(name), words


def test_each_experiment_of_the_paper_is_in_the_table():
    own = {name for name in config.names() if "half_size" in name}
    assert set(PUBLISHED) == set(config.names()) - own
