"""Families of functions, where algebra says what must come out."""

import pytest

from actfn import parse
from actfn.spaces.families import contains, same_family
from actfn.spaces.groups import parse_functions


@pytest.mark.parametrize(
    ("family", "member"),
    [
        ("sin(beta * x)", "sin(x)"),
        ("beta * x + (1 - beta) * sin(x)", "sin(x)"),  # at beta = 0
        ("max(beta * x, x)", "max(x, 0)"),
        ("max(beta * x, x)", "x"),
        ("beta * sin(x + beta1)", "sin(x) + beta * cos(x)"),
        ("beta * sin(beta1 * x)", "beta * sin(x)"),
        ("x - beta", "x + beta"),
        ("sin(x)", "sin(x + 0 * beta)"),
    ],
)
def test_a_family_contains_its_members(family, member):
    assert contains(parse(family), parse(member))
    assert same_family(parse(family), parse(member))
    assert same_family(parse(member), parse(family))


@pytest.mark.parametrize(
    ("family", "other"),
    [
        # At the start, where all parameters are 1, each pair is the same.
        ("sin(x)", "sin(beta * x)"),
        ("beta * sin(x)", "sin(beta * x)"),
        ("x * beta", "x + beta - 1"),
        ("sin(x)", "beta * sin(x) + (1 - beta) * x"),
    ],
)
def test_equal_at_the_start_is_not_enough(family, other):
    assert not contains(parse(family), parse(other))


def test_two_families_that_share_members_are_not_the_same():
    assert not same_family(parse("beta * sin(x)"), parse("sin(beta * x)"))
    assert not same_family(parse("sin(x)"), parse("cos(x)"))
    assert not same_family(parse("sin(x)"), parse("sin(x) + 0.001 * x"))


def test_values_that_are_not_finite_are_compared_by_place():
    assert not same_family(parse("sqrt(x)"), parse("sqrt(beta * abs(x))"))
    assert same_family(parse("sqrt(x)"), parse("beta * sqrt(x)"))


def test_more_parameters_than_can_be_tried_in_full():
    text = "beta * x + beta1 * max(x, 0) + beta2 * sin(x) + beta3 * cos(x)"
    other = "beta * x + beta1 * min(x, 0) + beta2 * cos(x) - beta3 * sin(x)"
    assert same_family(parse(text), parse(other))
    assert not same_family(parse(text), parse(f"{other} + x ** 2"))


def test_two_inputs():
    assert same_family(parse("x * sin(y)", 2), parse("beta * x * sin(y)", 2))
    assert not same_family(parse("x * sin(y)", 2), parse("y * sin(x)", 2))


def test_groups_are_the_same_if_each_contains_its_own():
    plain = parse_functions("early: sin(x); late: tanh(x)")
    wider = parse_functions("early: sin(beta * x); late: tanh(x)")
    mixed = parse_functions("early: sin(beta * x); late: beta * tanh(x)")
    other = parse_functions("early: sin(x); late: beta * tanh(x)")
    assert same_family(plain, wider) and same_family(mixed, plain)
    assert not same_family(wider, other)  # one group in each direction
    with pytest.raises(ValueError, match="`member` must be for the groups"):
        contains(plain, parse("sin(x)"))
