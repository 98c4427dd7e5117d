"""First values and constants of the catalog against what was published.

Each is what the paper or its authors' code says, as far as that could be
followed; the source of a row says where it could not.
"""

import numpy as np
import pytest

import actfn
from actfn.expressions.expression import Constant, parameters, walk

A_LAYER, A_CHANNEL = True, False
# The first values in the order of the formula, and whether a parameter has one
# value a layer or one a channel.
FIRST = {
    # arXiv:1502.01852, section 2.1: 0.25, channel-wise.
    "prelu": ((0.25,), A_CHANNEL),
    # arXiv:2109.04386, section 3: alpha = beta = 0.75; gamma = 1.25 and
    # delta = 0.85.
    "erfact": ((0.75, 0.75), A_LAYER),
    "pserf": ((1.25, 0.85), A_LAYER),
    # arXiv:2111.04682: mu = 1000000 and 4.352665993287951e-09.
    "smu": ((1e6,), A_LAYER),
    "smu_1": ((4.352665993287951e-09,), A_LAYER),
    # arXiv:2210.13452: 1 / sqrt(5/4) and -0.5 / sqrt(5/4) for normal inputs;
    # the code of sail-sg/metaformer begins at 1 and 0.
    "star_relu": ((0.8944, -0.4472), A_LAYER),
    # Mathematics 10(3), 337 and ashis0013/SinLU: both 1.
    "sinlu": ((1.0, 1.0), A_LAYER),
    # arXiv:2405.20768: the gate is that of the plain function at first.
    "xatlu": ((0.0,), A_LAYER),
    # arXiv:1907.06732, Table 6, ReLU.
    "rational": (
        (
            *(0.02996348, 0.61690165, 2.37539147),
            *(3.06608078, 1.52474449, 0.25281987),
            *(1.19160814, 4.40811795, 0.91111034, 0.34885983),
        ),
        A_LAYER,
    ),
    # arXiv:2307.11833: both 1.
    "wavelet": ((1.0, 1.0), A_LAYER),
    # arXiv:1605.09332, abstract: a shape at each layer, 0.0003 % of the
    # parameters of NiN.
    "pelu": ((1.0, 1.0), A_LAYER),
    # EdwardDixon/snake and the audio codecs: 1, a value a channel.
    "snake": ((1.0,), A_CHANNEL),
    "stan": ((1.0,), A_CHANNEL),
    "swish": ((1.0,), A_CHANNEL),
}
# Of these, some parameters have one value a layer.
MIXED = {
    # arXiv:2503.10622: alpha 0.5, gamma 1, beta 0.
    "dyt": ((1.0, A_CHANNEL), (0.5, A_LAYER), (0.0, A_CHANNEL)),
    # arXiv:2512.10938: as DyT, and a shift of 0.
    "derf": (
        (1.0, A_CHANNEL),
        (0.5, A_LAYER),
        (0.0, A_LAYER),
        (0.0, A_CHANNEL),
    ),
    # nmaac/acon: p1 and p2 normal, beta 1.
    "acon_c": (
        ("normal", A_CHANNEL),
        ("normal", A_CHANNEL),
        (1.0, A_CHANNEL),
    ),
}
for _name, (_values, _shared) in FIRST.items():
    MIXED[_name] = tuple((value, _shared) for value in _values)


def test_every_trainable_function_is_held_here():
    trainable = {
        name
        for name in actfn.catalog.names()
        if actfn.catalog.entry(name).trainable
    }
    assert trainable == {*MIXED, "xielu"}


@pytest.mark.parametrize("name", MIXED)
def test_parameters_begin_as_published(name):
    layer = actfn.get(name)
    layer.build((None, 4000))
    assert len(layer.trainable_weights) == len(MIXED[name])
    for weight, (value, shared) in zip(
        layer.trainable_weights, MIXED[name], strict=True
    ):
        assert weight.shape == (() if shared else (4000,))
        found = np.asarray(weight)
        if value == "normal":
            assert abs(found.mean()) < 0.1 and abs(found.std() - 1) < 0.1
        else:
            np.testing.assert_allclose(found, value, rtol=1e-4)


def test_xielu_begins_at_its_two_alphas():
    # rubber-duck-debug/xielu: alpha_p = alpha_n = 0.8, beta = 0.5.
    layer = actfn.get("xielu")
    layer.build((None, 3))
    x = np.array([[3.0, -2.0, 0.0]])
    expected = [
        0.8 * 9 + 0.5 * 3,
        0.8 * (np.expm1(-2.0) + 2) - 0.5 * 2,
        0,
    ]
    np.testing.assert_allclose(np.asarray(layer(x))[0], expected, rtol=1e-5)
    assert all(p.scalar for p in parameters(layer.expression))


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        ("leaky_relu", 0.01),  # Maas et al., 2013
        ("selu", 1.0507009873554805),  # arXiv:1706.02515
        ("selu", 1.6732632423543772),
        ("gelu_sine", 0.1),  # arXiv:2602.05688
        ("leaky_relu_squared", 0.5),  # openai/parameter-golf
        ("quick_gelu", 1.702),  # arXiv:1606.08415
        ("gelu_tanh", 0.044715),
        ("penalized_tanh", 0.25),  # arXiv:1602.05980
        ("lecun_tanh", 1.7159),  # Efficient BackProp
        ("siren", 30.0),  # arXiv:2006.09661
        ("smu", 1.25),  # 1 + alpha, alpha = 0.25
        ("xielu", 0.5),
    ],
)
def test_constants_are_published(name, constant):
    found = {
        node.value
        for node in walk(actfn.parse(actfn.catalog.entry(name).expression))
        if isinstance(node, Constant)
    }
    assert constant in found
