"""Gradients against finite differences and mpmath, and what they keep."""

import keras
import mpmath
import numpy as np
import pytest
from keras import ops
from scipy import special

import actfn
from actfn.expressions.evaluate import compile_expression, evaluate
from actfn.expressions.expression import parameters
from actfn.layers.kernels import activate

tf = pytest.importorskip("tensorflow")

POINTS = np.array(
    [-7.3, -2.0, -1.1, -0.4, -0.02, 0.02, 0.3, 0.6, 1.7, 5.9, 6.5]
)
WEIGHTS = np.random.default_rng(1).uniform(0.5, 1, (len(POINTS), 3))
SINGLE = (
    "abs(x)", "x ** 3", "sqrt(x)", "log_abs(x)", "exp(x)", "expm1(x)",
    "sin(x)", "cos(x)", "sinh(x)", "cosh(x)", "tanh(x)", "asinh(x)",
    "atan(x)", "sinc(x)", "sigmoid(x)", "softplus(x)", "gauss(x)", "erf(x)",
    "x / (x ** 2 + 1)", "gate(sin(x), x)", "rbf(x, tanh(x), beta)",
    "laplace(x, tanh(x), beta)", "mix(sin(x), x, beta)", "max(x, tanh(x))",
    "2.5 ** x", "atan(beta * x) ** 2 - x", "max(x * beta, beta1)",
    "log(x ** 2 + 0.3)", "log1p(x ** 2)", "reciprocal(x)", "sech(x)",
    "cbrt(x)", "sign(x) * x ** 2", "where(x > beta, x * beta, beta1 * sin(x))",
    "(x <= 1) * x", "clip(x, -beta, beta)", "mish(beta * x)",
    "tanh(x) + tanh(x)", "-softplus(x) - softplus(x)",
    "beta * tanh(x) + beta1 * tanh(x)", "tanh(x) + x * tanh(x)",
    "swish(x) + prelu(x)", "scalar(beta) * x + beta1 * tanh(x)",
)  # fmt: skip
CATALOG = tuple(actfn.catalog.entry(name) for name in actfn.catalog.names())
EVERY = tuple(dict.fromkeys((*(e.expression for e in CATALOG), *SINGLE)))


def _betas(expression, channels):
    rng = np.random.default_rng(0)
    return {
        parameter.name: tf.constant(
            rng.uniform(0.3, 1.2, () if parameter.scalar else channels)
        )
        for parameter in parameters(expression)
    }


def _values(layer, x, betas):
    if not layer.built:
        layer.build(x.shape)
    for name, value in betas.items():
        getattr(layer, name).assign(value)
    return layer(x)


@pytest.mark.parametrize("text", EVERY)
@pytest.mark.parametrize("recompute", [True, False])
def test_gradients_equal_finite_differences(text, recompute):
    layer = actfn.ActivationFunction(text, dtype="float64", recompute=recompute)
    x = np.stack([POINTS, POINTS[::-1], POINTS + 0.05], axis=1)
    betas = _betas(layer.expression, 3)
    with tf.GradientTape() as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        weighted = _values(layer, inputs, betas) * WEIGHTS
    found = tape.gradient(
        weighted,
        [inputs, *(getattr(layer, name).value for name in betas)],
        unconnected_gradients="zero",
    )

    def total(x, betas):
        return WEIGHTS * np.asarray(_values(layer, tf.constant(x), betas))

    step = 1e-5
    expected = (total(x + step, betas) - total(x - step, betas)) / (2 * step)
    scale = np.maximum(np.abs(expected), 1)
    assert np.max(np.abs(found[0] - expected) / scale) < 1e-5
    for name, gradient in zip(betas, found[1:], strict=True):
        up, down = (
            total(x, {**betas, name: betas[name] + delta})
            for delta in (step, -step)
        )
        by_beta = ((up - down) / (2 * step)).sum(axis=0)
        if not len(betas[name].shape):
            by_beta = by_beta.sum()
        assert gradient.shape == betas[name].shape
        limit = 1e-6 * np.maximum(np.abs(by_beta), 1)
        assert np.all(np.abs(gradient - by_beta) < limit)


