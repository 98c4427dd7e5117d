"""An equal activation changes nothing: twenty models."""

import keras
import numpy as np
import pytest
from keras import layers, regularizers

import actfn
from actfn.surgery import swap_activations
from tests.stirring import difference

X = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
STEPS = np.random.default_rng(1).normal(size=(3, 4, 6)).astype("float32")
IMAGE = np.random.default_rng(2).normal(size=(2, 5, 5, 3)).astype("float32")
FIRST = np.moveaxis(IMAGE, -1, 1)


@keras.saving.register_keras_serializable("tests")
class Residual(layers.Dense):
    def call(self, inputs):
        return inputs + super().call(inputs)


@keras.saving.register_keras_serializable("tests")
class Block(layers.Layer):
    def __init__(self, units, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, shape):
        self.inner = layers.Dense(self.units, activation=self.activation)
        self.outer = layers.Dense(shape[-1])
        self.inner.build(shape)
        self.outer.build((*shape[:-1], self.units))
        super().build(shape)

    def call(self, x):
        return x + self.outer(self.inner(x))

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        config = {"units": self.units, "activation": activation}
        return {**super().get_config(), **config}


class Net(keras.Model):
    def __init__(self, units=5, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(units, "relu")
        self.act = layers.ReLU()
        self.more = [layers.Dense(4, "relu"), layers.Dense(3)]
        self.function = keras.activations.relu

    def call(self, x):
        x = self.more[0](self.act(self.first(x) - 0.1))
        return self.more[1](self.function(x - 0.1))


def sequential(x, *parts):
    return keras.Sequential([keras.Input(x.shape[1:]), *parts])


def penalised():
    penalty = regularizers.L1(1.0)
    return sequential(X, layers.Dense(16, "relu", activity_regularizer=penalty))


def frozen():
    base = sequential(X, layers.Dense(4, "relu"), layers.Dense(4, "relu"))
    base.trainable = False
    return sequential(X, base, layers.Dense(2, "relu"))


def frozen_layer():
    model = sequential(X, layers.Dense(4, "relu"), layers.Dense(4, "relu"))
    model.layers[0].trainable = False
    return model


def quantised():
    model = sequential(X, layers.Dense(4, "relu"), layers.Dense(3, "relu"))
    model.quantize("int8")
    return model


def quantised_embedding():
    model = sequential(
        X, layers.Dense(4, "relu"), layers.ReLU(), layers.Dense(2)
    )
    model.quantize("int8")
    return model


def operations():
    x = keras.Input((6,))
    y = keras.ops.relu(x) + keras.activations.relu(0.5 - x)
    y = layers.Activation(keras.ops.relu)(layers.Dense(4)(y))
    return keras.Model(x, layers.Dense(3, keras.ops.relu)(y))


def compiled():
    model = sequential(X, layers.Dense(4, "relu"), layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.02), "mse", metrics=["mae"])
    return model


def unregistered():
    def mine(x):
        return x * 0.5

    return sequential(
        X,
        layers.Dense(4, activation=mine),
        layers.Dense(4, activation=lambda x: x + 1),
        layers.Dense(4, "relu"),
    )


def half(units=4):
    return sequential(
        X,
        layers.Dense(units, "relu", dtype="mixed_bfloat16"),
        layers.ReLU(dtype="float64"),
    )


def channels_first():
    return sequential(
        FIRST,
        layers.ZeroPadding2D(1, data_format="channels_first"),
        layers.BatchNormalization(axis=1),
        layers.ReLU(),
    )


def channels_first_flat():
    return sequential(
        FIRST,
        layers.UpSampling2D(2, data_format="channels_first"),
        layers.Activation("relu"),
        layers.Flatten(),
        layers.Dense(2, "relu"),
    )


def net():
    model = Net()
    model(X)
    return model


Dense, relu = layers.Dense, "relu"
# Name, input, sites by hand, model.
MODELS = {
    "residual": (X, 1, lambda: sequential(X, Residual(6, relu))),
    "block": (X, 1, lambda: sequential(X, Block(8))),
    "timed": (
        STEPS,
        1,
        lambda: sequential(STEPS, layers.TimeDistributed(Dense(3, relu))),
    ),
    "spectral": (
        X,
        1,
        lambda: sequential(X, layers.SpectralNormalization(Dense(3, relu))),
    ),
    "lstm": (
        STEPS,
        1,
        lambda: sequential(STEPS, layers.LSTM(3, activation=relu)),
    ),
    "bidirectional": (
        STEPS,
        2,
        lambda: sequential(
            STEPS, layers.Bidirectional(layers.GRU(3, activation=relu))
        ),
    ),
    "cell": (
        STEPS,
        1,
        lambda: sequential(
            STEPS, layers.RNN(layers.SimpleRNNCell(3, activation=relu))
        ),
    ),
    "subclassed": (X, 4, net),
    "layer": (X, 1, lambda: sequential(X, Dense(3, layers.ReLU()))),
    "operations": (X, 4, operations),
    "penalised": (X, 1, penalised),
    "frozen": (X, 3, frozen),
    "frozen layer": (X, 2, frozen_layer),
    "quantised": (X, 2, quantised),
    "quantised and ReLU": (X, 2, quantised_embedding),
    "compiled": (X, 1, compiled),
    "unregistered": (X, 1, unregistered),
    "half": (X, 2, half),
    "channels first": (FIRST, 1, channels_first),
    "channels first, flat": (FIRST, 2, channels_first_flat),
}


