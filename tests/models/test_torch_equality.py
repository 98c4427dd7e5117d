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
nn, functional = torch.nn, torch.nn.functional


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


def conv(inputs, outputs, size, stride=1):
    return nn.Conv2d(
        inputs, outputs, size, stride, padding=size // 2, bias=False
    )


class Basic(nn.Module):
    """A unit of He et al. 2016a with option A or B."""

    def __init__(self, inputs, outputs, stride, option):
        super().__init__()
        self.conv1 = conv(inputs, outputs, 3, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = conv(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.more, self.stride = outputs - inputs, stride
        self.project = None
        if option == "B" and (self.more or stride > 1):
            self.project = nn.Sequential(
                conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        if self.project:
            return (y + self.project(x)).relu()
        x = x[:, :, :: self.stride, :: self.stride]
        return (y + functional.pad(x, (0, 0, 0, 0, 0, self.more))).relu()


class PreActivation(nn.Module):
    """Units of He et al. 2016b (bottleneck) and of Wide ResNets (not)."""

    def __init__(self, inputs, outputs, stride, bottleneck):
        super().__init__()
        inner = outputs // 4 if bottleneck else outputs
        plan = (
            [
                (inputs, inner, 1, stride),
                (inner, inner, 3, 1),
                (inner, outputs, 1, 1),
            ]
            if bottleneck
            else [(inputs, outputs, 3, stride), (outputs, outputs, 3, 1)]
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(row[0]) for row in plan)
        self.project = (
            conv(inputs, outputs, 1, stride) if inputs != outputs else None
        )
        self.convs = nn.ModuleList(conv(*row) for row in plan)

    def forward(self, x):
        y = self.norms[0](x).relu()
        x = self.project(y) if self.project else x
        y = self.convs[0](y)
        for norm, convolution in zip(
            self.norms[1:], self.convs[1:], strict=True
        ):
            y = convolution(norm(y).relu())
        return x + y


class Residual(nn.Module):
    def __init__(self, unit, first, widths, units, last_norm, option):
        super().__init__()
        parts = [conv(3, first, 3)]
        if not last_norm:
            parts += [nn.BatchNorm2d(first), nn.ReLU()]
        inputs = first
        for stage, width in enumerate(widths):
            for number in range(units):
                stride = 2 if stage and not number else 1
                parts.append(unit(inputs, width, stride, option))
                inputs = width
        if last_norm:
            parts += [nn.BatchNorm2d(inputs), nn.ReLU()]
        self.body = nn.Sequential(*parts)
        self.linear = nn.Linear(inputs, 10)

    def forward(self, x):
        return self.linear(self.body(x).mean((2, 3)))


@pytest.mark.parametrize("option", ["A", "B"])
def test_resnet(option):
    torch.manual_seed(0)
    module = Residual(Basic, 8, (8, 16, 32), 2, False, option)
    check(
        module,
        lambda activation: models.build(
            "resnet14", activation=activation, width=8, shortcut=option
        ),
        images(4, 32),
    )


def test_preactivation_resnet():
    torch.manual_seed(0)
    module = Residual(PreActivation, 8, (32, 64, 128), 2, True, True)
    check(
        module,
        lambda activation: resnet.preactivation_resnet(
            20, activation=activation, width=8
        ),
        images(4, 32),
    )


def test_wide_resnet():
    torch.manual_seed(0)
    module = Residual(PreActivation, 16, (32, 64, 128), 2, True, False)
    check(
        module,
        lambda activation: models.build(
            "wide_resnet", activation=activation, depth=16, width=2
        ),
        images(4, 32),
    )


class Dense(nn.Module):
    """DenseNet after Huang et al. 2017, written anew."""

    def __init__(self, units, growth, bottleneck):
        super().__init__()
        channels = 2 * growth if bottleneck else 16
        self.first = conv(3, channels, 3)
        self.blocks, self.transitions = nn.ModuleList(), nn.ModuleList()
        for block in range(3):
            steps = nn.ModuleList()
            for _ in range(units):
                step = [nn.BatchNorm2d(channels), nn.ReLU()]
                if bottleneck:
                    step += [conv(channels, 4 * growth, 1)]
                    step += [nn.BatchNorm2d(4 * growth), nn.ReLU()]
                    step += [conv(4 * growth, growth, 3)]
                else:
                    step += [conv(channels, growth, 3)]
                steps.append(nn.Sequential(*step))
                channels += growth
            self.blocks.append(steps)
            end = [nn.BatchNorm2d(channels), nn.ReLU()]
            if block < 2:
                fewer = channels // 2 if bottleneck else channels
                end += [conv(channels, fewer, 1), nn.AvgPool2d(2)]
                channels = fewer
            self.transitions.append(nn.Sequential(*end))
        self.linear = nn.Linear(channels, 10)

    def forward(self, x):
        x = self.first(x)
        for steps, end in zip(self.blocks, self.transitions, strict=True):
            for step in steps:
                x = torch.cat([x, step(x)], 1)
            x = end(x)
        return self.linear(x.mean((2, 3)))


@pytest.mark.parametrize("bottleneck", [False, True])
def test_densenet(bottleneck):
    torch.manual_seed(0)
    check(
        Dense(3, 6, bottleneck),
        lambda activation: models.build(
            "densenet",
            activation=activation,
            depth=22 if bottleneck else 13,
            growth=6,
            bottleneck=bottleneck,
        ),
        images(4, 32),
    )
