import logging

import keras
import numpy as np
import pytest
from keras import layers

import actfn
from actfn.surgery import find_sites, swap_activations
from tests.stirring import difference, images, stir

slow = pytest.mark.slow

# Name, side of the images, sites, replaced name, equal and other activation.
APPLICATIONS = [
    ("MobileNet", 32, 27, "relu", "relu6", "relu"),
    pytest.param(
        "InceptionV3", 75, 94, "relu", "relu", "leaky_relu", marks=slow
    ),
    pytest.param(
        "DenseNet121", 32, 121, "relu", "relu", "leaky_relu", marks=slow
    ),
    ("ResNet50", 32, 49, "relu", "relu", "leaky_relu"),
    pytest.param(
        "EfficientNetB0", 32, 49, "silu", "swish_1", "relu", marks=slow
    ),
    pytest.param(
        "InceptionResNetV2", 75, 243, "relu", "relu", "leaky_relu", marks=slow
    ),
    pytest.param(
        "NASNetMobile", 32, 192, "relu", "relu", "leaky_relu", marks=slow
    ),
]


@pytest.mark.parametrize("name,side,sites,replace,same,other", APPLICATIONS)
def test_equal_activation_keeps_logits(name, side, sites, replace, same, other):
    x = images(4, side)
    model = getattr(keras.applications, name)(
        weights=None,
        input_shape=x.shape[1:],
        classes=7,
        classifier_activation=None,
    )
    stir(model, x)
    logits = model(x)
    swapped = swap_activations(model, same, replace=replace)
    assert swapped.activation_sites == sites
    assert difference(logits, swapped(x)) < 1e-5
    # The test would notice another activation.
    other = swap_activations(model, other, replace=replace)
    assert difference(logits, other(x)) > 1e-3
    assert difference(logits, model(x)) == 0


def test_every_catalog_function_takes_the_place_of_a_relu():
    inner = layers.Dense(6, activation="relu")
    model = keras.Sequential([keras.Input((4,)), inner])
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    before = keras.ops.matmul(x, inner.kernel)
    for name in {*actfn.catalog.names()} - {"acon_c"}:  # Begins at random.
        swapped = swap_activations(model, name, replace="relu")
        assert swapped.activation_sites == 1
        expected = actfn.get(name)(before)
        np.testing.assert_allclose(
            *map(keras.ops.convert_to_numpy, (swapped(x), expected)),
            rtol=1e-4, atol=1e-5, err_msg=name,
        )  # fmt: skip


def small_model():
    """Every kind of site; one layer is called at two places."""
    image = keras.Input((8, 8, 3))
    inner_input = keras.Input((8, 8, 4))
    inner = keras.Model(
        inner_input,
        layers.Conv2D(4, 3, padding="same", activation="relu")(inner_input),
        name="inner",
    )
    stack = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            layers.DepthwiseConv2D(3, activation="relu6"),
            layers.ReLU(),
        ],
        name="stack",
    )
    shared = layers.Activation("relu", name="shared")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    y = inner(shared(x))
    x = layers.BatchNormalization(scale=False)(keras.ops.add(x, y))
    x = layers.ReLU(6.0)(stack(x))
    x = layers.Conv2D(6, 1, activation="tanh")(x)
    x = shared(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(2, activation="softmax")(x))


