"""The search space: sizes, tokens and functions."""

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest

import actfn
from actfn.spaces import grammar


@pytest.mark.parametrize(
    ("core_units", "wiring", "size"),
    [
        (1, "free", 6_250),
        (2, "free", 6_250 * 25_000),
        (3, "free", 6_250 * 25_000 * 56_250),
        (2, "fixed", 6_250**2),
        (3, "fixed", 6_250**3),
    ],
)
def test_sizes_of_the_paper(core_units, wiring, size):
    assert actfn.SearchSpace(core_units, wiring=wiring).size == size


def test_five_tokens_a_unit():
    sizes = actfn.SearchSpace(2).token_sizes
    assert sizes == (1, 1, 25, 25, 10, 2, 2, 25, 25, 10)


def test_decode_by_hand():
    space = actfn.SearchSpace(2)
    unary, binary = space.unary.index, space.binary.index
    first = (0, 0, unary("scale"), unary("sin"), binary("mul"))
    second = (1, 0, unary("tanh"), unary("shift"), binary("mix"))
    assert str(space.decode(first + second)) == (
        "mix(tanh(beta * x * sin(x)), x + beta1, beta2)"
    )


def test_a_unit_used_twice_shares_its_parameter():
    space = actfn.SearchSpace(2, unary=["scale", "identity"], binary=["add"])
    tokens = (0, 0, 0, 1, 0, 1, 1, 1, 1, 0)
    function = space.decode(tokens)
    assert str(function) == "beta * x + x + (beta * x + x)"
    assert space.decode(space.encode(function)) == function
    with pytest.raises(ValueError, match="must be a function of"):
        space.encode(actfn.parse("beta * x + x + (beta1 * x + beta * x)"))


def test_an_unused_unit_leaves_no_trace():
    two, one = actfn.SearchSpace(2), actfn.SearchSpace(1)
    rng = np.random.default_rng(4)
    for _ in range(50):
        last = one.sample_tokens(rng)
        tokens = (*two.sample_tokens(rng)[:5], *last)
        assert two.decode(tokens) == one.decode(last)


@pytest.mark.parametrize("wiring", ["free", "fixed"])
@pytest.mark.parametrize("core_units", [1, 2, 3, 4])
def test_decode_of_encode(core_units, wiring):
    space = actfn.SearchSpace(core_units, wiring=wiring)
    rng = np.random.default_rng(core_units)
    for _ in range(1300):
        function = space.sample(rng)
        assert space.decode(space.encode(function)) == function


def test_published_functions_are_in_the_space():
    space = actfn.SearchSpace(2)
    for name in actfn.catalog.PUBLISHED:
        function = actfn.get(name).expression
        decoded = str(space.decode(space.encode(function)))
        for inner in ("atan(x)", "asinh(x)"):
            decoded = decoded.replace(f"{inner} * {inner}", f"{inner} ** 2")
            decoded = decoded.replace(f"({inner} ** 2)", f"{inner} ** 2")
        assert decoded == str(function)


def test_enumeration_is_complete_and_stable():
    space = actfn.SearchSpace(
        2, unary=["identity", "scale"], binary=["add", "gate"]
    )
    functions = list(space.enumerate())
    assert len(functions) == space.size
    strings = itertools.product(*map(range, space.token_sizes))
    assert functions == [space.decode(tokens) for tokens in strings]


def test_samples_are_uniform():
    space = actfn.SearchSpace(1)
    rng = np.random.default_rng(0)
    tokens = np.array([space.sample_tokens(rng) for _ in range(5000)])
    for position, size in enumerate(space.token_sizes):
        counts = np.bincount(tokens[:, position], minlength=size)
        chi2 = np.sum((counts - 5000 / size) ** 2 / (5000 / size))
        assert chi2 < 2 * size + 20


