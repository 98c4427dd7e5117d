"""What a copy takes over beside what layers at sites have."""

import keras
import numpy as np
import pytest
from keras import layers

import actfn
from actfn.surgery import swap_activations
from actfn.surgery.swap import rebuild
from tests.stirring import difference

X = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's own"
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("kind", [layers.PReLU, lambda: actfn.get("swish")])
def test_a_trained_activation_of_a_dense_layer_stays(kind):
    inner = layers.Dense(5, activation=kind())
    model = keras.Sequential(
        [keras.Input((6,)), inner, layers.Dense(4, activation="relu")]
    )
    model(X)  # Keras builds the activation of a dense layer at the first call.
    (parameter,) = inner.activation.weights
    parameter.assign(np.linspace(-2, 2, 5))
    swapped = swap_activations(model, "max(x, 0)")
    assert swapped.activation_sites == 1
    assert len(swapped.weights) == 5
    assert difference(model(X), swapped(X)) < 1e-6
    assert swapped.layers[0].activation is not inner.activation


def test_a_call_of_a_shared_layer_keeps_a_trained_activation():
    inner = layers.Dense(6, activation=actfn.get("swish"))
    inputs = keras.Input((6,))
    model = keras.Model(inputs, inner(inner(inputs)))
    model(X)
    inner.activation.beta.assign(np.linspace(-2, 2, 6))
    swapped = swap_activations(
        model,
        lambda site: "x + 1" if site.index == 0 else None,
        replace=actfn.ActivationFunction,
    )
    kernel = keras.ops.convert_to_numpy(inner.kernel)
    hidden = (X @ kernel + 1) @ kernel
    expected = hidden * sigmoid(np.linspace(-2, 2, 6) * hidden)
    assert swapped.activation_sites == 1
    found = keras.ops.convert_to_numpy(swapped(X))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@tensorflow_only
@pytest.mark.parametrize(
    "kind,words",
    [
        (layers.StringLookup, np.array([["b"], ["a"], ["b"]])),
        (layers.IntegerLookup, np.array([[7], [5], [7]])),
        (layers.TextVectorization, np.array(["b a", "a", "c b"])),
    ],
)
def test_a_vocabulary_stays(kind, words):
    keras.utils.set_random_seed(1)  # some draws have dead ReLUs alone
    import tensorflow as tf

    x = tf.constant(words)
    lookup = kind()
    lookup.adapt(x)
    model = keras.Sequential(
        [
            keras.Input(words.shape[1:], dtype=x.dtype.name),
            lookup,
            layers.Embedding(8, 3),
            layers.GlobalAveragePooling1D(),
            layers.Dense(4, activation="relu"),
        ]
    )
    swapped = swap_activations(model, "max(x, 0)")
    assert swapped.layers[0].get_vocabulary() == lookup.get_vocabulary()
    assert difference(model(x), swapped(x)) < 1e-6


def test_new_weights_leave_frozen_and_adapted_layers_as_they_are():
    normal = layers.Normalization()
    normal.adapt(3 * X + 5)
    base = keras.Sequential([keras.Input((6,)), layers.Dense(6, "relu")])
    base.trainable = False
    timed = layers.TimeDistributed(layers.Dense(3))
    timed.layer.trainable = False
    model = keras.Sequential(
        [
            keras.Input((6,)),
            normal,
            base,
            layers.Dense(6, activation="relu"),
            layers.Reshape((2, 3)),
            timed,
        ]
    )
    new = rebuild(model, lambda: actfn.get("relu"), keep_weights=False)
    before, after = model.get_weights(), new.get_weights()
    names = [weight.path for weight in model.weights]
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    trained = [n for n, kept in zip(names, same, strict=True) if not kept]
    assert trained == [model.layers[2].kernel.path]
    for copy in (new, swap_activations(model, "max(x, 0)")):
        np.testing.assert_allclose(copy.layers[0](X), normal(X), rtol=1e-5)