def leaves(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def test_every_kind_of_site_in_nested_models():
    model = small_model()
    stir(model, images(4, 8))
    x = images(4, 8, seed=1)
    swapped = swap_activations(model, "relu", replace="relu")
    # Convolution, shared twice, inner, stack's two, ReLU6.
    assert swapped.activation_sites == 7
    kinds = [type(layer) for layer in leaves(swapped)]
    assert kinds.count(actfn.ActivationFunction) == 7
    assert difference(model(x), swapped(x)) < 1e-5
    assert isinstance(swapped.get_layer("stack"), keras.Sequential)
    assert swap_activations(model, "relu6", "relu6").activation_sites == 2
    for kind, count in ((layers.ReLU, 2), ((layers.ReLU, "tanh"), 3)):
        assert swap_activations(model, "relu", kind).activation_sites == count


def test_one_new_layer_a_site_even_where_a_layer_is_shared():
    swapped = swap_activations(small_model(), "swish")
    betas = [v for v in swapped.trainable_variables if "beta" in v.path]
    ours = [v for v in betas if "batch_norm" not in v.path]
    assert sorted(tuple(v.shape) for v in ours) == [(4,)] * 6 + [(6,)]
    assert len({id(v) for v in ours}) == 7


def test_names_stay_unique():
    image = keras.Input((4,))
    shared = layers.ReLU(name="act")
    x = layers.Dense(4, "relu", name="dense")(shared(image))
    x = layers.Dense(4, "relu", name="act_1")(shared(x))
    x = layers.Dense(4, name="dense_activation")(x)
    swapped = swap_activations(keras.Model(image, x), "swish")
    assert swapped.activation_sites == 4
    names = [layer.name for layer in swapped.layers]
    assert len(set(names)) == len(names) and {"act", "act_1"} < set(names)


def test_betas_train_and_survive_saving(tmp_path):
    text = "min(x, sin(x)) * sigmoid(beta * x)"
    model = swap_activations(small_model(), text)
    before = [v.numpy() for v in model.trainable_variables]
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = images(8, 8)
    model.fit(x, np.arange(8) % 2, epochs=2, verbose=0)
    after = [v.numpy() for v in model.trainable_variables]
    moved = [np.any(a != b) for a, b in zip(after, before, strict=True)]
    assert np.mean(moved) > 0.9
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert difference(model(x), loaded(x)) == 0


def test_batch_norm_scale_is_switched_on_from_one():
    model = small_model()
    x = images(4, 8)
    stir(model, x)
    plain = swap_activations(model, "relu")
    scaled = swap_activations(model, "relu", batch_norm_scale=True)
    extra = len(scaled.trainable_variables) - len(plain.trainable_variables)
    assert extra == 1
    # 1 / sqrt(variance + epsilon) times one is what there was.
    assert difference(model(x), scaled(x)) < 1e-5


def test_the_original_stays_and_the_number_is_logged(caplog):
    model = small_model()
    config = model.get_config()
    with caplog.at_level(logging.INFO, logger="actfn"):
        swap_activations(model, layers.PReLU)
    assert "7 activations" in caplog.text
    assert model.get_config() == config


def test_precision_and_compilation_follow_the_model():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = small_model()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile("sgd", "sparse_categorical_crossentropy")
    swapped = swap_activations(model, "swish")
    assert swapped.compiled
    ours = [
        layer
        for layer in leaves(swapped)
        if isinstance(layer, actfn.ActivationFunction)
    ]
    assert {layer.compute_dtype for layer in ours} == {"bfloat16"}
    assert keras.config.dtype_policy().name == "float32"


def test_a_built_sequential_model_stays_sequential():
    model = keras.Sequential([layers.Dense(3, "relu"), layers.Dense(2)])
    model.build((None, 4))
    swapped = swap_activations(model, "relu")
    x = np.random.default_rng(0).normal(size=(5, 4))
    assert isinstance(swapped, keras.Sequential)
    assert difference(model(x), swapped(x)) < 1e-6


SHARED = layers.ReLU()


@pytest.mark.parametrize(
    "activation,replace,message",
    [
        ("relu", "gelu", "at least one activation"),
        ("relu", "rellu", "name of a Keras activation"),
        ("relu", layers.ReLU(), "name of a Keras activation|sequence"),
        ("relu", 3, "name of a Keras activation"),
        ("nonsense(x)", "relu", "nonsense"),
        (SHARED, "relu", "without arguments"),
        (lambda: SHARED, "relu", "new Keras layer"),
        (lambda: "relu", "relu", "new Keras layer"),
        (lambda x, y: layers.ReLU(), "relu", "argument"),
        (lambda site: site, "relu", "activation"),
        ("relu", lambda x: keras.ops.relu(x), "tells of a site"),
        ("relu", lambda site: "yes", "tells of a site"),
        ("swiglu", "relu", "halves the size"),
    ],
)
def test_wrong_arguments(activation, replace, message):
    with pytest.raises(ValueError, match=message):
        swap_activations(small_model(), activation, replace=replace)


@pytest.mark.parametrize("given", [lambda e: e, lambda e: {"*": e}])
def test_an_expression_is_what_its_text_is(given):
    expression = actfn.parse("x * sigmoid(x)")
    model = small_model()
    x = np.random.default_rng(0).normal(size=(5, *model.input_shape[1:]))
    swapped = swap_activations(model, given(expression))
    same = swap_activations(model, str(expression))
    assert difference(swapped(x), same(x)) == 0
    assert difference(swapped(x), model(x)) > 0


def with_ours():
    """One site each of what our functions can be in a model."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, activation="actfn>hard_swish"),
            layers.Dense(4, activation="actfn>max_sigmoid"),
            layers.Dense(4, activation=actfn.get("x * tanh(x)")),
            actfn.get("swish"),
            layers.Dense(6, activation="actfn>relu"),
            actfn.get("swiglu"),
            layers.Dense(3, activation="relu"),
            actfn.get("relu"),
        ]
    )


@pytest.mark.parametrize(
    "replace,count",
    [
        ("hard_swish", 1),
        ("hard_silu", 1),
        ("actfn>hard_swish", 1),
        ("max_sigmoid", 1),
        ("x * tanh(x)", 1),
        ("swish", 1),
        ("x * sigmoid(beta * x)", 1),
        ("relu", 3),
        (["x * tanh(x)", "max_sigmoid"], 2),
        (actfn.ActivationFunction, 3),
    ],
)
def test_our_functions_are_replaced_by_what_they_are_called(replace, count):
    model = with_ours()
    assert swap_activations(model, "elu", replace).activation_sites == count
    names = {site.activation for site in find_sites(model)}
    for name in names - {"swish_1(x) * y"}:  # What an error tells to give.
        assert swap_activations(model, "elu", name).activation_sites


@pytest.mark.parametrize("replace", ["swiglu", actfn.GatedFunction])
def test_a_gate_is_replaced_by_a_gate(replace):
    model = with_ours()
    swapped = swap_activations(model, "geglu", replace)
    assert [str(site.activation) for site in find_sites(swapped)].count(
        "gelu(x) * y"
    ) == 1
    with pytest.raises(ValueError, match="does not halve the size"):
        swap_activations(model, "elu", replace)


def test_what_is_replaced_may_have_our_name():
    dense = layers.Dense(3, activation="actfn>mish")
    model = keras.Sequential([keras.Input((4,)), dense])
    x = np.random.default_rng(0).normal(size=(5, 4))
    swapped = swap_activations(model, "relu", replace="actfn>mish")
    assert np.all(keras.ops.convert_to_numpy(swapped(x)) >= 0)


def test_the_original_lives_on_when_the_copy_is_trained():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "relu"),
            keras.layers.Dense(1),
        ]
    )
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    before = keras.ops.convert_to_numpy(model(x))
    swapped = actfn.swap_activations(model, "swish")
    swapped.compile("sgd", "mse")
    swapped.fit(x, y, verbose=0)
    after = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_array_equal(after, before)
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)


@pytest.mark.parametrize(
    "move,axis",
    [
        (lambda x: keras.ops.transpose(x, (0, 2, 1)), -1),
        (lambda x: keras.ops.moveaxis(x, 1, -1), -1),
        (lambda x: keras.ops.swapaxes(x, 1, 2), -1),
        (lambda x: keras.ops.reshape(x, (-1, 7, 6)), -1),
        (lambda x: x + 1, 1),
    ],
)
def test_channels_are_followed_through_operations(move, axis):
    x = keras.Input((3, 7))
    first = layers.Conv1D(
        6, 1, data_format="channels_first", activation="linear"
    )(x)
    model = keras.Model(x, layers.ReLU()(move(first)))
    (*_, new) = swap_activations(model, "swish").layers
    assert new.axis == axis and new.beta.shape == (6,)
    # And back again.
    last = keras.ops.transpose(move(first), (0, 2, 1))
    model = keras.Model(x, layers.ReLU()(last))
    (*_, new) = swap_activations(model, "swish").layers
    assert new.axis == -1 * axis and new.beta.shape == (6,)


def test_channels_first_gives_one_beta_a_channel():
    model = keras.Sequential(
        [
            keras.Input((3, 8, 6)),
            keras.layers.Conv2D(
                4, 3, activation="relu", data_format="channels_first"
            ),
            keras.layers.BatchNormalization(axis=1),
            keras.layers.ReLU(),
        ]
    )
    swapped = swap_activations(model, "swish")
    betas = [w for w in swapped.weights if w.path.endswith("/beta")]
    shapes = [tuple(beta.shape) for beta in betas if "norm" not in beta.path]
    assert shapes == [(4,), (4,)]
    ours = [one for one in swapped.layers if hasattr(one, "expression")]
    assert [layer.axis % 4 for layer in ours] == [1, 1]
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")
    ours[0].beta.assign([0.5, 1.0, 2.0, 3.0])
    beta = np.reshape([0.5, 1.0, 2.0, 3.0], (4, 1, 1))
    found = keras.ops.convert_to_numpy(ours[0](x))
    np.testing.assert_allclose(found, x / (1 + np.exp(-beta * x)), rtol=1e-5)
