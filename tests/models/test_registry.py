import keras
import pytest
from keras import layers

import models

SMALL = {
    "resnet8": {"input_shape": (4, 4, 1)},
    "wide_resnet": {"depth": 10, "width": 1, "input_shape": (4, 4, 1)},
    "densenet": {"depth": 7, "input_shape": (4, 4, 1)},
    "mobilenet": {"width": 0.25, "input_shape": (32, 32, 1)},
}


def test_names_are_the_published_ones():
    assert set(models.names()) >= {
        *(f"resnet{depth}" for depth in (8, 14, 20, 32, 44, 56, 110, 164)),
        "wide_resnet_28_10",
        "densenet_100_12",
        "densenet_bc_100_12",
        "inception_v3",
        "inception_v4",
        "inception_resnet_v2",
        "mobilenet",
        "nasnet_a_mobile",
        "nasnet_a_cifar",
        "transformer_base",
    }


def test_duplicates_are_refused():
    with pytest.raises(ValueError, match="registered already"):
        models.register("resnet20", lambda activation: None)


SHARED = layers.ReLU()


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    "activation",
    ["relu", 3, SHARED, lambda: SHARED, lambda: "relu", lambda x: x],
)
def test_activation_must_be_a_factory(name, activation):
    with pytest.raises(ValueError, match=r"(?s)activation.*Received: "):
        models.build(name, activation=activation, **SMALL[name])


@pytest.mark.parametrize(
    "name,options,message",
    [
        ("resnet21", {}, "one of .*'resnet20'"),
        ("resnet20", {"dept": 3}, "'width'"),
        ("resnet20", {"depth": 26}, "'width'"),
        ("resnet20", {"shortcut": "C"}, '"A" or "B"'),
        ("resnet20", {"input_shape": (3, 32, 32)}, "1 or 3 channels"),
        ("resnet20", {"input_shape": (32, 32)}, "height, width"),
        ("resnet20", {"input_shape": (2, 2, 3)}, "at least 4"),
        ("resnet20", {"input_shape": None}, "height, width"),
        ("resnet20", {"input_shape": (None, None, 3)}, "height, width"),
        ("resnet20", {"classes": 0}, "positive"),
        ("resnet20", {"classes": "10"}, "positive"),
        ("resnet20", {"weight_decay": None}, "weight_decay"),
        ("resnet20", {"width": 1.5}, "positive"),
        ("resnet20", {"weight_decay": -1.0}, "weight_decay"),
        ("resnet20", {"batch_norm_momentum": 1.0}, "batch_norm_momentum"),
        ("wide_resnet", {"depth": 27}, r"6n \+ 4, for instance 10, 16, 22"),
        ("wide_resnet", {"dropout": 1.0}, "dropout"),
        ("densenet", {"depth": 99}, r"3n \+ 4"),
        ("densenet", {"depth": 97, "bottleneck": True}, r"6n \+ 4"),
        ("densenet", {"growth": 0}, "growth"),
        ("mobilenet", {"width": 0}, "width"),
        ("mobilenet", {"input_shape": (31, 32, 3)}, "at least 32"),
        ("inception_v3", {"input_shape": (74, 99, 3)}, "at least 75"),
        ("inception_v4", {"input_shape": (75, 74, 3)}, "at least 75"),
        ("inception_resnet_v2", {"input_shape": (74, 74, 3)}, "at least 75"),
        ("nasnet_a_mobile", {"input_shape": (31, 32, 3)}, "at least 32"),
        ("nasnet_a_mobile", {"drop_path": 1}, "drop_path"),
        ("nasnet_a_cifar", {"filters": 3}, "'drop_path'"),
    ],
)
def test_wrong_arguments_say_what_is_allowed(name, options, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*Received: "):
        models.build(name, **options)


@pytest.mark.parametrize("builder", ["resnet", "preactivation_resnet"])
@pytest.mark.parametrize("depth", [2, 21, 165, 20.0, "20"])
def test_depth_must_fit(builder, depth):
    from models import resnet

    with pytest.raises(ValueError, match=f"depth={depth!r}"):
        getattr(resnet, builder)(depth)


def test_an_auxiliary_head_needs_room():
    with pytest.raises(ValueError, match="auxiliary head"):
        models.build(
            "nasnet_a_cifar", input_shape=(8, 8, 3), auxiliary_head=True
        )


@pytest.mark.parametrize("name", SMALL)
def test_weight_decay_is_half_the_squared_norm(name):
    decayed = models.build(name, weight_decay=0.1, **SMALL[name])
    plain = models.build(name, weight_decay=0.0, **SMALL[name])
    assert not plain.losses
    all_decay = name != "mobilenet"
    expected = sum(
        0.05 * float(keras.ops.sum(keras.ops.square(variable)))
        for variable in decayed.trainable_variables
        if all_decay
        or (
            variable.name == "kernel"
            and "depthwise" not in variable.path
            and "conv_dw" not in variable.path
        )
    )
    assert float(sum(decayed.losses)) == pytest.approx(expected, rel=1e-5)