@tensorflow_only
def test_a_copy_trains_by_the_strategy_of_its_model():
    import tensorflow as tf

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        model = keras.Sequential(
            [keras.Input((6,)), layers.Dense(4, activation="relu")]
        )
        model.compile("sgd", "mse")
    swapped = swap_activations(model, "swish")
    assert swapped.distribute_strategy is strategy
    swapped.fit(X, np.zeros((4, 4)), verbose=0)
    assert np.any(np.asarray(swapped.layers[1].beta) != 1)


def test_functions_that_nobody_registered_stay_in_the_compilation():
    def mine(y, prediction):
        return keras.ops.mean(prediction)

    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, activation="relu")]
    )
    model.compile(
        keras.optimizers.SGD(0.25),
        lambda y, prediction: keras.ops.mean(prediction - y),
        metrics=[mine, keras.metrics.MeanAbsoluteError()],
    )
    inputs = keras.Input((6,))
    outer = keras.Model(inputs, model(inputs))
    outer.compile(keras.optimizers.SGD(0.25), loss=mine)
    y = np.ones((4, 4))
    for one in (model, outer):
        swapped = swap_activations(one, "max(x, 0)")
        assert one.compiled
        assert swapped.optimizer is not one.optimizer
        assert float(swapped.optimizer.learning_rate) == 0.25
        expected = one.evaluate(X, y, verbose=0, return_dict=True)
        found = swapped.evaluate(X, y, verbose=0, return_dict=True)
        assert found == pytest.approx(expected)


def test_outputs_keep_their_names_and_losses():
    inputs = keras.Input((3,))
    inner = layers.Dense(4, "relu", name="inner")(inputs)
    outputs = [
        layers.Dense(1, "relu", name="count")(inner),
        layers.Dense(2, name="cls")(inner),
    ]
    model = keras.Model(inputs, outputs)
    model.compile(
        "sgd", loss={"count": "mse", "cls": "mse"}, metrics={"count": ["mae"]}
    )
    copy = swap_activations(model, "swish")
    assert copy.output_names == ["count", "cls"]
    names = [layer.name for layer in copy.layers]
    assert {"inner", "inner_activation", "count_linear"} < {*names}
    x = np.ones((4, 3))
    y = {"count": np.ones((4, 1)), "cls": np.ones((4, 2))}
    history = copy.fit(x, y, verbose=0).history
    assert "count_mae" in history and np.isfinite(history["loss"]).all()
    alone = keras.Model(inputs, outputs[0])
    alone.compile("sgd", loss={"count": "mse"})
    swap_activations(alone, "swish").fit(x, y["count"], verbose=0)


def test_an_optimizer_knows_nothing_of_frozen_parameters(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, "relu", trainable=False),
            layers.Dense(2),
        ]
    )
    model.compile("adam", "mse")
    copy = swap_activations(model, "swish")
    trained = len(copy.trainable_variables)
    assert trained == 2  # beta is frozen with its layer
    # Two moments of each, the step and the rate.
    assert len(copy.optimizer.variables) == 2 * trained + 2
    copy.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    copy.save(tmp_path / "a.keras")
    again = keras.models.load_model(tmp_path / "a.keras")
    assert len(again.optimizer.variables) == len(copy.optimizer.variables)


@pytest.mark.parametrize("wrapped_first", [True, False])
@pytest.mark.parametrize("kind", ["dense", "model"])
def test_a_layer_in_a_wrapper_and_alone_is_refused(kind, wrapped_first):
    """A copy would train what was one set of weights as two."""
    shared = layers.Dense(3, "relu", name="shared")
    if kind == "model":
        shared = keras.Sequential([keras.Input((4,)), layers.Dense(3, "relu")])
    one, many = keras.Input((4,)), keras.Input((5, 4))
    wrapper = layers.TimeDistributed(shared)
    if wrapped_first:
        outputs = [wrapper(many), shared(one)]
    else:
        outputs = [shared(one), wrapper(many)][::-1]
    model = keras.Model([many, one], outputs)
    with pytest.raises(ValueError, match="must not apply a layer both"):
        swap_activations(model, "swish")
    alone = keras.Model(many, wrapper(layers.Dense(4, "relu")(many)))
    assert swap_activations(alone, "swish").count_params() > 0
