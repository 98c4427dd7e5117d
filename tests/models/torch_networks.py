"""The CIFAR networks once more, in PyTorch, from the papers alone."""

import torch
from torch import nn
from torch.nn import functional


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
