"""Functions in the form that XLA compiles, against float64 and mpmath."""

import keras
import mpmath
import numpy as np
import pytest
from keras import ops
from scipy import special

import actfn
from actfn.expressions import functions as fn
from actfn.expressions import polynomials
from actfn.expressions.evaluate import evaluate
from actfn.layers.kernels import activate
from tests.differentiating import slope_of

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.skipif(
    BACKEND == "torch", reason="PyTorch has no XLA here"
)
SMALLEST = 2e-38  # XLA takes what is smaller for 0, on the way too.
LARGEST = 3.4e38
# The value, and the slope; None where that is no more exact than before.
EXACT = {
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "atan": (np.arctan, lambda x: 1 / (1 + x * x)),
    "sinc": (lambda x: np.where(x == 0, 1, np.sin(x) / (x + (x == 0))), None),
    "asinh": (np.arcsinh, lambda x: 1 / np.hypot(1, x)),
    "erf": (
        special.erf,
        lambda x: 2 / np.sqrt(np.pi) * np.exp(-np.square(x)),
    ),
    "log1p": (np.log1p, lambda x: 1 / (1 + x)),
    "softplus": (lambda x: np.logaddexp(0, x), None),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "cbrt": (np.cbrt, None),
}
EDGES = [0.0, 1e-45, 1e-40, 2.1e-38, 1e-30, 1e-10, 1e5, 1e10, 1e19, 1e30, 3e38]
# Sine and its like have no digits far out.
PERIODIC = ("sin", "cos", "sinc")


def compiled(function):
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


def run(function, x):
    found = compiled(function)(ops.convert_to_tensor(x))
    if isinstance(found, (tuple, list)):
        return [ops.convert_to_numpy(part).astype("float64") for part in found]
    return ops.convert_to_numpy(found).astype("float64")


def points():
    """Of all sizes up to 1e4, and multiples of pi / 2 and their neighbours."""
    random = np.random.default_rng(0)
    zeros = (np.arange(1, 6367) * (np.pi / 2)).astype("float32")
    found = np.concatenate(
        [
            np.geomspace(1e-37, 1e4, 20_000),
            random.uniform(0, 1e4, 20_000),
            random.uniform(0, 12, 60_000),
            *(zeros, np.nextafter(zeros, 0), np.nextafter(zeros, 2e4)),
        ]
    ).astype("float32")
    found = found[found <= 1e4]
    return np.concatenate([found, -found, [0]]).astype("float32")


def units(found, expected):
    """Returns errors in units in the last place, where there is one."""
    size = np.abs(expected)
    kept = ((size > SMALLEST) | (expected == 0)) & (size < LARGEST)
    unit = np.spacing(np.maximum(size, SMALLEST)[kept].astype("float32"))
    return np.abs(found - expected)[kept] / unit


@pytest.fixture(scope="module")
def found():
    def all_of(x):
        pairs = []
        for name in EXACT:
            expression = actfn.parse(f"{name}(x)")

            def function(x, expression=expression):
                return evaluate(expression, x)

            pairs += [function(x), slope_of(function)(x)]
        return pairs

    parts = run(all_of, points())
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return dict(zip(EXACT, pairs, strict=True))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid", "ignore:divid")
@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_are_within_2_units(name, found):
    x = points()
    domain = x > -0.9999 if name == "log1p" else np.full(x.shape, True)
    wide = x.astype("float64")[domain]
    for part, exact in zip(found[name], EXACT[name], strict=True):
        if exact:
            assert units(part[domain], exact(wide)).max() <= 2


def test_slope_of_sinc(found):
    x = points()
    x, slope = x[x != 0].astype("longdouble"), found["sinc"][1][x != 0]
    near = np.abs(x) < 2
    z = x * x
    term = total = -x / 3
    for k in range(1, 16):
        term = -term * z / ((2 * k) * (2 * k + 3))
        total = total + term
    assert units(slope[near], total[near].astype("float64")).max() <= 2
    parts = np.cos(x) / x, np.sin(x) / x / x
    unit = np.spacing(sum(map(np.abs, parts)).astype("float32"))
    off = np.abs(slope - (parts[0] - parts[1])) / unit
    assert off[~near].max() <= 3
    assert slope[near].size > 1000


def test_slope_of_a_sum_with_sinc():
    expression = actfn.parse("sinc(x) + x")

    def slope(x):
        return slope_of(lambda x: evaluate(expression, x))(x)

    x = points()
    x = x[np.abs(x) > 1e-3]
    wide = x.astype("longdouble")
    expected = 1 + (np.cos(wide) - np.sin(wide) / wide) / wide
    assert units(run(slope, x), expected.astype("float64")).max() <= 2


