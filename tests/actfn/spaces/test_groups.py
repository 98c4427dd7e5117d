"""The product of spaces, and functions of several groups as one text."""

import itertools

import numpy as np
import pytest

import actfn
from actfn.spaces.groups import (
    GroupedExpression,
    GroupedSpace,
    canonical_text,
    parse_functions,
    split_groups,
)

SMALL = actfn.SearchSpace(unary=["identity", "sin"], binary=["add", "max"])
OTHER = actfn.SearchSpace(2, unary=["neg", "beta"], binary=["mul"])
BOTH = GroupedSpace({"early": SMALL, "late": OTHER})


def test_the_space_is_the_product():
    assert BOTH.size == SMALL.size * OTHER.size == 8 * 64
    assert BOTH.token_sizes == SMALL.token_sizes + OTHER.token_sizes
    texts = [str(functions) for functions in BOTH.enumerate()]
    pairs = itertools.product(SMALL.enumerate(), OTHER.enumerate())
    assert texts == [f"early: {a}; late: {b}" for a, b in pairs]
    strings = itertools.product(*map(range, BOTH.token_sizes))
    assert texts == [str(BOTH.decode(tokens)) for tokens in strings]


def test_texts_and_tokens_come_back():
    rng = np.random.default_rng(0)
    for _ in range(50):
        functions = BOTH.sample(rng)
        assert parse_functions(str(functions)) == functions
        assert BOTH.decode(BOTH.encode(functions)) == functions


def test_each_group_has_its_canonical_form():
    twins = ("early: max(x, 0); late: x * beta", "early:max(0,x);late:beta*x")
    forms = {canonical_text(parse_functions(text)) for text in twins}
    assert forms == {"early: max(x, 0); late: beta * x"}
    exchanged = parse_functions("early: beta * x; late: max(x, 0)")
    assert canonical_text(exchanged) not in forms
    alone = parse_functions("max(0, x)")
    assert canonical_text(alone) == "max(x, 0)"


def test_a_text_of_one_function_has_no_groups():
    assert split_groups("max(x, 0)") == {}
    assert not isinstance(parse_functions("max(x, 0)"), GroupedExpression)


@pytest.mark.parametrize(
    "text", ["early: x; x", "early: x; early: sin(x)", "a b: x", "early: "]
)
def test_texts_without_or_with_doubled_names_are_refused(text):
    with pytest.raises(ValueError, match="Received: '"):
        split_groups(text)


@pytest.mark.parametrize("spaces", [{}, {"a b": SMALL}])
def test_bad_spaces_are_refused(spaces):
    with pytest.raises(ValueError, match=r"Received: \{"):
        GroupedSpace(spaces)
    two = actfn.SearchSpace(inputs=2)
    with pytest.raises(ValueError, match="same number of inputs"):
        GroupedSpace({"early": SMALL, "late": two})


def test_functions_of_other_groups_have_no_tokens():
    for text in ("x", "early: x + x; later: -x * -x"):
        with pytest.raises(ValueError, match="for each of"):
            BOTH.encode(parse_functions(text))
    with pytest.raises(ValueError, match="must be 15 integers"):
        BOTH.decode((0, 0, 0, 0, 0))