def test_the_same_seed_samples_the_same_in_another_process():
    code = (
        "import json, numpy, actfn; r = numpy.random.default_rng(7); "
        "s = actfn.SearchSpace(2); "
        "print(json.dumps([str(s.sample(r)) for _ in range(20)]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    rng = np.random.default_rng(7)
    space = actfn.SearchSpace(2)
    assert json.loads(out) == [str(space.sample(rng)) for _ in range(20)]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"core_units": 0}, "core_units"),
        ({"core_units": 2.0}, "core_units"),
        ({"unary": ["sines"]}, "sines"),
        ({"unary": "sin"}, "list"),
        ({"unary": []}, "at least one"),
        ({"unary": ["sin", "sin"]}, "twice"),
        ({"binary": ["sin"]}, "binary"),
        ({"wiring": "loose"}, "wiring"),
    ],
)
def test_bad_arguments(arguments, word):
    with pytest.raises(ValueError, match=word):
        actfn.SearchSpace(**arguments)


@pytest.mark.parametrize(
    "tokens",
    [(0, 0, 0, 0), (0, 0, 25, 0, 0), (0, 0, -1, 0, 0), (0,) * 4 + (0.5,)],
)
def test_bad_tokens(tokens):
    with pytest.raises(ValueError, match="tokens"):
        actfn.SearchSpace(1).decode(tokens)


@pytest.mark.parametrize("text", ["x", "x + 1", "sin(cos(x) + x) * x"])
def test_encode_refuses_what_the_space_lacks(text):
    with pytest.raises(ValueError, match="Received"):
        actfn.SearchSpace(1).encode(actfn.parse(text))


def test_templates_only_use_known_operators():
    for name in grammar.UNARY:
        grammar.function_template(name, 1)
    for name in grammar.BINARY:
        grammar.function_template(name, 2)


def test_constants_are_choices_of_the_unary_tokens():
    space = actfn.SearchSpace(constants=[0.5, 1, 2])
    assert space.size == 28 * 28 * 10
    assert actfn.SearchSpace(core_units=2, constants=[2]).size == (
        26 * 26 * 10 * 4 * 26 * 26 * 10
    )
    half = space.decode((0, 0, 0, 25, 1))
    assert half == actfn.parse("x * 0.5")
    assert space.encode(half) == (0, 0, 0, 25, 1)
    assert "constants=[0.5, 1.0, 2.0]" in repr(space)
    distinct = {actfn.canonicalize(f) for f in _two(space)}
    for text in ("0.5 * x", "2 * x", "x - 2", "max(x, 2)"):
        assert actfn.canonicalize(actfn.parse(text)) in distinct


def _two(space):
    for tokens in ((0, 0, 0, u, b) for u in range(28) for b in range(7)):
        yield space.decode(tokens)


def test_no_constants_leave_the_papers_space_as_it_was():
    assert actfn.SearchSpace().size == 6250
    assert actfn.SearchSpace().token_sizes == (1, 1, 25, 25, 10)
    assert repr(actfn.SearchSpace()).endswith("wiring='free')")


@pytest.mark.parametrize("bad", [["a"], [1, 1.0], [float("nan")], "12", 3])
def test_constants_must_be_numbers(bad):
    with pytest.raises(ValueError, match=r"`constants`.*Received"):
        actfn.SearchSpace(constants=bad)


def test_words_and_operators_may_be_named():
    names = ["identity", "mish", "swish", "log1p", "sign", "sech", "cbrt"]
    space = actfn.SearchSpace(
        core_units=2, unary=names, binary=["mul", "lt", "logaddexp"]
    )
    assert space.size == (7 * 7 * 3) ** 2 * 4
    rng = np.random.default_rng(0)
    for _ in range(50):
        function = space.sample(rng)
        assert actfn.parse(str(function)) == function
        assert space.decode(space.encode(function)) == function
    both = space.decode((0, 0, 0, 0, 0, 0, 0, 2, 2, 0))
    assert str(both) == "swish(x, beta) * swish(x, beta1)"


@pytest.mark.parametrize("name", ["xatlu", "star_relu", "pelu", "swish"])
def test_parameters_of_named_functions_stay_one_a_layer(name):
    space = actfn.SearchSpace(core_units=1, unary=["identity", name])
    of_text = actfn.canonicalize(actfn.parse(f"{name}(x) + x"))
    tokens = space.encode(actfn.parse(f"{name}(x) + x"))
    assert actfn.canonicalize(space.decode(tokens)) == of_text