def test_per_channel_betas_where_tf_nn_silu_is_wrong():
    x, beta = WEIGHTS * POINTS[:, None], np.array([0.4, 1.0, 2.5])

    def total(beta):
        return np.sum(x * special.expit(beta * x), axis=0)

    def by_beta(swish):
        given = tf.constant(beta)
        with tf.GradientTape() as tape:
            tape.watch(given)
            y = swish(tf.constant(x), given)
        return np.asarray(tape.gradient(y, given))

    step = 1e-6
    expected = (total(beta + step) - total(beta - step)) / (2 * step)
    swish = actfn.parse("x * sigmoid(beta * x)")
    for activation in (evaluate, activate):
        ours = by_beta(lambda x, b, f=activation: f(swish, x, {"beta": b}))
        np.testing.assert_allclose(ours, expected, rtol=1e-6)
    theirs = by_beta(tf.nn.silu)
    assert theirs.shape != expected.shape
    np.testing.assert_allclose(theirs, expected.sum(), rtol=1e-6)


EXACT = {
    "x * sigmoid(x)": lambda x: x / (1 + mpmath.exp(-x)),
    "0.5 * x * (1 + erf(0.7071067811865476 * x))": lambda x: x * mpmath.ncdf(x),
    "softplus(x)": lambda x: mpmath.log1p(mpmath.exp(x)),
    "x * asinh(x) ** 2": lambda x: x * mpmath.asinh(x) ** 2,
    "asinh(x) * tanh(x)": lambda x: mpmath.asinh(x) * mpmath.tanh(x),
    "sinc(x) + x": lambda x: mpmath.sinc(x) + x,
    "atan(x) ** 2 - x": lambda x: mpmath.atan(x) ** 2 - x,
    "sinh(0.1 * x)": lambda x: mpmath.sinh(x / 10),
    "cosh(0.1 * x)": lambda x: mpmath.cosh(x / 10),
    "sech(x)": mpmath.sech,
    "log1p(exp(x))": lambda x: mpmath.log1p(mpmath.exp(x)),
    "reciprocal(2 + x ** 2)": lambda x: 1 / (2 + x * x),
    "cbrt(1 + x ** 2)": lambda x: mpmath.cbrt(1 + x * x),
    "log(1 + x ** 2)": lambda x: mpmath.log(1 + x * x),
    "mish(x)": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
}


@pytest.mark.parametrize("text", EXACT)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_derivatives_are_exact(text, order):
    # No step of a finite difference: 0 itself and its neighbourhood count.
    points = np.array([-8, -1, -0.34, -1e-2, -1e-7, 0, 1e-3, 0.36, 1, 3, 9])
    layer = actfn.ActivationFunction(text, dtype="float64")
    x = tf.constant(points[:, None])

    def derivative(order):
        if not order:
            return layer(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = derivative(order - 1)
        return tape.gradient(y, x)

    found = np.asarray(derivative(order))[:, 0]
    with mpmath.workdps(40):
        expected = [
            float(mpmath.diff(EXACT[text], mpmath.mpf(float(p)), order))
            for p in points
        ]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=2e-11)


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry.name)
def test_kernels_have_second_derivatives(entry):
    # Between the kinks; in float64 no kernel of the library is used.
    points = np.array([[-3.4], [-1.3], [-0.8], [-0.4], [0.3], [0.7], [1.6]])

    def second(dtype):
        layer = entry.layer(dtype=dtype)
        x = tf.constant(points, dtype)
        layer.build(x.shape)
        for variable in layer.trainable_variables:
            variable.assign(0.5 + 0 * variable)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = layer(x)
            slope = inner.gradient(y, x)
        return outer.gradient(slope, x, unconnected_gradients="zero")

    np.testing.assert_allclose(
        second("float32"), second("float64"), rtol=1e-4, atol=1e-4
    )


