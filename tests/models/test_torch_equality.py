"""Ours against PyTorch implementations, weights carried over."""

import importlib
import re
import sys

import keras
import numpy as np
import pytest
from keras import layers

import models
from models import resnet
from tests.stirring import difference, images

torch = pytest.importorskip("torch")
nn = torch.nn
networks = importlib.import_module("tests.models.torch_networks")


def in_order_of_call(module, x):
    """Convolutions, batch norms and linear layers as they are called."""
    called = []
    hooks = [
        part.register_forward_hook(lambda part, *_: called.append(part))
        for part in module.modules()
        if isinstance(part, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))
    ]
    module(x)
    for hook in hooks:
        hook.remove()
    return called


def in_order_of_creation(model, kind):
    def number(layer):
        found = re.search(r"_(\d+)$", layer.name)
        return int(found[1]) if found else 0

    return sorted(
        (layer for layer in model.layers if isinstance(layer, kind)),
        key=number,
    )


def carry_over(module, model, x):
    """Copies the weights of a PyTorch module into a Keras model."""
    called = in_order_of_call(module, x)
    pairs = (
        (nn.Conv2d, layers.Conv2D),
        (nn.BatchNorm2d, layers.BatchNormalization),
        (nn.Linear, layers.Dense),
    )
    for theirs, ours in pairs:
        sources = [part for part in called if isinstance(part, theirs)]
        targets = in_order_of_creation(model, ours)
        for source, target in zip(sources, targets, strict=True):
            weight = source.weight.detach().numpy()
            if theirs is nn.BatchNorm2d:
                values = (
                    source.weight,
                    source.bias,
                    source.running_mean,
                    source.running_var,
                )
                values = [value.detach().numpy() for value in values]
            elif theirs is nn.Conv2d:
                values = [weight.transpose(2, 3, 1, 0)]
            else:
                values = [weight.T, source.bias.detach().numpy()]
            target.set_weights(values)


def stir(module, x):
    generator = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
            with torch.no_grad():
                part.weight.uniform_(0.5, 1.5, generator=generator)
                part.bias.normal_(0, 0.5, generator=generator)
    module.train()(x)
    return module.eval()


@pytest.fixture(autouse=True)
def double_precision():
    """Float32 would blur what differs and what is only rounded."""
    keras.utils.clear_session()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy("float32")


def check(module, build, x):
    """Asserts equal logits, and unequal ones with one other activation."""
    x, module = x.astype("float64"), module.double()
    flipped = torch.from_numpy(x.transpose(0, 3, 1, 2))
    module = stir(module, flipped)
    with torch.no_grad():
        logits = module(flipped).numpy()
    model = build(layers.ReLU)
    trainable = sum(np.prod(v.shape) for v in model.trainable_variables)
    assert trainable == sum(p.numel() for p in module.parameters())
    carry_over(module, model, flipped)
    assert difference(logits, model(x)) < 1e-9
    kinds = [layers.ReLU] * model.activation_sites
    kinds[len(kinds) // 2] = lambda: layers.LeakyReLU(0.1)
    model = build(lambda: kinds.pop(0)())
    carry_over(module, model, flipped)
    assert difference(logits, model(x)) > 1e-3


@pytest.fixture
def timm():
    """Imports timm, whose torchvision may lack its compiled operators.

    PyPI's torchvision is compiled for CUDA. Beside a CPU build of torch it
    fails to import, for want of two operators that nothing here calls.
    """
    try:
        return pytest.importorskip("timm", exc_type=ImportError)
    except RuntimeError:
        operators = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            operators.define(f"{name}(Tensor a, Tensor b, float c) -> Tensor")
        partly = ("torchvision", "timm")
        for name in list(sys.modules):
            if name.split(".")[0] in partly:
                del sys.modules[name]
        return importlib.import_module("timm")


def test_inception_v4_equals_timm(timm):
    torch.manual_seed(0)
    module = timm.create_model("inception_v4", num_classes=7)
    x = images(4, 91)
    check(
        module,
        lambda activation: models.build(
            "inception_v4",
            activation=activation,
            classes=7,
            input_shape=(91, 91, 3),
        ),
        x,
    )


@pytest.mark.parametrize("option", ["A", "B"])
def test_resnet(option):
    torch.manual_seed(0)
    module = networks.Residual(networks.Basic, 8, (8, 16, 32), 2, False, option)
    check(
        module,
        lambda activation: models.build(
            "resnet14", activation=activation, width=8, shortcut=option
        ),
        images(4, 32),
    )


def test_preactivation_resnet():
    torch.manual_seed(0)
    module = networks.Residual(
        networks.PreActivation, 8, (32, 64, 128), 2, True, True
    )
    check(
        module,
        lambda activation: resnet.preactivation_resnet(
            20, activation=activation, width=8
        ),
        images(4, 32),
    )


def test_wide_resnet():
    torch.manual_seed(0)
    module = networks.Residual(
        networks.PreActivation, 16, (32, 64, 128), 2, True, False
    )
    check(
        module,
        lambda activation: models.build(
            "wide_resnet", activation=activation, depth=16, width=2
        ),
        images(4, 32),
    )


@pytest.mark.parametrize("bottleneck", [False, True])
def test_densenet(bottleneck):
    torch.manual_seed(0)
    check(
        networks.Dense(3, 6, bottleneck),
        lambda activation: models.build(
            "densenet",
            activation=activation,
            depth=22 if bottleneck else 13,
            growth=6,
            bottleneck=bottleneck,
        ),
        images(4, 32),
    )
