"""What users have brought elsewhere: it works, or one line says what to do."""

import gc
import random
import re
import weakref

import cloudpickle
import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers

import actfn
from actfn import search
from actfn.expressions import operators
from actfn.search import memory, surroundings
from actfn.search.child import FromModel, ModelChild
from actfn.search.data import divide
from tests.actfn.search import models

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = RNG.integers(0, 3, 64)
SETTINGS = {"candidates": ["tanh"], "repeats": 2, "epochs": 1, "verbose": 0}
tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's own"
)


def compare(folder, build, *data, **settings):
    settings = {**SETTINGS, "directory": folder / "a", **settings}
    return search.compare(build, *data, **settings)


def network(activation="relu", units=5, **compilation):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(units, activation=activation),
            layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    words = {"optimizer": "sgd", "loss": loss, "run_eagerly": models.EAGERLY}
    model.compile(**{**words, **compilation})
    return model


def build(hp):
    return network(actfn.get(hp.get("activation")))


class Steps(keras.Model):
    count = 0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(5, activation="relu")
        self.out = layers.Dense(3)

    def call(self, x):
        return self.out(self.hidden(x))

    def get_config(self):
        return super().get_config()

    def train_step(self, *args):
        Steps.count += 1
        return super().train_step(*args)


def test_a_subclass_trains_by_its_own_step(tmp_path):
    model = Steps()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    model(X)
    Steps.count = 0
    found = compare(tmp_path, model, X, Y)
    assert Steps.count >= 4  # children, or their graphs
    assert isinstance(found.build(), Steps)


def test_several_outputs_and_inputs_by_name_with_weights(tmp_path):
    inputs = {"p": keras.Input((4,), name="p"), "q": keras.Input((2,))}
    both = layers.Concatenate()([inputs["p"], inputs["q"]])
    hidden = layers.Dense(5, activation="relu")(both)
    outputs = {
        "a": layers.Dense(3, activation="softmax", name="a")(hidden),
        "b": layers.Dense(1, name="b")(hidden),
    }
    model = keras.Model(inputs, outputs)
    losses = {"a": "sparse_categorical_crossentropy", "b": "mse"}
    metrics = {"a": ["accuracy"]}
    model.compile("sgd", losses, metrics=metrics, run_eagerly=models.EAGERLY)
    x, y = {"p": X, "q": X[:, :2]}, {"a": Y, "b": X[:, :1]}
    accuracy = keras_tuner.Objective("val_a_accuracy", "max")
    found = compare(tmp_path, model, x, y, objective=accuracy)
    assert all(0 <= row["mean"] <= 1 for row in found.leaderboard)
    wrong = keras_tuner.Objective("val_accuracy", "max")
    with pytest.raises(ValueError, match="val_a_accuracy"):
        compare(tmp_path, model, x, y, objective=wrong, directory="no")


def test_a_metric_of_many_numbers_is_no_objective(tmp_path):
    metric = keras.metrics.F1Score(name="f1")
    model = network(loss="categorical_crossentropy", metrics=[metric])
    y = keras.utils.to_categorical(Y, 3)
    compare(tmp_path, model, X, y)
    f1 = keras_tuner.Objective("val_f1", "max")
    with pytest.raises(ValueError, match="single numbers"):
        compare(tmp_path, model, X, y, objective=f1, directory="no")


def test_children_are_judged_in_the_batches_of_fit(tmp_path):
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(6, 5, 1)),
            layers.LSTM(4, activation="relu", stateful=True),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", run_eagerly=models.EAGERLY)
    x, y = np.ones((60, 5, 1)), np.ones((60, 1))
    held_out = (x[:24], y[:24])
    compare(tmp_path, model, x, y, batch_size=6, validation_data=held_out)


@tensorflow_only
def test_data_without_an_end(tmp_path):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16).repeat()
    endless = {"validation_data": data, "steps_per_epoch": 2}
    with pytest.raises(ValueError, match="`validation_steps` must be given"):
        compare(tmp_path, network(), data, **endless)
    with pytest.raises(ValueError, match="`steps_per_epoch` must be given"):
        compare(tmp_path, network(), data, validation_data=data.take(2))
    assert not (tmp_path / "a").exists()
    compare(tmp_path, network(), data, **endless, validation_steps=2)


