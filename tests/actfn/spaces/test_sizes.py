"""How many functions the strings of a space are; docs/search.md says so."""

import itertools
import pathlib

import numpy as np
import pytest

from actfn import SearchSpace, canonicalize
from actfn.expressions.expression import inputs
from actfn.spaces.grammar import UNARY
from actfn.spaces.one_unit import small_functions
from tests.actfn.spaces.test_canonical import BINARY as TWO
from tests.actfn.spaces.test_canonical import UNARY as ONE

MORE = ("log", "log1p", "sign", "reciprocal", "sech", "cbrt")
SPACES = {
    "SearchSpace()": (6_250, 4_056),
    "SearchSpace(inputs=2)": (25_000, 8_043),
    "SearchSpace(constants=[0.5, 1, 2])": (7_840, 4_961),
    "SearchSpace(unary=[*UNARY, *MORE])": (9_610, 6_349),
}


def space_of(text):
    return eval(
        text, {"SearchSpace": SearchSpace, "UNARY": UNARY, "MORE": MORE}
    )


@pytest.mark.parametrize("text", SPACES)
def test_strings(text):
    assert space_of(text).size == SPACES[text][0]


@pytest.mark.slow
@pytest.mark.parametrize("text", SPACES)
def test_forms(text):
    forms = {canonicalize(function) for function in space_of(text).enumerate()}
    assert len(forms) == SPACES[text][1]
    if "inputs" in text:
        assert sum(inputs(form) == 1 for form in forms) == 4_056


def test_the_page_has_these_numbers():
    page = pathlib.Path(__file__).parents[3] / "docs" / "search.md"
    text = page.read_text()
    for space, (strings, forms) in SPACES.items():
        assert f"| `{space}` | {strings:,} | {forms:,} |" in text, space


def test_classes_of_a_unit_of_both_inputs():
    assert len(small_functions(2).classes) == 6_110


@pytest.mark.parametrize("second", [1, 2])
def test_functions_without_parameters_counted_by_numpy(second):
    # Of the strings of a unit that reads (x, x) or (x, y).
    unary = [name for name in ONE if name not in ("scale", "shift", "beta")]
    binary = [n for n in TWO if n not in ("rbf", "laplace", "mix")]
    space = SearchSpace(unary=unary, binary=binary, inputs=2)
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-5, 5, (2, 400))
    values, forms = [], set()
    with np.errstate(all="ignore"):
        left = [ONE[name](x, None) for name in unary]
        right = [ONE[name]((x, y)[second - 1], None) for name in unary]
    for u, v, b in itertools.product(
        *map(range, (len(unary), len(unary), len(binary)))
    ):
        with np.errstate(all="ignore"):
            values.append(TWO[binary[b]](left[u], right[v], None))
        function = space.decode((0, second - 1, u, v, b))
        forms.add(canonicalize(function, exchange=False))
    assert len(forms) == distinct(np.array(values))


def distinct(values):
    """Counts rows that differ by more than rounding."""
    order = np.argsort(np.arctan(values) @ np.cos(np.arange(400)))
    kept = []
    for row in values[order]:
        scale = 1e-9 * np.abs(row) + 1e-9
        if not any(
            np.all((np.abs(row - other) <= scale) | (row == other))
            for other in kept[-12:]
        ):
            kept.append(row)
    return len(kept)
