"""Which activations are found, and which are chosen."""

import keras
import numpy as np
import pytest
from keras import layers

import tests.actfn.surgery.test_identity as identity
from actfn.surgery import find_sites, swap_activations
from tests.stirring import difference

slow = pytest.mark.slow


def sequential(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def application(name, side=32):
    return lambda: getattr(keras.applications, name)(
        weights=None, input_shape=(side, side, 3), classes=3
    )


# Counted by hand, from the source of each layer and model.
COUNTS = {
    "lstm": (
        lambda: sequential((4, 3), layers.LSTM(2)),
        {"tanh": 1, "sigmoid": 1},
    ),
    "bidirectional gru": (
        lambda: sequential((4, 3), layers.Bidirectional(layers.GRU(2))),
        {"tanh": 2, "sigmoid": 2},
    ),
    "time distributed": (
        lambda: sequential(
            (4, 3), layers.TimeDistributed(layers.Dense(2, "relu"))
        ),
        {"relu": 1},
    ),
    "stacked cells": (
        lambda: sequential(
            (4, 3),
            layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)]),
        ),
        {"tanh": 2, "sigmoid": 2},
    ),
    "subclassed": (identity.net, {"relu": 4}),
    "attention": (
        lambda: keras.Model(
            image := keras.Input((4, 3)),
            layers.MultiHeadAttention(2, 2)(image, image),
        ),
        {"softmax": 1},
    ),
    "operations": (identity.operations, {"relu": 4}),
    # 5 ReLU in the first three blocks, 9 in squeeze blocks, whose gates are 9
    # hard sigmoids; 16 hard swish in 8 blocks, 3 in stem, top and head.
    "MobileNetV3Small": pytest.param(
        application("MobileNetV3Small"),
        {"relu": 14, "relu6": 9, "hard_silu": 19, "softmax": 1},
        marks=slow,
    ),
    "ConvNeXtTiny": pytest.param(
        application("ConvNeXtTiny"), {"gelu": 18, "softmax": 1}, marks=slow
    ),
}
CASES = [
    pytest.param(*case.values, id=name, marks=case.marks)
    if hasattr(case, "values")
    else pytest.param(*case, id=name)
    for name, case in COUNTS.items()
]


@pytest.mark.parametrize("build,counts", CASES)
def test_sites_are_those_counted_by_hand(build, counts):
    sites = find_sites(build())
    names = [site.activation for site in sites]
    assert {name: names.count(name) for name in {*names}} == counts
    assert [site.index for site in sites] == list(range(len(sites)))


@slow
def test_the_gates_of_mobilenet_v3_stay():
    model = application("MobileNetV3Small")()
    exact = keras.activations.relu
    for replace in ("relu", exact, lambda site: site.activation == "relu"):
        assert swap_activations(model, "swish", replace).activation_sites == 14
    with pytest.raises(ValueError, match="relu6"):
        swap_activations(model, "swish", "relu6")


def test_a_hard_sigmoid_keeps_its_relu6():
    x = keras.Input((4,))
    gate = layers.ReLU(6.0)(layers.Dense(4)(x) + 3.0) * (1 / 6)
    model = keras.Model(x, layers.ReLU()(x) * gate + layers.ReLU(6.0)(x))
    assert swap_activations(model, "swish").activation_sites == 2
    sites = find_sites(model)
    assert sorted(site.within for site in sites) == ["", "", "hard_sigmoid"]
    exact = swap_activations(model, "swish", keras.activations.relu)
    assert exact.activation_sites == 1
    gates = swap_activations(model, "relu6", lambda site: bool(site.within))
    assert gates.activation_sites == 1


def four_ways():
    tf = pytest.importorskip("tensorflow")
    x = keras.Input((6,))
    y = layers.Dense(5, tf.nn.relu)(x)
    y = layers.Activation(tf.nn.relu)(y - 0.1)
    y = keras.ops.relu(y - 0.1)
    return keras.Model(x, layers.Dense(3, keras.activations.relu)(y))


def test_relus_written_four_ways():
    assert swap_activations(four_ways(), "swish").activation_sites == 4


def test_functions_and_predicates_choose():
    def mine(x):
        return keras.ops.relu(x)

    model = sequential((6,), layers.Dense(4, mine), layers.Dense(3, "tanh"))
    assert swap_activations(model, "swish", mine).activation_sites == 1
    assert (
        swap_activations(model, "swish", [mine, "tanh"]).activation_sites == 2
    )
    deep = swap_activations(model, "swish", lambda site: site.depth > 0)
    assert deep.activation_sites == 1
    with pytest.raises(ValueError, match="mine, tanh"):
        swap_activations(model, "swish", "relu")


