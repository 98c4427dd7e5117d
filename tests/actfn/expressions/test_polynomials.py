"""Sine, cosine and arc tangent as XLA compiles them, against float64."""

import keras
import numpy as np
import pytest
from keras import ops

from actfn.expressions import functions as fn
from actfn.expressions import polynomials
from tests.differentiating import slope_of

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.skipif(
    BACKEND == "torch", reason="PyTorch has no XLA here"
)
EXACT = {
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "atan": (np.arctan, lambda x: 1 / (1 + x * x)),
}


def compiled(function):
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


def points():
    """Of all sizes up to 1e4, and the zeros with their neighbours."""
    zeros = (np.arange(1, 6367) * (np.pi / 2)).astype("float32")
    found = np.concatenate(
        [
            np.geomspace(1e-30, 1e4, 20_000),
            np.random.default_rng(0).uniform(0, 1e4, 20_000),
            *(zeros, np.nextafter(zeros, 0), np.nextafter(zeros, 2e4)),
        ]
    ).astype("float32")
    found = found[found <= 1e4]
    return np.concatenate([found, -found, [0]]).astype("float32")


@pytest.fixture(scope="module")
def found():
    def all_of(x):
        functions = [getattr(fn, name) for name in EXACT]
        return [(f(x), slope_of(f)(x)) for f in functions]

    given = ops.convert_to_tensor(points())
    return dict(zip(EXACT, compiled(all_of)(given), strict=True))


@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_are_within_2_units(name, found):
    wide = points().astype("float64")
    for part, exact in zip(found[name], EXACT[name], strict=True):
        expected = exact(wide)
        unit = np.spacing(np.abs(expected).astype("float32"))
        part = ops.convert_to_numpy(part).astype("float64")
        assert (np.abs(part - expected) / unit).max() <= 2


def test_far_away_values_stay_bounded():
    x = np.array([1e5, -1e7, 1e30, np.inf, np.nan], "float32")
    y = ops.convert_to_numpy(compiled(fn.sin)(ops.convert_to_tensor(x)))
    assert (np.abs(y[:3]) <= 1).all()
    assert np.isnan(y[3:]).all()


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
