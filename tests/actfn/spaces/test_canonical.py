"""Equal functions get one expression, different ones never do."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import actfn
from actfn import canonicalize, parse
from actfn.expressions.expression import parameters
from actfn.spaces import fingerprint
from actfn.spaces.one_unit import small_functions

EQUAL = (
    ("x", "--x", "x * 1", "x + 0", "max(x, x)", "max(x, 0) + min(x, 0)",
     "softplus(x) - softplus(-x)", "mix(x, x, beta)", "2 * x - x"),
    ("max(x, 0)", "max(0, x)", "max(max(x, 0), 0)", "-min(-x, 0)",
     "0.5 * (x + abs(x))", "sqrt(x) * sqrt(x)",
     "min(x, 0) - x + 2 * max(x, 0)"),
    ("x * sigmoid(x)", "sigmoid(x) * x", "gate(x, x)", "x - x * sigmoid(-x)"),
    ("x * sigmoid(beta * x)", "gate(x * beta, x)", "sigmoid(beta7 * x) * x"),
    ("abs(x)", "max(x, -x)", "abs(-x)", "-min(x, -x)"),
    ("exp(x)", "sinh(x) + cosh(x)", "max(exp(x), x)"),
    ("tanh(x)", "2 * sigmoid(2 * x) - 1", "-tanh(-x)"),
    ("1", "cos(x) ** 2 + sin(x) ** 2", "rbf(x, x, beta)", "x ** 0"),
    ("0", "x - x", "sin(x) * 0", "min(exp(x), 0)"),
    ("exp(sin(x))", "sinh(sin(x)) + cosh(sin(x))"),
    ("x ** 2 * sin(x)", "x * (sin(x) * x)"),
    ("beta * x + beta1", "beta + beta1 * x", "beta5 + x * beta2"),
    ("rbf(x, sin(x), beta)", "rbf(sin(x), x, beta)", "rbf(-x, -sin(x), beta)"),
    ("cos(x - beta)", "cos(beta - x)"),
    ("max(x, tanh(x)) + exp(x)", "exp(x) + max(tanh(x), x)"),
    ("beta * x + (beta1 * sin(x) + exp(beta2 * x))",
     "exp(beta * x) + sin(x) * beta1 + x * beta2"),
)  # fmt: skip
DIFFERENT = (
    ("x / x", "1"),
    ("log_abs(exp(x))", "x"),
    ("sinh(x) / cosh(x)", "tanh(x)"),
    ("log_abs(x) - log_abs(x ** 2)", "-log_abs(x)"),
    ("x + beta", "x - beta"),
    ("mix(x, sin(x), beta)", "mix(sin(x), x, beta)"),
    ("beta * x + beta1 * x", "beta * x + beta * x"),
    ("beta * x", "x"),
    ("max(x ** 3, exp(x))", "exp(x)"),
    ("sqrt(x ** 2)", "x"),
    ("x ** 0.5", "sqrt(x)"),
    ("erf(x)", "tanh(x)"),
    ("max(x, 0.01 * x)", "max(x, 0)"),
    ("sin(x + 0.000001)", "sin(x)"),
    ("reciprocal(x - x)", "0"),
    ("divide(1, x - x)", "x - x"),
    ("(1e200 * x) * (1e200 * x)", "x ** 2"),
)


@pytest.mark.parametrize("texts", EQUAL, ids=lambda texts: texts[0])
def test_equal_functions(texts):
    assert len({canonicalize(parse(text)) for text in texts}) == 1


@pytest.mark.parametrize("texts", DIFFERENT, ids=lambda texts: texts[0])
def test_different_functions(texts):
    first, second = (canonicalize(parse(text)) for text in texts)
    assert first != second


def test_the_one_unit_space_has_4056_distinct_functions():
    classes = small_functions().classes
    assert sum(map(len, classes)) == 6250
    assert len(classes) == 4056


UNARY = {
    "identity": lambda x, b: x, "neg": lambda x, b: -x,
    "abs": lambda x, b: np.abs(x), "square": lambda x, b: x**2,
    "cube": lambda x, b: x**3,
    "sqrt": lambda x, b: np.sqrt(np.maximum(x, 0)),
    "scale": lambda x, b: b * x, "shift": lambda x, b: x + b,
    "log_abs": lambda x, b: np.log(np.abs(x) + 1e-6),
    "exp": lambda x, b: np.exp(x), "sin": lambda x, b: np.sin(x),
    "cos": lambda x, b: np.cos(x), "sinh": lambda x, b: np.sinh(x),
    "cosh": lambda x, b: np.cosh(x), "tanh": lambda x, b: np.tanh(x),
    "asinh": lambda x, b: np.arcsinh(x), "atan": lambda x, b: np.arctan(x),
    "sinc": lambda x, b: np.sinc(x / np.pi),
    "max0": lambda x, b: np.maximum(x, 0),
    "min0": lambda x, b: np.minimum(x, 0),
    "sigmoid": lambda x, b: 1 / (1 + np.exp(-x)),
    "softplus": lambda x, b: np.logaddexp(x, 0),
    "gauss": lambda x, b: np.exp(-(x**2)),
    "erf": lambda x, b: _erf(x), "beta": lambda x, b: b + 0 * x,
}  # fmt: skip
BINARY = {
    "add": lambda a, c, b: a + c, "mul": lambda a, c, b: a * c,
    "sub": lambda a, c, b: a - c, "div": lambda a, c, b: a / (c + 1e-6),
    "max": lambda a, c, b: np.maximum(a, c),
    "min": lambda a, c, b: np.minimum(a, c),
    "gate": lambda a, c, b: c / (1 + np.exp(-a)),
    "rbf": lambda a, c, b: np.exp(-b * (a - c) ** 2),
    "laplace": lambda a, c, b: np.exp(-b * np.abs(a - c)),
    "mix": lambda a, c, b: b * a + (1 - b) * c,
}  # fmt: skip


def _erf(x):
    from scipy.special import erf

    return erf(x)


def _independent(tokens, x, betas):
    """The value of a token string by NumPy, one beta for each occurrence."""
    space = actfn.SearchSpace(1)
    _, _, first, second, binary = tokens
    betas = iter(betas)

    def beta(used):
        return next(betas) if used else None

    left = space.unary[first]
    a = UNARY[left](x, beta(left in ("scale", "shift", "beta")))
    right = space.unary[second]
    c = UNARY[right](x, beta(right in ("scale", "shift", "beta")))
    name = space.binary[binary]
    return BINARY[name](a, c, beta(name in ("rbf", "laplace", "mix")))


def test_members_of_a_class_agree_on_other_points():
    # Parameter orders may differ: members with one parameter at most.
    rng = np.random.default_rng(5)
    x = np.sort(rng.uniform(-6, 6, 3001))
    beta = rng.uniform(-2, 2, x.size)
    compared = 0
    with np.errstate(all="ignore"):
        for members in small_functions().classes:
            values = []
            for number in members:
                first, rest = divmod(number, 250)
                tokens = (0, 0, first, *divmod(rest, 10))
                names = parameters(actfn.SearchSpace(1).decode(tokens))
                if len(names) <= 1:
                    values.append(_independent(tokens, x, [beta] * 3))
            for value in values[1:]:
                scale = 1e-6 * np.abs(values[0]) + 1e-9
                close = np.abs(value - values[0]) <= scale
                equal = (value == values[0]) | ~np.isfinite(value)
                assert (close | equal).all()
                compared += 1
    assert compared > 1000


@pytest.mark.parametrize("units", [1, 2, 3])
def test_the_form_is_stable_and_the_same_function(units):
    rng = np.random.default_rng(units)
    space = actfn.SearchSpace(units)
    x = np.linspace(-3.1, 3.3, 50)
    for _ in range(30):
        expression = space.sample(rng)
        form = canonicalize(expression)
        assert canonicalize(form) == form == parse(str(form))
        # All parameters alike: their order does not matter.
        values = [
            np.asarray(
                actfn.expressions.evaluate.evaluate(
                    f, x, {p.name: 0.83 for p in parameters(f)}
                )
            )
            for f in (expression, form)
        ]
        finite = np.isfinite(values[0]) & (np.abs(values[0]) < 1e8)
        np.testing.assert_allclose(
            values[1][finite], values[0][finite], rtol=1e-6, atol=1e-7
        )


def test_processes_agree():
    program = (
        "import numpy as np, actfn\n"
        "space, rng = actfn.SearchSpace(2), np.random.default_rng(3)\n"
        "found = [space.sample(rng) for _ in range(20)]\n"
        "{order}\n"
        "print(sorted(str(actfn.canonicalize(f)) for f in found))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program.format(order=order)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for order, seed in (("pass", "1"), ("found.reverse()", "2"))
    }
    assert len(outputs) == 1


def test_expressions_hash_alike_in_another_process():
    code = (
        "import pickle, sys, actfn; "
        "f = pickle.loads(bytes.fromhex(sys.argv[1])); "
        "assert {f: 1}[actfn.parse('x * sigmoid(beta * x)')] == 1"
    )
    pickled = pickle.dumps(actfn.parse("x * sigmoid(beta * x)")).hex()
    subprocess.run([sys.executable, "-c", code, pickled], check=True)


def _apart():
    """Pairs that differ beyond the usual points or parameters, or between."""
    for place in (4.5, 77.7, 301, 400, 512.25, 1000, 12345):
        yield f"min(x, {place})", "x"
        yield f"max(x, {-place})", "x"
        yield f"max(x, 0) + max(x - {place}, 0)", "max(x, 0)"
        yield f"x * sigmoid(x) + min(x + {place}, 0)", "x * sigmoid(x)"
        yield f"where(x > {place}, 0, sin(x))", "sin(x)"
        yield f"min(beta * x, {place})", "beta * x"
    for size in (2.25, 2.5, 3.5, 7, 30, 100):
        yield f"max(beta - {size}, 0) + x", "x"
        yield f"x * min(beta, {size})", "beta * x"
        yield f"max(x, 0) + max(-beta - {size}, 0)", "max(x, 0)"
    for place in (0.033, 0.333, 1.7171, 2.9, 3.51):
        for slope in (150, 1000):
            yield f"x + gauss({slope} * (x - {place}))", "x"
            yield f"max(x, 0) + gauss({slope} * (x + {place}))", "max(x, 0)"
            yield f"x - sech({slope} * ({place} - x))", "x"
            yield f"sin(x) + gauss({slope} * x - {slope * place:g})", "sin(x)"


APART = list(_apart())


def test_a_hundred_pairs_that_the_usual_points_do_not_tell_apart():
    assert len(APART) >= 100
    for one, other in APART:
        assert canonicalize(parse(one)) != canonicalize(parse(other)), one


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("min(max(x, 0), 400) + 0 * x", "min(max(0, x), 400)"),
        ("2.5 * x - 1.5 * x", "x"),
        ("max(x, -(7.5 - 7.5))", "max(x, 0)"),
        ("tanh(0.37 * x) * cosh(0)", "2 * sigmoid(0.74 * x) - 1"),
    ],
)
def test_constants_do_not_keep_equal_functions_apart(text, same):
    assert fingerprint.agree_at_constants(parse(text), parse(same))


CUTS = (
    "where(x > 0, 1, 0)", "where(x > 0, 1, -1)", "heaviside(x, 0.5)",
    "where(max(x, 0), 1, 2)", "divide(max(x, 0), max(x, 0))",
    "where(x > 0, beta, 1)", "x * where(x > 1, 1, 0)",
    "where(x > 0, 1, 0) * tanh(softplus(x)) * x",
    "sigmoid(x) * heaviside(x, 0)", "where(x > y, 1, 0) * x",
    "where(min(x, 0), x, sin(x))", "abs(where(x > 1, 2, -2))",
    "min(x, 2 ** 10)", "min(x, 10 ** 3)", "min(x, exp(7))",
    "max(x, -10 ** 3)", "min(x, 1e6)", "min(max(x, 0), 1e6)",
    "min(10 ** 3, x ** 3)", "max(x + 3e7, 0)",
)  # fmt: skip


@pytest.mark.parametrize("text", CUTS)
def test_what_is_cut_off_or_chosen_stays_so(text):
    """Half of all x may be one value to what stands around a part."""
    rng = np.random.default_rng(0)
    far = np.geomspace(1e-3, 1e8, 60)
    x = np.concatenate([rng.uniform(-4, 4, 80), far, -far])
    y = rng.permutation(x)
    given = parse(text, inputs=2)
    form = canonicalize(given, exchange=False)
    found = []
    for each in (given, form):
        settings = [np.full(x.shape, 0.7) for _ in parameters(each)]
        found.append(fingerprint.values(each, x, settings, y)[0])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-7, atol=1e-9)


def test_choices_between_other_constants_are_other_functions():
    texts = [text for text in CUTS if "y" not in text]
    forms = {str(canonicalize(parse(text))) for text in texts}
    assert len(forms) == len(texts)