@tensorflow_only
def test_text_as_arrays(tmp_path):
    words = np.array(["a b", "b c", "c"] * 20)
    text = layers.TextVectorization(8, output_sequence_length=3)
    text.adapt(words)
    model = keras.Sequential(
        [
            keras.Input((), dtype="string"),
            text,
            layers.Embedding(8, 3),
            layers.Flatten(),
            layers.Dense(4, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", run_eagerly=models.EAGERLY)
    new = compare(tmp_path, model, words, np.ones(60)).build()
    assert new.layers[0].get_vocabulary() == text.get_vocabulary()


def test_a_hypermodel(tmp_path):
    class Model(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

    class Fitting(Model):
        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, **kwargs)

    compare(tmp_path, Model(), X, Y)
    with pytest.raises(ValueError, match="without a `fit` of its own"):
        compare(tmp_path, Fitting(), X, Y)


def test_one_callback_need_be_no_list(tmp_path):
    stop = keras.callbacks.EarlyStopping("loss", patience=0, mode="max")
    compare(tmp_path, build, X, Y, epochs=9, callbacks=stop)
    assert stop.stopped_epoch == 0


class Open(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.file = open(__file__)  # noqa: SIM115


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (lambda hp: network("relu"), {}, "never asks for 'activation'"),
        (lambda hp: network(hp.get("activation")), {}, "to `actfn.get`"),
        (
            lambda hp: network(hp.Choice("activation", ["relu", "tanh"])),
            {},
            "to `actfn.get`",
        ),
        (build, {"groups": ("early", "late")}, "asks for 'activation_early'"),
        ("model.keras", {}, "`build` must be a function"),
        (build, {"epoch": 3}, "'epoch'; did you mean 'epochs'"),
        (build, {"directry": "a"}, "did you mean 'directory'"),
        (build, {"callbacks": [Open()]}, "`copy.deepcopy` can copy"),
        (build, {"callbacks": ["stop"]}, "must be Keras callbacks"),
        (
            build,
            {"callbacks": [keras.callbacks.BackupAndRestore("backup")]},
            "must not restore a child's weights",
        ),
    ],
)
def test_what_cannot_work_is_said_at_once(model, arguments, message, tmp_path):
    settings = {"candidates": ["x * sigmoid(beta * x)"], **arguments}
    with pytest.raises(ValueError, match=re.escape(message)):
        compare(tmp_path, model, X, Y, **settings)
    assert not (tmp_path / "a").exists()


def test_what_is_no_array_is_said_at_once(tmp_path):
    scipy = pytest.importorskip("scipy.sparse")
    for x in (scipy.csr_matrix(X), None):
        with pytest.raises(ValueError, match="one row for each example"):
            compare(tmp_path, build, x, Y)


def rate(hp):
    activation = actfn.get(hp.get("activation"))
    return network(activation, optimizer=keras.optimizers.SGD(0.5))


def dropout(hp):
    model = models.compiled(
        keras.Sequential([layers.Dropout(0.5), build(hp).layers[0]])
    )
    model(X)
    return model


def logits(of):
    def build(hp):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=of)
        return network(actfn.get(hp.get("activation")), loss=loss)

    return build


def top(count):
    def build(hp):
        metric = keras.metrics.SparseTopKCategoricalAccuracy(count, "top")
        return network(actfn.get(hp.get("activation")), metrics=[metric])

    return build


def sized(most):
    def build(hp):
        hp.Int("units", 4, most)
        return network(actfn.get(hp.get("activation")), 5)

    return build


def stopping(patience):
    return [keras.callbacks.EarlyStopping("val_loss", patience=patience)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"callbacks": stopping(1)}),
        ({"callbacks": stopping(1)}, {"callbacks": stopping(2)}),
        ({"build": sized(8)}, {"build": sized(9)}),
        ({"build": top(1)}, {"build": top(2)}),
        ({"build": logits(True)}, {"build": logits(False)}),
    ],
)
def test_what_else_changes_a_score_is_another_search(before, after, tmp_path):
    def run(change):
        given = {"build": build, "hyperparameters": "default", **change}
        compare(tmp_path, given.pop("build"), X, Y, **given)

    run(before)
    run(before)
    with pytest.raises(ValueError, match="another search"):
        run(after)


