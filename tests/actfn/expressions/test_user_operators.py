"""Operators that a user registers behave like those of the table."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

import actfn
from actfn import search
from actfn.expressions import operators
from actfn.expressions.parsing import define
from tests.differentiating import slope_of

tf = pytest.importorskip("tensorflow")

REGISTER = """
import actfn
from keras import ops
actfn.register_operator("bump", 1, lambda a: a / (1 + ops.square(a)))
actfn.register_operator(
    "lean_bump", 1, lambda a: a / (1 + ops.square(a)),
    partials=lambda y, a: ((1 - a * a) / ops.square(1 + a * a),),
)
actfn.register_operator("blend", 2, lambda a, b: 0.3 * a + 0.7 * ops.tanh(b))
"""
TEXTS = (
    "x * bump(beta * x)",
    "x * lean_bump(beta * x)",
    "blend(x, bump(x)) + max(x, 0)",
)


@pytest.fixture(autouse=True, scope="module")
def _operators():
    exec(REGISTER, {})


def test_an_operator_takes_the_place_of_a_word_at_once():
    define("wobble", "sin(x) + x")
    expression = actfn.parse("wobble(x)")
    assert expression(1.0) == pytest.approx(np.sin(1) + 1)
    assert actfn.canonicalize(expression) == actfn.canonicalize(
        actfn.parse("x + sin(x)")
    )
    actfn.register_operator("wobble", 1, lambda x: x * 0 + 7)
    again = actfn.parse("wobble(x)")
    assert again(1.0) == 7
    assert str(actfn.canonicalize(again)) == "wobble(x)"
    assert float(actfn.get("wobble(x)")(1.0)) == 7


def _bump(a):
    return a / (1 + a * a)


def test_values_and_gradients_of_both_orders():
    x = tf.constant([[-2.0], [0.3], [1.7]], "float64")
    for text in TEXTS[:2]:
        layer = actfn.ActivationFunction(text, dtype="float64")
        layer.build(x.shape)

        def slope(x, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x)
            return y, tape.gradient(y, x)

        with tf.GradientTape() as tape:
            tape.watch(x)
            y, first = slope(x)
            penalty = tf.reduce_sum(first**2)
        second = tape.gradient(penalty, [x, layer.beta.value])
        np.testing.assert_allclose(y, x * _bump(x), rtol=1e-12)
        step = 1e-6
        expected = (slope(x + step)[0] - slope(x - step)[0]) / (2 * step)
        np.testing.assert_allclose(first, expected, rtol=1e-8)
        expected = (slope(x + step)[1] ** 2 - slope(x - step)[1] ** 2) / (
            2 * step
        )
        np.testing.assert_allclose(second[0], expected, rtol=1e-7)
        assert np.isfinite(second[1]).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
def test_16_bits(dtype):
    layer = actfn.ActivationFunction("x * bump(beta * x)", dtype=dtype)
    x = tf.cast([[100.0, -3.0]], layer.compute_dtype)
    y = ops.convert_to_numpy(ops.cast(layer(x), "float32"))
    expected = np.array([[100.0, -3.0]])
    np.testing.assert_allclose(y, expected * _bump(expected), rtol=0.01)


def test_prints_parses_and_has_one_form():
    for text in TEXTS:
        expression = actfn.parse(text)
        assert str(expression) == text
        assert expression.latex()
        form = actfn.canonicalize(expression)
        assert actfn.canonicalize(form) == form == actfn.parse(str(form))
    assert actfn.canonicalize(actfn.parse("bump(x) * x")) == actfn.canonicalize(
        actfn.parse("x * bump(x * 1)")
    )
    first, second = (actfn.parse(t) for t in ("blend(x, 1)", "blend(1, x)"))
    assert actfn.canonicalize(first) != actfn.canonicalize(second)


def test_is_searched():
    space = actfn.SearchSpace(
        2, unary=["identity", "bump"], binary=["blend", "mul"]
    )
    rng = np.random.default_rng(0)
    found = [space.sample(rng) for _ in range(30)]
    assert any("bump" in str(f) for f in found)
    assert any("blend" in str(f) for f in found)
    for expression in found:
        assert space.decode(space.encode(expression)) == expression
    # A search that is paid for it comes to use nothing else.
    policy = search.EvolutionPolicy(space, seed=0, population=8, tournament=4)
    for _ in range(12):
        proposals = policy.propose(4)
        rewards = [
            str(p.expression).count("bump") - 0.01 * len(str(p.expression))
            for p in proposals
        ]
        policy.update(
            [(p.id, r) for p, r in zip(proposals, rewards, strict=True)]
        )
    assert np.mean(rewards) > 1


def test_trains_and_saves(tmp_path):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    for i, text in enumerate(TEXTS):
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(3), actfn.get(text)]
        )
        model.compile("sgd", "mse", run_eagerly=True)
        losses = model.fit(x, x, epochs=4, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        model.save(tmp_path / f"{i}.keras")
        np.save(tmp_path / f"{i}.npy", model(x))
    np.save(tmp_path / "x.npy", x)
    check = f"""
import keras, numpy as np
x = np.load(r"{tmp_path}/x.npy")
for i in range({len(TEXTS)}):
    model = keras.saving.load_model(rf"{tmp_path}/{{i}}.keras")
    assert (np.load(rf"{tmp_path}/{{i}}.npy") == np.asarray(model(x))).all()
"""
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    for program, works in ((REGISTER + check, True), (check, False)):
        result = subprocess.run(
            [sys.executable, "-c", program],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (result.returncode == 0) == works, result.stderr


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setattr(operators, "_TABLE", dict(operators._TABLE))
    return actfn.register_operator


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.int64(2)])
def test_a_derivative_may_be_any_number(own, number):
    own("twice", 1, lambda a: 2 * a, partials=lambda y, a: (number,))
    x = ops.convert_to_tensor(np.ones((2, 3), "float32"))
    slope = slope_of(actfn.get("twice(x)"))(x)
    np.testing.assert_array_equal(ops.convert_to_numpy(slope), 2)


@pytest.mark.parametrize(
    ("name", "found"),
    [("bare", 2.0), ("too_many", (1.0, 2.0)), ("too_few", ())],
)
def test_derivatives_are_a_tuple_of_one_each(own, name, found):
    own(name, 1, lambda a: 2 * a, partials=lambda y, a: found)
    x = ops.convert_to_tensor(np.ones((2, 3), "float32"))
    with pytest.raises(ValueError, match=f"`partials` of {name} must return"):
        slope_of(actfn.get(f"{name}(x)"))(x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_two_inputs_of_an_operator_without_derivatives(own, dtype):
    own("damped", 2, lambda a, b: a * ops.tanh(b))
    x = ops.convert_to_tensor(np.ones((2, 3)), dtype)
    found = actfn.parse("damped(x, y)")(x, x)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    values = ops.convert_to_numpy(ops.cast(found, "float32"))
    np.testing.assert_allclose(values, np.tanh(1), rtol=1e-2)


def test_an_operator_called_as_one_of_the_papers_takes_its_place():
    code = """
import actfn
actfn.register_operator(
    "scale", 1, lambda x: 3.0 * x, partials=lambda y, x: (3.0,)
)
space = actfn.SearchSpace(unary=["scale"], binary=["add"], core_units=1)
print(*space.enumerate(), actfn.parse("scale(x)")(2.0), sep="; ")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "scale(x) + scale(x); 6.0\n"