def flags(model):
    """The trainable flags of all weights but ours, of which there are none."""
    return [weight.trainable for weight in model.weights]


@pytest.mark.parametrize("name", MODELS)
def test_equal_activations_change_nothing(name):
    x, sites, build = MODELS[name]
    keras.utils.set_random_seed(1)  # some draws have dead ReLUs alone
    model = build()
    for index, weight in enumerate(model.trainable_weights):
        noise = keras.random.normal(weight.shape, seed=index)
        weight.assign(weight + keras.ops.cast(0.2 * noise, weight.dtype))
    before = model(x)
    penalty = float(sum(map(keras.ops.sum, model.losses)))
    swapped = swap_activations(model, "relu", replace="relu")
    after = swapped(x)
    assert swapped.activation_sites == sites
    assert swapped.activations_left == ()
    assert difference(before, after) < 1e-6
    assert before.dtype == after.dtype
    again = float(sum(map(keras.ops.sum, swapped.losses)))
    assert again == pytest.approx(penalty)
    assert (name == "penalised") == (penalty > 0)
    assert flags(swapped) == flags(model)
    assert swapped.compiled == model.compiled
    if model.compiled:
        assert swapped.optimizer.get_config() == model.optimizer.get_config()
        assert swapped.optimizer is not model.optimizer
    assert difference(before, model(x)) == 0


@keras.saving.register_keras_serializable("tests")
class Maskless(layers.Layer):
    def call(self, x):
        return keras.ops.relu(x)


@pytest.mark.parametrize(
    "activate",
    [
        keras.ops.relu,
        keras.activations.relu,
        layers.Lambda(keras.activations.relu),
        layers.ReLU(),
        layers.Activation("relu"),
        layers.Dense(4, activation="relu"),
        layers.Conv1D(4, 3, padding="same", activation="relu"),
        Maskless(),
    ],
)
def test_masks_end_and_go_on_where_they_did(activate, tmp_path):
    steps = keras.Input((5,), dtype="int32")
    embedded = layers.Embedding(9, 4, mask_zero=True)(steps)
    model = keras.Model(steps, layers.LSTM(3)(activate(embedded)))
    x = np.array([[1, 2, 0, 0, 3], [0, 4, 5, 0, 0]])
    swapped = swap_activations(model, "relu", ("relu", Maskless))
    assert swapped.activation_sites == 1
    assert difference(model(x), swapped(x)) < 1e-6
    swapped.save(tmp_path / "swapped.keras")
    loaded = keras.models.load_model(tmp_path / "swapped.keras")
    assert difference(model(x), loaded(x)) < 1e-6


def test_frozen_layers_get_frozen_parameters():
    swapped = swap_activations(frozen(), "swish")
    betas = [w for w in swapped.weights if w.name == "beta" and w.ndim == 1]
    ours = [w for w in betas if "activation" in w.path]
    assert [w.trainable for w in ours] == [False, False, True]


@pytest.mark.parametrize(
    "name,shapes",
    [
        ("block", [(8,)]),
        ("timed", [(3,)]),
        ("bidirectional", [(3,), (3,)]),
        ("layer", [(3,)]),
    ],
)
def test_parameters_inside_of_layers_train_and_are_saved(
    name, shapes, tmp_path
):
    x, _, build = MODELS[name]
    swapped = swap_activations(build(), "swish")
    betas = [w for w in swapped.trainable_weights if w.name == "beta"]
    assert [tuple(w.shape) for w in betas] == shapes
    swapped.compile("sgd", "mse")
    target = np.ones(swapped(x).shape)
    swapped.fit(x, target, verbose=0)
    assert all(np.any(np.array(w) != 1) for w in betas)
    swapped.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert difference(swapped(x), loaded(x)) < 1e-6


def test_a_subclassed_model_saves_its_weights_only(tmp_path):
    swapped = swap_activations(net(), "swish")
    with pytest.raises(NotImplementedError, match="weights"):
        swapped.save(tmp_path / "model.keras")
    swapped.save_weights(tmp_path / "model.weights.h5")
    again = swap_activations(net(), "swish")
    again.load_weights(tmp_path / "model.weights.h5")
    assert difference(swapped(X), again(X)) == 0
    with pytest.raises(ValueError, match="must be built"):
        swap_activations(Net(), "relu")


def test_a_sequential_model_that_is_not_built():
    model = keras.Sequential([Dense(4, "relu"), layers.ReLU(), Dense(2)])
    swapped = swap_activations(model, "swish")
    assert swapped.activation_sites == 2
    swapped(X)
    kinds = [type(layer) for layer in swapped.layers]
    ours = actfn.ActivationFunction
    assert kinds == [Dense, ours, ours, Dense]
