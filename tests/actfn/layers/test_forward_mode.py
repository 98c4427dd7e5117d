"""Forward mode on JAX, and what reverse mode keeps there.

Run by `.ci/backends`. Derivatives are compared with finite differences in
float64, what is kept with the arguments themselves.
"""

import keras
import numpy as np
import pytest

import actfn
from actfn.expressions.evaluate import evaluate
from actfn.expressions.expression import parameters
from actfn.layers.kernels import activate

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="needs JAX"
)
# No kink of a function of the catalog is near these.
X = np.array([-2.83, -1.27, -0.61, -0.23, 0.17, 0.67, 1.31, 2.77])
STEP = 1e-5


def _function(text, apply, recompute=True):
    """Returns a function of tensors, and float64 arguments for it."""
    import jax.numpy as jnp

    expression = actfn.parse(text)
    found = parameters(expression)
    names = [parameter.name for parameter in found]

    def function(x, *betas):
        values = dict(zip(names, betas, strict=True))
        return apply(expression, x, values, recompute)

    betas = [
        jnp.full(() if parameter.scalar else (4,), 0.71 + 0.13 * i)
        for i, parameter in enumerate(found)
    ]
    return function, [jnp.asarray(X.reshape(2, 4)), *betas]


def _differences(function, arguments):
    """Returns the derivative by all arguments along a direction, and it."""
    rng = np.random.default_rng(3)
    tangents = [np.asarray(rng.normal(size=a.shape)) for a in arguments]

    def moved(step):
        pairs = zip(arguments, tangents, strict=True)
        return np.asarray(function(*(a + step * t for a, t in pairs)))

    return (moved(STEP) - moved(-STEP)) / (2 * STEP), tangents


@pytest.fixture(autouse=True)
def _double():
    import jax

    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("apply", [activate, evaluate])
@pytest.mark.parametrize("name", actfn.catalog.names())
def test_forward_mode(name, apply):
    import jax

    text = actfn.catalog.entry(name).expression
    function, arguments = _function(text, apply)
    all_of_them = tuple(range(len(arguments)))
    expected, tangents = _differences(function, arguments)
    tangents = [jax.numpy.asarray(t) for t in tangents]

    _, found = jax.jvp(function, arguments, tangents)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)

    jacobians = jax.jacfwd(function, all_of_them)(*arguments)
    along = sum(
        np.tensordot(jacobian, t, axes=t.ndim)
        for jacobian, t in zip(jacobians, tangents, strict=True)
    )
    np.testing.assert_allclose(along, expected, rtol=1e-6, atol=1e-8)

    def slopes(*arguments):
        total = jax.grad(lambda *a: function(*a).sum(), all_of_them)
        return jax.numpy.concatenate([s.ravel() for s in total(*arguments)])

    blocks = jax.hessian(lambda *a: function(*a).sum(), all_of_them)(*arguments)
    expected, _ = _differences(slopes, arguments)
    along = np.concatenate(
        [
            sum(
                np.tensordot(block, t, axes=t.ndim)
                for block, t in zip(row, tangents, strict=True)
            ).ravel()
            for row in blocks
        ]
    )
    np.testing.assert_allclose(along, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("recompute", [True, False])
@pytest.mark.parametrize("apply", [activate, evaluate])
@pytest.mark.parametrize("name", actfn.catalog.names())
def test_reverse_mode_keeps_the_arguments_alone(name, apply, recompute):
    import jax

    text = actfn.catalog.entry(name).expression
    function, arguments = _function(text, apply, recompute)
    _, pullback = jax.vjp(function, *arguments)
    kept = sorted(leaf.nbytes for leaf in jax.tree.leaves(pullback))
    assert sum(kept) <= sum(argument.nbytes for argument in arguments), kept


def test_what_is_recomputed_stays_behind_a_barrier():
    import jax

    barriers = []
    for recompute in (True, False):
        function, arguments = _function("x * asinh(x)", evaluate, recompute)
        gradient = jax.jit(jax.grad(lambda x, f=function: f(x).sum()))
        text = gradient.lower(*arguments).as_text()
        barriers.append("optimization_barrier" in text)
    assert barriers == [True, False]


def test_a_parameter_that_does_not_move_takes_no_part():
    import jax

    # Its derivative at infinity is infinite, and 0 times that no number.
    function, (_, beta) = _function("x + beta * x ** 2", evaluate)
    x = jax.numpy.full((2, 4), 1e200)
    _, found = jax.jvp(lambda x: function(x, beta), (x,), (x * 0 + 1e-9,))
    assert np.isfinite(found).all()


def test_through_a_model_under_jit_vmap_and_16_bits():
    import jax

    layer = actfn.get("swish", dtype="float16")
    layer.build((None, 4))
    x = jax.numpy.asarray(X.reshape(2, 4), "float16")
    along = jax.jit(lambda x, t: jax.jvp(layer, (x,), (t,))[1])
    found = jax.vmap(along)(x, jax.numpy.ones_like(x))
    s = 1 / (1 + np.exp(-X))
    assert found.dtype == "float16"
    np.testing.assert_allclose(
        np.ravel(found), s + X * s * (1 - s), rtol=2e-3, atol=2e-3
    )
