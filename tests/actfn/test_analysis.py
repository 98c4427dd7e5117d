"""Curves against NumPy; betas and pre-activations of small models."""

import keras
import matplotlib
import numpy as np
import pytest
from matplotlib import collections

import actfn
from actfn import analysis
from actfn.expressions.expression import parameters
from tests.differentiating import slope_of

matplotlib.use("Agg")


def test_a_curve_and_its_slope():
    x = np.linspace(-5, 5, 101)
    y, slope = analysis.curve("swish", x, {"beta": 2.0})
    s = 1 / (1 + np.exp(-2 * x))
    np.testing.assert_allclose(y, x * s, rtol=1e-12)
    np.testing.assert_allclose(
        slope, s + 2 * x * s * (1 - s), rtol=1e-10, atol=1e-13
    )


def test_plots_show_the_data():
    axes = analysis.plot_function("min(x, sin(x))", limits=(-2, 3))
    value, slope = axes.get_lines()
    np.testing.assert_allclose(value.get_xdata()[[0, -1]], [-2, 3])
    np.testing.assert_allclose(value.get_ydata()[-1], np.sin(3))
    np.testing.assert_allclose(slope.get_ydata()[0], 1)


def test_a_surface_and_its_slopes():
    x, y = np.linspace(-4, 4, 9), np.linspace(-3, 3, 7)[:, None]
    value, by_x, by_y = analysis.surface("swish(x) * y", x, y, {"beta": 2.0})
    s = 1 / (1 + np.exp(-2 * x))
    np.testing.assert_allclose(value, x * s * y, rtol=1e-12)
    slope = (s + 2 * x * s * (1 - s)) * y
    np.testing.assert_allclose(by_x, slope, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(by_y, np.broadcast_to(x * s, (7, 9)))
    value, _, by_y = analysis.surface("tanh", x, y)
    np.testing.assert_allclose(value, np.tanh(x) + 0 * y)
    assert not by_y.any()


def test_a_map_shows_the_data():
    axes = analysis.plot_function("bilinear", limits=(-2, 3))
    (colours,) = (
        c for c in axes.collections if isinstance(c, collections.QuadMesh)
    )
    values = colours.get_array().reshape(201, 201)
    x, y = np.meshgrid(np.linspace(-2, 3, 201), np.linspace(-2, 3, 201))
    np.testing.assert_allclose(values, x * y, atol=1e-12)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")


def _model():
    inner = keras.Sequential(
        [keras.Input((4,)), actfn.get("swish", name="inner")], name="nested"
    )
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, kernel_initializer="ones"),
            actfn.get("relu", name="first"),
            inner,
            actfn.ActivationFunction("beta * x + beta1", name="last"),
        ]
    )


def test_trained_betas_are_listed():
    model = _model()
    model.layers[-1].beta1.assign([1.0, 2.0, 3.0, 4.0])
    betas = analysis.trained_betas(model)
    assert list(betas) == ["nested/inner/beta", "last/beta", "last/beta1"]
    np.testing.assert_array_equal(betas["last/beta1"], [1, 2, 3, 4])
    heights = [bar.get_height() for bar in analysis.plot_betas(model).patches]
    assert sum(heights) == 12


def test_preactivations_are_what_goes_in():
    model = _model()
    x = np.array([[1.0, 2.0, -0.5], [-4.0, 1.0, 0.0]], "float32")
    sites = analysis.preactivations(model, x)
    assert list(sites) == ["first", "nested/inner", "last"]
    np.testing.assert_allclose(sites["first"], np.repeat([2.5, -3.0], 4))
    np.testing.assert_allclose(sites["nested/inner"], np.repeat([2.5, 0], 4))
    swish = 2.5 / (1 + np.exp(-2.5))
    np.testing.assert_allclose(
        sites["last"], np.repeat([swish, 0], 4), rtol=1e-6
    )
    again = analysis.preactivations(model, x)
    assert again["first"].size == 8  # No listener is left behind.
    axes = analysis.plot_preactivations(model, x)
    assert len(axes.get_legend().get_texts()) == 3


