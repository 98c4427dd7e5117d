"""Published functions that come with an initialisation of their own."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Mapping

import keras

import actfn


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A function, and what its authors change beside it.

    Attributes:
        activation: What `actfn.get` takes.
        frequency: If given, weights are drawn as Sitzmann et al.,
            arXiv:2006.09661, do for ``sin(frequency * x)``: uniformly up to
            1 / n in the first layer of n inputs, and up to
            sqrt(6 / n) / frequency in the others. None: He's.
        bias: If given, biases of the first layer are drawn uniformly up to
            it. None: they begin at zero.
        rate: The learning rate, in shares of the task's.
    """

    activation: str
    frequency: float | None = None
    bias: float | None = None
    rate: float = 1.0

    def layer(self) -> keras.layers.Layer:
        """Returns a new activation layer."""
        # Memory is no concern here: share work with the backward pass.
        return actfn.get(self.activation, recompute=False)

    def dense(self, units: int, inputs: int, first: bool = False):
        """Returns a dense layer as the candidate wants it."""
        kernel, bias = "he_normal", "zeros"
        if self.frequency is not None:
            reach = math.sqrt(6 / inputs) / self.frequency
            kernel = _uniform(1 / inputs if first else reach)
        if first and self.bias is not None:
            bias = _uniform(self.bias)
        return keras.layers.Dense(
            units, kernel_initializer=kernel, bias_initializer=bias
        )


def _uniform(reach: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomUniform(-reach, reach)


@dataclasses.dataclass(frozen=True)
class Family:
    """Candidates of one kind, of which the best is taken.

    Attributes:
        name: Of the kind.
        members: The declared grid, by name.
    """

    name: str
    members: Mapping[str, Candidate]


def family(
    name: str, make: Callable[..., Candidate], **grid: Iterable[float]
) -> Family:
    """Returns the family of all combinations of some values."""
    members = {}
    for values in itertools.product(*grid.values()):
        given = dict(zip(grid, values, strict=True))
        words = ", ".join(f"{n}={v:g}" for n, v in given.items())
        members[f"{name}({words})"] = make(**given)
    return Family(name, members)


def siren(frequency: float, rate: float = 1.0) -> Candidate:
    """Sine with SIREN's frequency and weights, arXiv:2006.09661."""
    return Candidate(f"sin({frequency:g} * x)", frequency, rate=rate)


def gaussian(width: float, rate: float = 1.0) -> Candidate:
    """exp(-x^2 / (2 width^2)), Ramasinghe and Lucey, arXiv:2111.15135."""
    return Candidate(f"gauss({1 / (math.sqrt(2) * width):.8g} * x)", rate=rate)


def wire(frequency: float, scale: float, rate: float = 1.0) -> Candidate:
    """The real part of WIRE's Gabor wavelet, arXiv:2301.05187.

    cos(frequency x) exp(-(scale x)^2), with real weights, where WIRE's
    own network is a complex one.
    """
    text = f"cos({frequency:g} * x) * gauss({scale:g} * x)"
    return Candidate(text, rate=rate)


def finer(frequency: float, bias: float, rate: float = 1.0) -> Candidate:
    """sin(frequency (|x| + 1) x), Liu et al., arXiv:2312.02434.

    With SIREN's weights and wide biases in the first layer.
    """
    text = f"sin({frequency:g} * ((abs(x) + 1) * x))"
    return Candidate(text, frequency, bias, rate)