@pytest.mark.parametrize("name", EXACT)
def test_edges_against_mpmath(name):
    x = np.array([*EDGES, *(-np.array(EDGES))], "float32")
    if name in PERIODIC:
        x = x[np.abs(x) <= 1e4]
    if name == "log1p":
        x = x[x > -1]
    exact = {
        "sinc": mpmath.sinc,
        "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
        "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    }.get(name) or getattr(mpmath, name)
    y = run(getattr(fn, name), x)
    with mpmath.workdps(60):
        for value, at in zip(y, x, strict=True):
            if name in ("sinh", "cosh") and abs(at) > 100:
                assert value == (at if name == "sinh" else abs(at)) * np.inf
                continue
            if name == "softplus" and abs(at) > 100:
                assert value == max(at, 0)
                continue
            if abs(at) < SMALLEST:  # As if it were 0.
                at = 0.0
            expected = float(exact(mpmath.mpf(float(at))))
            assert (
                units(np.array(value), np.array(expected)).max(initial=0) <= 2
            )


@pytest.mark.parametrize("name", EXACT)
def test_not_a_number_and_infinity(name):
    y = run(getattr(fn, name), np.array([np.nan, np.inf, -np.inf], "float32"))
    assert np.isnan(y[0])
    with np.errstate(invalid="ignore"):
        expected = EXACT[name][0](np.array([np.inf, -np.inf]))
    if name == "softplus":
        expected = [np.inf, 0]
    np.testing.assert_allclose(y[1:], expected, rtol=1e-7)


def test_far_away_values_stay_bounded():
    x = np.array([1e5, -1e5, 1e6, 1e7, -1e7, 1e30], "float32")
    for name, exact in (("sin", np.sin), ("cos", np.cos)):
        y = run(getattr(fn, name), x)
        assert (np.abs(y) <= 1).all()
        assert np.abs(y[:2] - exact(x[:2].astype("float64"))).max() < 1e-5
        assert np.abs(y[2] - exact(1e6)) < 0.1


@pytest.mark.parametrize("name", EXACT)
def test_second_derivatives(name):
    expression = actfn.parse(f"{name}(x)")
    x = np.array([-0.7, -0.31, 0.0, 0.4, 0.9, 1.7, 2.6], "float32")
    if name == "cbrt":
        x = x[x != 0]  # By convention the slope is 0 there.
    bend = slope_of(slope_of(lambda x: evaluate(expression, x)))
    with mpmath.workdps(30):
        exact = {
            "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
            "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
        }.get(name) or getattr(mpmath, name)
        expected = [
            float(mpmath.diff(exact, mpmath.mpf(float(at)), 2)) for at in x
        ]
    np.testing.assert_allclose(run(bend, x), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.skipif(BACKEND != "jax", reason="needs JAX")
@pytest.mark.parametrize("name", EXACT)
def test_forward_over_reverse(name):
    import jax

    expression = actfn.parse(f"{name}(x)")

    def total(x):
        return activate(expression, x, {}).sum()

    x = jax.numpy.array([0.4, 0.9, 2.6])
    for take in (lambda f: f, jax.jit):
        found = np.diag(take(jax.hessian(total))(x))
        expected = np.diag(jax.jacrev(jax.jacrev(total))(x))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "softplus(x)",
        "log1p(max(x, 0))",
        "0.5 * x * (1 + erf(0.7071067811865476 * x))",
        "max(x, softplus(-x))",
    ],
)
def test_kernels_of_layers_use_them_too(text, monkeypatch):
    seen = []
    usual = polynomials.horner
    for module in ("circular", "exponentials"):
        monkeypatch.setattr(
            f"actfn.expressions.{module}.horner",
            lambda *given: (seen.append(1), usual(*given))[1],
        )
    if "log1p" in text:
        monkeypatch.setattr(
            "actfn.expressions.exponentials.ops.log",
            lambda x: (seen.append(1), ops.log(x))[1],
        )
    expression = actfn.parse(text)
    x = np.linspace(-3, 3, 7, dtype="float32")
    inside = run(lambda x: activate(expression, x, {}), x)
    assert seen
    seen.clear()
    wide = activate(expression, ops.convert_to_tensor(x), {})
    np.testing.assert_allclose(inside, wide, rtol=2e-6, atol=1e-6)
    assert not seen


def test_polynomials_are_for_float32_in_compiled_programs_alone():
    seen = []

    def look(x):
        seen.append(polynomials.wanted(x))
        return x

    x = ops.convert_to_tensor(np.ones(3, "float32"))
    look(x)
    compiled(look)(x)
    compiled(look)(ops.cast(x, "bfloat16"))
    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.function(look)(x)
        assert seen == [False, True, False, False]
    else:
        assert seen == [False, True, False]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="needs TensorFlow")
def test_the_size_of_the_last_axis_may_be_open():
    import tensorflow as tf

    given = tf.TensorSpec([None, None], "float32")
    cbrt = tf.function(fn.cbrt, input_signature=[given], jit_compile=True)
    assert float(cbrt(tf.fill([1, 1], 27.0))[0, 0]) == 3