def blocks():
    block = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, "relu"), layers.Dense(6, "relu")],
        name="block_1",
    )
    return sequential((6,), block, layers.Dense(4, "relu", name="head"))


def texts(model):
    return [
        str(layer.expression)
        for layer in model._flatten_layers()
        if hasattr(layer, "expression")
    ]


def test_functions_by_pattern():
    model = swap_activations(blocks(), {"block_1*": "sin(x)", "head": "cos(x)"})
    assert texts(model) == ["sin(x)", "sin(x)", "cos(x)"]
    model = swap_activations(blocks(), {"head": "sin(x)"})
    assert texts(model) == ["sin(x)"]
    assert model.activation_sites == 1
    with pytest.raises(ValueError, match=r"\['blok\*', 'tail'\] match none"):
        swap_activations(
            blocks(), {"blok*": "relu", "head": "swish", "tail": "relu"}
        )


def test_functions_by_site():
    seen = []

    def choose(site):
        seen.append((site.name, site.index, site.depth, site.channels))
        return None if site.name == "head" else f"x + {site.index + 1}"

    model = swap_activations(blocks(), choose)
    assert [one[1:] for one in seen] == [(0, 0, 5), (1, 1, 6), (2, 2, 4)]
    assert seen[2][0] == "head"
    assert model.activation_sites == 2
    x = np.linspace(-1, 1, 12).reshape(2, 6)
    assert model(x).shape == (2, 4)


def test_what_is_not_replaced_is_named(caplog):
    class Hidden(layers.Layer):
        def build(self, shape):
            self.inner = layers.Dense(4, "relu")
            self.inner.build(shape)
            super().build(shape)

        def call(self, x):
            return self.inner(x)

    model = sequential((6,), Hidden(name="hidden"), layers.ReLU())
    swapped = swap_activations(model, "swish")
    assert swapped.activation_sites == 1
    (left,) = swapped.activations_left
    assert left.startswith("hidden/inner: ") and left in caplog.text


def test_the_channel_axis_of_each_place():
    class Curve(layers.Layer):
        expression, axis = "x", -1

        def call(self, x):
            return x

    made = []

    def factory():
        made.append(Curve())
        return made[-1]

    model = sequential(
        (3, 8, 8),
        layers.ZeroPadding2D(1, data_format="channels_first"),
        layers.BatchNormalization(axis=1),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(data_format="channels_first"),
        layers.Dense(4, "relu"),
    )
    swap_activations(model, factory)
    assert [layer.axis for layer in made] == [1, -1]


def test_the_first_pattern_counts_also_if_it_leaves_a_site():
    model = keras.Sequential(
        [keras.Input((3,))]
        + [layers.Dense(3, "relu", name=name) for name in "ab"]
    )
    for nothing in (None, lambda site: None):
        copy = swap_activations(model, {"b": nothing, "*": "swish"})
        assert copy.activation_sites == 1
        assert copy.get_layer("b").activation is keras.activations.relu


@pytest.mark.parametrize("container", [list, tuple, dict])
def test_layers_of_a_layer_are_found_in_all_that_holds_them(container):
    @keras.saving.register_keras_serializable("tests")
    class Blocks(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            parts = [layers.Dense(4, "relu"), layers.ReLU()]
            if container is dict:
                self.blocks = dict(zip("ab", parts, strict=True))
            else:
                self.blocks = container(parts)
            self.pair = (layers.ReLU(), (layers.Dense(2, "relu"), 3))

        def call(self, x):
            held = self.blocks
            for block in held.values() if container is dict else held:
                x = block(x)
            return self.pair[1][0](self.pair[0](x))

        def get_config(self):
            return super().get_config()

    model = Blocks()
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    model(x)
    copy = swap_activations(model, "cos(x)")
    assert copy.activation_sites == 4 and not copy.activations_left
    assert isinstance(copy.pair, tuple) and copy.pair[1][1] == 3
    same = swap_activations(model, "relu")
    assert difference(model(x), same(x)) < 1e-6
    assert difference(model(x), copy(x)) > 1e-3


@pytest.mark.parametrize(
    "function", [keras.activations.gelu, keras.ops.gelu, {"*": keras.ops.gelu}]
)
def test_a_function_of_a_library_is_named(function):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(3, "relu")])
    with pytest.raises(ValueError, match=r"`activation` must be.*by its name"):
        swap_activations(model, function)
