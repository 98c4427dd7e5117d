"""Parts of expressions that are one step, against mpmath and the long way."""

import keras
import mpmath as mp
import numpy as np
import pytest
from keras import ops

import actfn
from actfn.expressions import parts
from actfn.expressions.evaluate import compile_expression, evaluate
from actfn.expressions.expression import Call, walk
from tests.differentiating import slope_of

POINTS = np.array([-800.0, -41.0, -3.0, -0.5, -1e-9, 1e-9, 0.7, 2.5, 41, 800])


def _operators(text):
    nodes = walk(parts.joined(actfn.parse(text)))
    return {node.operator for node in nodes if isinstance(node, Call)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max(x, 0) + expm1(min(x, 0))", {"_elu"}),
        ("expm1(min(sin(x), 0)) + max(sin(x), 0)", {"_elu", "sin"}),
        ("expm1(min(x, 0))", {"_elu", "min"}),
        ("max(x, 0) + expm1(min(2 * x, 0))", {"add", "max", "mul", "min",
                                              "_elu"}),
        ("reciprocal(sqrt(1 + x ** 2))", {"_rsqrt", "add", "pow"}),
        # Its root may be of 0 or less.
        ("reciprocal(sqrt(x ** 2))", {"reciprocal", "_root", "pow"}),
        ("reciprocal(sqrt(x - 1))", {"reciprocal", "sqrt", "sub"}),
        ("min(max(x, -1), 2)", {"_clip"}),
        ("max(min(x, 2), -1)", {"_clip"}),
        # Constants first would have no slope at the bounds; these never meet.
        ("min(max(-1, x), 2)", {"min", "max"}),
        ("min(max(x, 2), -1)", {"min", "max"}),
        ("tanh(softplus(x))", {"_tanh_softplus"}),
        ("sin(softplus(x))", {"sin", "_softplus"}),
        ("where(x > 1, x, 0)", {"_where_gt"}),
        ("where(x, x, 0)", {"where"}),
        ("x / sqrt(2 * pi)", {"div", "sqrt", "mul"}),
    ],
)  # fmt: skip
def test_which_parts_are_found(text, expected):
    assert _operators(text) == expected


EXACT = {
    "max(x, 0) + expm1(min(x, 0))": lambda x: x if x > 0 else mp.expm1(x),
    "expm1(min(x, 0))": lambda x: mp.expm1(min(x, mp.mpf(0))),
    "reciprocal(sqrt(1 + x ** 2))": lambda x: 1 / mp.sqrt(1 + x * x),
    "sqrt(1 + x ** 2)": lambda x: mp.sqrt(1 + x * x),
    "sin(min(max(x, -1), 2))": lambda x: mp.sin(max(min(x, 2), mp.mpf(-1))),
    "x * tanh(softplus(x))": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "x * softplus(x)": lambda x: x * mp.log1p(mp.exp(x)),
    "where(x <= 1, x ** 2, 3 * x)": lambda x: x * x if x <= 1 else 3 * x,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", EXACT)
def test_values_and_slopes_near_and_far(text, dtype):
    x = POINTS.astype(dtype)
    expression = actfn.parse(text)
    slope = slope_of(lambda x: evaluate(expression, x))
    given = ops.convert_to_tensor(x)
    rounding = 16 * np.finfo(dtype).eps
    for order, found in enumerate((evaluate(expression, given), slope(given))):
        with mp.workdps(60):
            expected = [
                float(mp.diff(EXACT[text], mp.mpf(float(p)), order, h=1e-25))
                for p in x
            ]
        np.testing.assert_allclose(
            ops.convert_to_numpy(ops.stop_gradient(found)),
            expected,
            rtol=rounding,
            # Of a slope in two terms, digits of the greater one; the kernel
            # of ELU has those of 1.
            atol=rounding if order or dtype == "float32" else 0,
        )


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        # There is no kink: the slope is that of both sides.
        ("max(x, 0) + expm1(min(x, 0))", 1.0),
        ("sigmoid(x) * (max(x, 0) + expm1(min(x, 0)))", 0.5),
        # At a bound that of the inside, as of `max` and `min`.
        ("3 * min(max(x, 0), 1)", 3.0),
        ("3 * max(min(x, 0), -1)", 3.0),
        ("where(x > 0, 2 * x, 5 * x)", 5.0),
        ("sqrt(x ** 2)", 0.0),
    ],
)
def test_slopes_at_zero(text, slope):
    expression = actfn.parse(text)
    found = slope_of(lambda x: evaluate(expression, x))(
        ops.convert_to_tensor(np.zeros(1))
    )
    assert float(ops.convert_to_numpy(ops.stop_gradient(found))[0]) == slope