@pytest.mark.parametrize(
    "change",
    [
        {"build": rate},
        {"build": dropout},
        {"build": lambda hp: network(actfn.get(hp.get("activation")), 6)},
        {"x": X + 1},
        {"y": Y[::-1]},
        {"x": X[:60], "y": Y[:60]},
    ],
)
def test_a_changed_model_or_data_are_another_search(change, tmp_path):
    given = {"build": build, "x": X, "y": Y}
    compare(tmp_path, *given.values())
    compare(tmp_path, *given.values())
    with pytest.raises(ValueError, match="another search"):
        compare(tmp_path, *(given | change).values())


def test_damaged_files_are_named(tmp_path):
    compare(tmp_path, build, X, Y)
    settings = tmp_path / "a" / "settings.json"
    settings.write_text("")
    with pytest.raises(ValueError, match=r"settings.json must be JSON"):
        compare(tmp_path, build, X, Y)


@pytest.mark.parametrize("name", ["oracle.json", "policy.json"])
def test_damaged_files_of_an_oracle_are_named(name, tmp_path):
    def tuner():
        policy = search.RandomPolicy(actfn.SearchSpace(core_units=1), seed=0)
        return keras_tuner.Tuner(
            search.PolicyOracle(policy, "val_loss", max_trials=1, verbose=0),
            build,
            directory=tmp_path,
            project_name="a",
        )

    tuner().search(X, Y, validation_data=(X, Y), verbose=0)
    (tmp_path / "a" / name).write_text("{")
    with pytest.raises(ValueError, match=f"{name} must be JSON"):
        tuner()


def test_other_processes_have_what_was_set_for_keras_and_own_operators():
    # As a worker does: load what was dumped, where nothing has been set.
    config = keras.config
    before = config.dtype_policy(), config.epsilon()
    config.set_dtype_policy("mixed_bfloat16")
    config.set_epsilon(1e-4)
    actfn.register_operator("wobbling", 1, lambda x: keras.ops.sin(3 * x))
    try:
        child = ModelChild(build, divide(X, Y), {}, "val_loss")
        sent = cloudpickle.dumps(child)
        config.set_dtype_policy(before[0])
        config.set_epsilon(before[1])
        del operators._TABLE["wobbling"]
        cloudpickle.loads(sent)
        assert config.dtype_policy().name == "mixed_bfloat16"
        assert config.epsilon() == 1e-4
        layer = actfn.get("wobbling(x)", dtype="float32")
        np.testing.assert_allclose(layer(X), np.sin(3 * X), atol=1e-6)
    finally:
        config.set_dtype_policy(before[0])
        config.set_epsilon(before[1])
        operators._TABLE.pop("wobbling", None)


def test_children_leave_the_garbage_collector_as_it_was():
    def cycle():
        one = network()
        one.itself = one
        return weakref.ref(one)

    with memory.released():
        assert gc.get_freeze_count()  # what was there is not looked at
        gone = cycle()
    assert gone() is None and not gc.get_freeze_count()
    gc.freeze()
    try:
        with memory.released():
            pass
        assert gc.get_freeze_count()  # the user's own
    finally:
        gc.unfreeze()


def test_children_leave_what_was_set_for_keras():
    config = keras.config
    before = config.dtype_policy()
    config.set_dtype_policy("mixed_bfloat16")
    config.disable_traceback_filtering()
    try:
        with memory.released():
            network()
        assert config.dtype_policy().name == "mixed_bfloat16"
        assert not config.is_traceback_filtering_enabled()
    finally:
        config.set_dtype_policy(before)
        config.enable_traceback_filtering()