def test_the_gradient_of_a_gradient_reaches_the_parameters():
    layer = actfn.get("swish", dtype="float64")
    x = tf.constant(POINTS[:, None])
    layer.build(x.shape)

    def penalty():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return tf.reduce_sum(tape.gradient(y, x) ** 2)

    with tf.GradientTape() as tape:
        value = penalty()
    (found,) = tape.gradient(value, layer.trainable_variables)
    step = 1e-5
    layer.beta.assign([1 + step])
    up = penalty()
    layer.beta.assign([1 - step])
    expected = (up - penalty()) / (2 * step)
    np.testing.assert_allclose(found, [expected], rtol=1e-8)


@pytest.mark.parametrize("text", ["swish", "x * asinh(x) ** 2", "sinc(x) + x"])
@pytest.mark.parametrize("recompute", [True, False])
def test_a_gradient_penalty_trains(text, recompute):
    keras.utils.set_random_seed(0)
    activation = actfn.get(text, recompute=recompute)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8), activation,
         keras.layers.Dense(1, use_bias=False)]
    )  # fmt: skip
    optimizer = keras.optimizers.Adam(0.02)
    x = tf.random.stateless_normal((64, 4), (0, 1))

    @tf.function
    def step():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = model(x)
            norm = tf.norm(inner.gradient(y, x), axis=1)
            penalty = tf.reduce_mean((norm - 1) ** 2)
        variables = model.trainable_variables
        gradients = outer.gradient(penalty, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return penalty

    penalties = [float(step()) for _ in range(60)]
    assert np.isfinite(penalties).all()
    assert penalties[-1] < 0.3 * penalties[0]
    for beta in activation.trainable_variables:
        assert np.any(np.asarray(beta) != 1)


@pytest.mark.parametrize(
    "text",
    ["min(x, exp(x))", "atan(exp(x))", "tanh(cosh(x))", "gauss(exp(x))",
     "rbf(x, exp(x), beta)", "laplace(x, exp(x), beta)", "1 / cosh(x)",
     "sigmoid(sinh(x))", "max(min(exp(x), 3), x)"],
)  # fmt: skip
def test_a_finite_value_has_a_finite_gradient(text):
    x = tf.constant(np.linspace(-1e4, 1e4, 2001)[:, None], "float32")
    layer = actfn.ActivationFunction(text)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    gradients = tape.gradient(y, [x, *layer.trainable_variables])
    assert np.isfinite(y).all()
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("backward", [0, 1])
def test_a_kink_takes_the_first_argument(backward):
    x = tf.constant([0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = evaluate(actfn.parse("1 * max(x, 0)"), x)
    assert float(tape.gradient(y, x)[0]) == 1
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = evaluate(actfn.parse("abs(x) + sqrt(x)"), x)
    assert float(tape.gradient(y, x)[0]) == 0


def test_elu_is_smooth_at_zero_and_prelu_has_a_slope_of_its_own_there():
    for name, slope in (("elu", 1), ("relu", 0), ("prelu", 0.25)):
        x = tf.zeros((1, 1))
        layer = actfn.get(name)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        assert float(tape.gradient(y, x)[0, 0]) == slope


def test_common_subexpressions_are_computed_once():
    program = compile_expression(
        actfn.parse("sin(x) * cos(x) + sin(x) * cos(x) ** 2")
    )
    texts = [str(node) for node in program.nodes]
    assert len(texts) == len(set(texts)) == 8


def test_parameters_without_a_value_are_named():
    with pytest.raises(ValueError, match=r"beta1.*Received: \['beta'\]"):
        evaluate(
            actfn.parse("x * beta + beta1"), ops.ones((2, 2)), {"beta": 1.0}
        )


def test_functions_that_ignore_the_input():
    layer = actfn.ActivationFunction("sin(beta) * beta1")
    x = tf.ones((5, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    gradients = tape.gradient(y, [x, *layer.trainable_variables])
    np.testing.assert_allclose(y, np.full((5, 3), np.sin(1)), rtol=1e-6)
    np.testing.assert_allclose(gradients[0], np.zeros((5, 3)))
    np.testing.assert_allclose(gradients[1], np.full(3, 5 * np.cos(1)), 1e-6)
    np.testing.assert_allclose(gradients[2], np.full(3, 5 * np.sin(1)), 1e-6)


@pytest.mark.parametrize("text", EVERY)
def test_compiled_by_tf_function(text):
    # AutoGraph rewrites the code, and the optimiser the arithmetic.
    expression = actfn.parse(text)
    x = tf.constant(np.append(POINTS, [1e-6, -1e-6, 0.0])[:, None])
    betas = _betas(expression, 1)

    def slopes(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = evaluate(expression, x, betas)
            slope = inner.gradient(y, x, unconnected_gradients="zero")
        return y, slope, outer.gradient(slope, x, unconnected_gradients="zero")

    for eager, compiled in zip(slopes(x), tf.function(slopes)(x), strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-9, atol=1e-12)


def test_arrays_give_the_values_of_tensors():
    space, rng = actfn.SearchSpace(core_units=2), np.random.default_rng(3)
    x, beta = np.linspace(-5, 5, 41), np.float64(0.7)
    for _ in range(200):
        expression = space.sample(rng)
        program = compile_expression(expression)
        names = [p.name for p in parameters(expression)]
        with np.errstate(all="ignore"):
            ours = program.value(x, [beta] * len(names))
        theirs = evaluate(expression, x, dict.fromkeys(names, beta))
        assert isinstance(ours, np.ndarray)
        np.testing.assert_allclose(
            ours, theirs, rtol=1e-9, atol=1e-12, err_msg=str(expression)
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_asinh_is_precise_as_far_as_numbers_go(dtype):
    largest = float(np.finfo(dtype).max)
    x = np.array(
        [1e11, 1e12, 3e12, 9e16, 3e17, 1e30, largest / 1.9, largest, np.inf]
    )
    x = np.concatenate([-x, [0.0], x]).astype(dtype)
    layer = actfn.get("asinh(x)", dtype=dtype)
    found = keras.ops.convert_to_numpy(layer(x[None]))[0]
    with np.errstate(over="ignore"):
        expected = np.arcsinh(x.astype("longdouble"))
    np.testing.assert_allclose(
        found, expected.astype(dtype), rtol=3 * np.finfo(dtype).eps
    )


def test_slopes_far_out_and_at_0_are_finite():
    x = np.array([[-3e38, -1e20, 0.0, 1e20, 3e38, np.inf]], "float32")
    for text in ("asinh(x)", "abs(x) ** 0.5", "abs(x) ** 0.25"):
        found = slope(actfn.get(text), x)
        assert np.isfinite(found).all(), text
    assert slope(actfn.get("abs(x) ** 0.5"), x)[0, 2] == 0
    np.testing.assert_allclose(slope(actfn.get("asinh(x)"), x)[0, 3], 1e-20)


def slope(layer, x):
    tf = pytest.importorskip("tensorflow")
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    return tape.gradient(y, x).numpy()


@pytest.mark.parametrize(
    "text", ["max(x, 0) ** beta", "abs(x) ** beta", "(x ** 2) ** beta"]
)
@pytest.mark.parametrize("beta", [0.3, 0.5, 0.9, 1.0, 2.5])
def test_the_slope_of_a_trainable_power_at_0_is_that_of_a_constant_one(
    text, beta
):
    layer = actfn.get(text, beta=beta)
    constant = actfn.get(text.replace("beta", str(beta)))
    x = np.array([[-1.5, 0.0, 2.0]], "float32")
    for recompute in (True, False):
        layer.recompute = recompute
        found = slope(layer, x)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, slope(constant, x), rtol=1e-5)