@pytest.mark.parametrize(
    "text",
    ["x * sin(beta * x) * beta1", "beta * exp(beta1 * x) - beta * x",
     "(beta - beta1) * x * sigmoid(scalar(a) * (beta - beta1) * x) + beta",
     "scalar(a) * beta * x ** 2 + scalar(a)"],
)  # fmt: skip
@pytest.mark.parametrize("value", [0.0, 0.7])
def test_parameters_that_are_zero(text, value):
    # Their products with upstream gradients are put off, never divided by.
    if keras.backend.backend() != "tensorflow":
        pytest.skip("other backends multiply slopes")
    import tensorflow as tf

    expression = actfn.parse(text)
    names = [
        p.name for p in actfn.expressions.expression.parameters(expression)
    ]
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=(2, 5, 3))
    given = {
        name: np.full(() if name == "a" else 3, value + 0.3 * i * (value > 0))
        for i, name in enumerate(names)
    }

    def total(values, x):
        return float(np.sum(weights * expression(x, **values)))

    tensors = {name: tf.constant(v) for name, v in given.items()}
    with tf.GradientTape() as tape:
        inputs = tf.constant(x)
        tape.watch([inputs, *tensors.values()])
        y = tf.reduce_sum(evaluate(expression, inputs, tensors) * weights)
    by_x, *rest = (
        g.numpy() for g in tape.gradient(y, [inputs, *tensors.values()])
    )
    step = 1e-6
    for name, found in zip(given, rest, strict=True):
        assert found.shape == given[name].shape
        for index in np.ndindex(found.shape):
            moved = []
            for sign in (1, -1):
                values = {key: v.copy() for key, v in given.items()}
                values[name][index] += sign * step
                moved.append(total(values, x))
            expected = (moved[0] - moved[1]) / (2 * step)
            assert found[index] == pytest.approx(expected, rel=1e-6, abs=1e-7)
    up, down = (expression(x + s * step, **given) for s in (1, -1))
    np.testing.assert_allclose(
        by_x, weights * (up - down) / (2 * step), rtol=1e-6, atol=1e-7
    )


def _after_upstream(text, recompute=True, dtype="float32"):
    """Returns the operations that wait for the incoming gradient."""
    import tensorflow as tf

    expression = actfn.parse(text)
    with tf.Graph().as_default() as graph:
        x, upstream, beta = (
            tf.compat.v1.placeholder(dtype, (4, 8)),
            tf.compat.v1.placeholder(dtype, (4, 8), "upstream"),
            tf.ones(8),
        )
        y = evaluate(expression, x, {"beta": beta}, recompute)
        tf.gradients(y, x, upstream)
    late, found = {"upstream"}, []
    for operation in graph.get_operations():  # In the order of their making.
        sources = [tensor.op for tensor in operation.inputs]
        sources += operation.control_inputs
        if any(source.name in late for source in sources):
            late.add(operation.name)
            found.append(operation.type)
    assert "Mul" in found
    return {"Exp", "Sin", "Cos"} & {*found}


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="looks at its graphs"
)
def test_what_waits_for_the_gradient():
    text, trainable = "x * exp(x * sin(x))", "x * exp(x * sin(beta * x))"
    # The slope is all that a function of x alone needs to keep.
    assert _after_upstream(text) == set()
    assert _after_upstream(text, recompute=False) == set()
    # One of 16 bits would be rounded before the product is.
    assert _after_upstream(text, dtype="float16") == {"Exp", "Sin", "Cos"}
    # And with a parameter there are several.
    assert _after_upstream(trainable) == {"Exp", "Sin", "Cos"}
    assert _after_upstream(trainable, recompute=False) == set()


def test_arrays_are_computed_the_long_way():
    expression = actfn.parse("max(x, 0) + expm1(min(x, 0))")
    nodes = compile_expression(expression).nodes
    assert len(nodes) > len(compile_expression(expression, kernels=True).nodes)
    np.testing.assert_allclose(
        expression(POINTS),
        np.where(POINTS > 0, POINTS, np.expm1(np.minimum(POINTS, 0))),
    )


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="XLA of TensorFlow"
)
@pytest.mark.parametrize("text", ["x * tanh(softplus(x))", "tanh(softplus(x))"])
def test_second_derivatives_by_xla_do_not_overflow(text):
    import tensorflow as tf

    x = np.array([-3.0, 0.5, 10, 22, 23, 25, 30, 35, 39.9, 41, 90], "float32")
    layer = actfn.get(text)
    second = tf.function(slope_of(slope_of(layer)), jit_compile=True)
    found = second(tf.constant(x[None])).numpy()[0]
    with mp.workdps(60):
        function = {
            "x * tanh(softplus(x))": lambda v: v * mp.tanh(mp.log1p(mp.exp(v))),
            "tanh(softplus(x))": lambda v: mp.tanh(mp.log1p(mp.exp(v))),
        }[text]
        true = [float(mp.diff(function, mp.mpf(float(v)), 2)) for v in x]
    np.testing.assert_allclose(found, true, atol=2e-5)