def test_a_child_leaves_safe_mode_scopes_and_generators(tmp_path):
    """A build that loads a Lambda, as the second and third child too."""
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Lambda(lambda x: 2 * x), layers.Dense(3)]
    )
    inner.save(tmp_path / "inner.keras")
    seen = []

    def build(hp):
        seen.append(keras.saving.get_registered_object("Mine"))
        loaded = keras.models.load_model(tmp_path / "inner.keras")
        model = keras.Sequential(
            [keras.Input((4,)), loaded, actfn.get(hp.get("activation"))]
        )
        model.compile("sgd", "mse", run_eagerly=models.EAGERLY)
        return model

    settings = surroundings.current()
    assert not settings["unsafe"] and "Mine" not in settings["custom_objects"]
    keras.config.enable_unsafe_deserialization()
    try:
        drawn = []
        with keras.saving.custom_object_scope({"Mine": layers.Dense}):
            for seed in range(2):
                np.random.seed(seed)
                random.seed(seed)
                compare(tmp_path / str(seed), build, X, np.ones((len(X), 3)))
                drawn.append((np.random.rand(), random.random()))
            there = surroundings.current()
        assert {*seen} == {layers.Dense}
        assert there["unsafe"]
        assert there["custom_objects"]["Mine"] is layers.Dense
    finally:
        keras.src.saving.serialization_lib.SafeModeScope(None).__enter__()
    assert drawn[0][0] != drawn[1][0] and drawn[0][1] != drawn[1][1]


def retrace(function):
    import tensorflow as tf

    for number in range(12):
        function(number)  # Of Python, so a trace each.
    tf.get_logger().warning("something else")


class Retraces(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        import tensorflow as tf

        retrace(tf.function(lambda number: number))


@tensorflow_only
def test_of_tensorflows_warnings_that_of_retracing_is_dropped(tmp_path, caplog):
    import tensorflow as tf

    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        compare(tmp_path, build, X, Y, callbacks=[Retraces()])
        assert set(caplog.messages) == {"something else"}
        # TensorFlow warns twice of a function of one place and no more.
        retrace(tf.function(lambda number: number))
    finally:
        logger.removeHandler(caplog.handler)
    assert "triggered tf.function retracing" in caplog.text


def test_a_model_of_registered_layers_is_read_after_they_are_known():
    # As in a process that has read nothing of the program's yet.
    @keras.saving.register_keras_serializable("tests")
    class Twice(layers.Layer):
        def call(self, x):
            return 2 * x

        def get_config(self):
            return super().get_config()

    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="relu"), Twice()]
    )
    model.compile("sgd", "mse")
    build = FromModel(model, "relu")
    shipped = cloudpickle.dumps(ModelChild(build, divide(X, Y), {}, "val_loss"))
    objects = keras.saving.get_custom_objects()
    del objects["tests>Twice"]
    try:
        with pytest.raises(TypeError, match="Twice"):
            keras.Sequential.from_config(model.get_config())
        child = cloudpickle.loads(shipped)
        found = child.build.model(X)
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(found),
            keras.ops.convert_to_numpy(model(X)),
        )
    finally:
        objects.pop("tests>Twice", None)


def test_frozen_weights_make_another_search(tmp_path):
    def with_frozen(value):
        frozen = layers.Dense(4, activation="relu", trainable=False)
        model = keras.Sequential([keras.Input((4,)), frozen, layers.Dense(3)])
        frozen.set_weights([value * np.eye(4), np.zeros(4)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, run_eagerly=models.EAGERLY)
        return model

    compare(tmp_path, with_frozen(0.01), X, Y)
    compare(tmp_path, with_frozen(0.01), X, Y)
    with pytest.raises(ValueError, match="another search"):
        compare(tmp_path, with_frozen(1.0), X, Y)


def test_the_page_is_there_from_the_first_child_and_says_it_was_stopped(
    tmp_path,
):
    page = tmp_path / "a" / "report.html"
    seen = []

    def watched(hp):
        seen.append(page.read_text() if page.exists() else "")
        if len(seen) == 4:
            raise KeyboardInterrupt
        return build(hp)

    with pytest.raises(KeyboardInterrupt):
        compare(tmp_path, watched, X, Y)
    assert seen[0] == "" and all("data-running" in page for page in seen[1:])
    stopped = page.read_text()
    assert "data-running" not in stopped
    assert "Stopped without a verdict" in stopped
