"""Which function of a compiled model the others are to beat."""

import keras
import numpy as np
import pytest
from keras import layers

import actfn
from actfn import catalog, search
from actfn.search.child import FromModel
from tests.actfn.search import models

SILU = keras.Sequential(
    [
        keras.Input((64,)),
        layers.Dense(8, activation="silu"),
        layers.Dense(8, activation="silu"),
        layers.Dense(8, activation="tanh"),
        layers.Dense(3),
    ]
)


def custom(x):
    return keras.ops.sin(x)


def own(activation):
    """A model with an activation in a layer."""
    return models.compiled(
        keras.Sequential([keras.Input((64,)), activation, layers.Dense(3)])
    )


def compare(model, folder, **settings):
    x, y = models.examples(96)
    found = search.compare(
        model,
        x.reshape(96, 64),
        y,
        **{"candidates": ["gelu"], "repeats": 1, "epochs": 1} | settings,
        directory=folder,
        verbose=0,
    )
    return [
        row["expression"]
        for row in found.leaderboard
        if row["role"] == "baseline"
    ], found


@pytest.mark.parametrize(
    ("replace", "expected"),
    [
        ("silu", "silu"),
        (["silu"], "silu"),
        (["silu", "tanh"], "silu"),  # the commoner one
        (["tanh"], "tanh"),
        (lambda site: site.depth == 2, "tanh"),
    ],
)
def test_it_is_what_is_exchanged(replace, expected, tmp_path):
    model = models.compiled(keras.models.clone_model(SILU))
    baselines, found = compare(model, tmp_path, replace=replace)
    assert baselines == [expected] and found.name == expected
    assert found.verdict.startswith(f"keep {expected}")


@pytest.mark.parametrize(
    ("layer", "expected"),
    [(layers.ReLU, "relu"), (layers.ELU, "elu")],
)
def test_layers_are_named_by_their_class(layer, expected, tmp_path):
    assert compare(own(layer()), tmp_path, replace=layer)[0] == [expected]


def test_a_layer_of_ours_is_named_by_its_expression(tmp_path):
    model = own(actfn.get("min(x, sin(x))"))
    replace = actfn.ActivationFunction
    (name,), _ = compare(model, tmp_path, replace=replace)
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(actfn.parse(name)(x), np.minimum(x, np.sin(x)))


@pytest.mark.parametrize("name", catalog.names())
def test_a_layer_of_the_catalog_is_what_has_its_first_values(name):
    layer = actfn.get(name)
    (found,) = FromModel(own(layer), actfn.ActivationFunction).in_use
    layers_ = [layer, actfn.get(found)]
    x = np.linspace(-3, 3, 64, dtype="float32")[None]
    ours, theirs = [[np.array(one(x)), *one.weights] for one in layers_]
    assert [w.name for w in ours[1:]] == [w.name for w in theirs[1:]]
    if "normal" not in catalog.entry(name).initial:
        np.testing.assert_array_equal(ours[0], theirs[0])
    else:
        assert found == name


@pytest.mark.parametrize(
    "layer",
    [
        lambda: actfn.get("swish", beta=3),
        lambda: actfn.get("swish", axis=None),
        lambda: actfn.get("swish", beta_regularizer="l2"),
        lambda: actfn.get("swish", beta_initializer="random_normal"),
        layers.PReLU,
        lambda: layers.PReLU("random_normal"),
    ],
)
def test_other_first_values_have_no_name(layer, tmp_path):
    model = own(layer())
    replace = (actfn.ActivationFunction, layers.PReLU)
    assert FromModel(model, replace).in_use == [None]
    with pytest.raises(ValueError, match="begin with other values"):
        compare(model, tmp_path, replace=replace)


def test_a_keras_prelu_with_our_first_slope_is_ours():
    quarter = keras.initializers.Constant(0.25)
    assert FromModel(own(layers.PReLU(quarter)), layers.PReLU).in_use == [
        "prelu"
    ]
    model = models.compiled(
        keras.Sequential(
            [
                keras.Input((4, 4, 3)),
                layers.PReLU(quarter),
                layers.PReLU(quarter, shared_axes=[1, 2]),
                layers.Flatten(),
                layers.Dense(3),
            ]
        )
    )
    assert {*FromModel(model, layers.PReLU).in_use} == {None, "prelu"}


def test_an_argument_that_is_a_layer_of_ours_is_known():
    model = own(layers.Dense(4, activation=actfn.get("mish")))
    (found,) = FromModel(model, actfn.ActivationFunction).in_use
    x = np.linspace(-3, 3, 13, dtype="float32")
    np.testing.assert_array_equal(actfn.get(found)(x), actfn.get("mish")(x))


def test_a_function_that_nobody_knows_must_be_named(tmp_path):
    model = own(layers.Activation(custom))
    with pytest.raises(ValueError, match="`baselines` must begin with"):
        compare(model, tmp_path, replace=custom)
    assert not any(tmp_path.iterdir())
    names, _ = compare(model, tmp_path, replace=custom, baselines=["sin(x)"])
    assert names == ["sin(x)"]


def test_others_are_beside_it(tmp_path):
    model = models.compiled(keras.models.clone_model(SILU))
    names, _ = compare(model, tmp_path, replace=["silu"], baselines="relu")
    assert {*names} == {"silu", "relu"}


@pytest.mark.parametrize(
    ("activation", "replace", "slope"),
    [
        (layers.LeakyReLU(0.3), "leaky_relu", 0.3),
        (layers.Activation("leaky_relu"), "leaky_relu", 0.2),
        (layers.ReLU(negative_slope=0.1), ["leaky_relu", layers.ReLU], 0.1),
        (layers.LeakyReLU(0.01), "leaky_relu", 0.01),
        (layers.ELU(0.5), "elu", None),
    ],
)
def test_constants_of_the_layer_are_those_of_the_incumbent(
    activation, replace, slope, tmp_path
):
    (first, *_), _ = compare(own(activation), tmp_path / "a", replace=replace)
    x = np.linspace(-3, 3, 13, dtype="float32")[:, None]
    expected = keras.ops.convert_to_numpy(activation(x))
    found = keras.ops.convert_to_numpy(actfn.get(first)(x))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert (first == "leaky_relu") == (slope == 0.01)


def test_sites_of_no_group_do_not_count(tmp_path):
    model = models.compiled(
        keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(8, activation="relu", name="a1"),
                layers.Dense(8, activation="relu", name="a2"),
                layers.Dense(8, activation="gelu", name="b1"),
                layers.Dense(3),
            ]
        )
    )
    baselines, _ = compare(
        model,
        tmp_path / "a",
        replace=["relu", "gelu"],
        groups={"late": "b*"},
        candidates=["tanh"],
    )
    assert baselines[0] == "gelu"


def test_who_has_most_sites_without_a_name_is_given_first(tmp_path):
    model = models.compiled(
        keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(8, activation=custom),
                layers.Dense(8, activation=custom),
                layers.Dense(8, activation="relu"),
                layers.Dense(3),
            ]
        )
    )
    settings = {"replace": ["relu", custom], "baselines": ["sin(x)"]}
    baselines, _ = compare(model, tmp_path / "a", **settings)
    assert baselines[0] == "sin(x)"