def test_what_is_inside_of_other_layers_is_found_too():
    shared = actfn.get("swish", name="shared")
    inner = keras.Sequential([keras.Input((4,)), shared], name="inner")
    model = keras.Sequential(
        [
            keras.Input((5, 4)),
            keras.layers.TimeDistributed(inner, name="each"),
            keras.layers.LSTM(
                3, activation=actfn.get("swish", name="in_cell"), name="lstm"
            ),
            keras.layers.Dense(
                4, activation=actfn.get("pelu", name="fused"), name="dense"
            ),
            keras.Sequential([shared], name="again"),
        ]
    )
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    model(x)
    shapes = {k: v.shape for k, v in analysis.trained_betas(model).items()}
    assert shapes == {
        "each/inner/shared/beta": (4,),
        "lstm/lstm_cell/in_cell/beta": (3,),
        "dense/fused/beta": (),
        "dense/fused/beta1": (),
    }
    found = analysis.preactivations(model, x)
    sizes = {path: len(values) for path, values in found.items()}
    # 5 steps of TimeDistributed, then the second call of the same layer.
    assert sizes["each/inner/shared"] == 2 * 5 * 4 + 2 * 4
    # 5 steps of a cell that calls it twice; TensorFlow tries the first before.
    assert sizes["lstm/lstm_cell/in_cell"] in {n * 2 * 2 * 3 for n in (5, 6)}
    assert sizes["dense/fused"] == 2 * 4
    again = analysis.preactivations(model, x)
    assert {path: len(values) for path, values in again.items()} == sizes
    assert sum(b.get_height() for b in analysis.plot_betas(model).patches) == 9


@keras.saving.register_keras_serializable("tests")
class Twins(keras.layers.Layer):
    """Two layers of one name, which Keras allows in here."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = actfn.get("swish", name="act")
        self.second = actfn.get("prelu", name="act")

    def call(self, x):
        return self.second(self.first(x))


def test_layers_of_one_path_are_told_apart():
    twins = Twins(name="twins")
    model = keras.Sequential([keras.Input((3,)), twins])
    betas = analysis.trained_betas(model)
    assert {k: v[0] for k, v in betas.items()} == {
        "twins/act/beta": 1.0,
        "twins/act_1/beta": 0.25,
    }
    x = np.ones((2, 3), "float32")
    found = analysis.preactivations(model, x)
    assert [*found] == ["twins/act", "twins/act_1"]
    np.testing.assert_allclose(found["twins/act_1"], 1 / (1 + np.exp(-1)))
    assert not any("call" in vars(one) for one in (twins.first, twins.second))


def test_sites_of_keras_activations_after_an_exchange():
    x = np.array([[1.0, -2.0]], "float32")
    model = keras.Sequential(
        [keras.Input((2,)),
         keras.layers.Dense(3, "relu", kernel_initializer="ones")]
    )  # fmt: skip
    swapped = actfn.swap_activations(model, "relu", replace="relu")
    (values,) = analysis.preactivations(swapped, x).values()
    np.testing.assert_allclose(values, [-1, -1, -1])


def test_errors_name_the_argument():
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"`model`.*Received: "):
        analysis.plot_betas(plain)
    with pytest.raises(ValueError, match=r"`model`.*Received: "):
        analysis.plot_preactivations(plain, np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"`betas`.*Received: \['gamma'\]"):
        analysis.curve("swish", np.ones(2), {"gamma": 1})
    with pytest.raises(ValueError, match=r"`function`.*surface.*x \* y"):
        analysis.curve("x * y", np.ones(2))
    with pytest.raises(ValueError, match=r"`x` and `y`.*\(2,\) and \(3,\)"):
        analysis.surface("x * y", np.ones(2), np.ones(3))


NAMES = [
    n for n in actfn.catalog.names() if not parameters(actfn.parse(n + "(x)"))
]


@pytest.mark.parametrize("name", NAMES)
def test_at_a_kink_a_curve_has_the_layers_slope(name):
    points = np.array([-3.0, -1.0, 0.0, 1.0, 3.0, 6.0])
    x = keras.ops.convert_to_tensor(points[None].astype("float32"))
    found = keras.ops.convert_to_numpy(slope_of(actfn.get(name))(x))[0]
    slopes = analysis.curve(name, points)[1]
    np.testing.assert_allclose(slopes, found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["relu", "gelu", "swish", "prelu", "mish"])
def test_a_surface_of_one_input_has_no_slope_by_the_other(name):
    """Whether it has a kernel of its own or not."""
    x, y = np.array([-1.5, 0.0, 2.0]), np.array([3.0, -1.0, 0.5])
    value, by_x, by_y = analysis.surface(name, x, y)
    expected, slope = analysis.curve(name, x)
    np.testing.assert_allclose(value, expected)
    np.testing.assert_allclose(by_x, slope)
    np.testing.assert_array_equal(by_y, np.zeros(3))
