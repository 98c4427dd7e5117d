"""What the surrogate knows of a function, against values found otherwise."""

import math

import keras
import numpy as np
import pytest

import actfn
from actfn.expressions import operators
from actfn.expressions.expression import Call, size, walk
from actfn.search.policies import shapes
from actfn.search.policies.shapes import Shapes
from actfn.search.policies.surrogate import SurrogatePolicy
from actfn.spaces.groups import GroupedSpace


def plain(compressed):
    return np.sign(compressed) * np.expm1(np.abs(compressed))


def test_features_tell_functions_apart_and_are_finite():
    space = actfn.SearchSpace(core_units=2)
    rng = np.random.default_rng(0)
    table = Shapes().table([space.sample(rng) for _ in range(50)])
    assert np.all(np.isfinite(table)) and table.dtype == np.float32
    assert len(np.unique(table, axis=0)) >= 45


def test_values_slopes_and_counts_by_hand():
    x = np.array(shapes._quantiles(32), float)
    function = actfn.parse("x * tanh(beta * x) + 0.5 * x")
    (row,) = Shapes().table([function])
    values = x * np.tanh(x) + 0.5 * x
    np.testing.assert_allclose(plain(row[:32]), values, rtol=1e-5, atol=1e-6)
    slopes = np.diff(values) / np.diff(x)
    np.testing.assert_allclose(plain(row[32:63]), slopes, rtol=1e-4)
    # Others may have registered operators of their own.
    names = [n for n in operators.names() if n in operators.BUILT_IN]
    counts = dict(zip(names, row[63:-1], strict=True))
    used = {name: count for name, count in counts.items() if count}
    assert used == {"add": 1, "mul": 3, "tanh": 1}
    assert row[-1] == 10  # nodes


def test_of_two_inputs_by_hand():
    x, y = np.meshgrid(*[shapes._quantiles(7)] * 2, indexing="ij")
    (row,) = Shapes(2).table([actfn.parse("x * sigmoid(y)")])
    values = (x / (1 + np.exp(-y))).ravel()
    np.testing.assert_allclose(plain(row[:49]), values, rtol=1e-5)
    by_x = 1 / (1 + np.exp(-y[1:]))
    np.testing.assert_allclose(plain(row[49:91]), by_x.ravel(), rtol=1e-4)


def test_sub_expressions_that_are_shared_change_no_features():
    """Each alone, in another order, and as NumPy computes the whole text."""
    space, rng = actfn.SearchSpace(core_units=2), np.random.default_rng(1)
    functions = [space.sample(rng) for _ in range(200)]
    functions.append(actfn.parse("mish(2 * x) + swish(x)"))
    table = Shapes().table(functions)
    again = Shapes()
    for function, row in zip(functions[::-1], table[::-1], strict=True):
        np.testing.assert_array_equal(again.table([function])[0], row)
        assert row[-1] == size(function)
        calls = [node for node in walk(function) if isinstance(node, Call)]
        known = [c for c in calls if c.operator in operators.names()]
        assert row[63:-1].sum() == len(known)
    x = np.array(shapes._quantiles(32), np.float32)
    for function, row in zip(functions, table, strict=True):
        with np.errstate(all="ignore"):
            values = np.nan_to_num(
                np.asarray(function(x), float), nan=1e9, posinf=1e9, neginf=-1e9
            )
        compressed = np.sign(values) * np.log1p(np.abs(values))
        np.testing.assert_allclose(row[:32], compressed, rtol=1e-4, atol=1e-5)


def test_groups_come_one_after_the_other():
    one = actfn.SearchSpace(core_units=1)
    space, rng = GroupedSpace({"a": one, "b": one}), np.random.default_rng(0)
    pair = space.sample(rng)
    (row,) = Shapes().table([pair])
    each = Shapes().table([function for _, function in pair.functions])
    np.testing.assert_array_equal(row, each.ravel())


def test_each_function_and_sub_expression_is_computed_once(monkeypatch):
    computed = []
    apply = shapes.apply_operator

    def counted(name, operands, x):
        computed.append(name)
        return apply(name, operands, x)

    monkeypatch.setattr(shapes, "apply_operator", counted)
    known = Shapes()
    for _ in range(2):
        known.table([actfn.parse("tanh(x) + x"), actfn.parse("tanh(x) * x")])
        known.table([actfn.parse("sin(tanh(x))")])
    assert sorted(computed) == ["add", "mul", "sin", "tanh"]


def test_more_functions_than_are_remembered(monkeypatch):
    monkeypatch.setattr(shapes, "CACHED", 3)
    space, rng = actfn.SearchSpace(core_units=1), np.random.default_rng(0)
    functions = [space.sample(rng) for _ in range(20)]
    known = Shapes()
    expected = np.concatenate([Shapes().table([each]) for each in functions])
    for _ in range(2):
        np.testing.assert_array_equal(known.table(functions), expected)
    assert len(known._features) == 3


_INFINITE = "exp(exp(9 * abs(x)))"


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (_INFINITE, 1),
        (f"-{_INFINITE}", -1),
        (f"{_INFINITE} - (1 + {_INFINITE})", 1),  # not a number
    ],
)
def test_what_is_not_finite_is_a_large_number(text, sign):
    (row,) = Shapes().table([actfn.parse(text)])
    assert math.isclose(row[0], sign * math.log1p(1e9), rel_tol=1e-5)


@pytest.fixture
def bend():
    """An operator of the user's, while the test lasts."""
    actfn.register_operator("bend", 1, keras.ops.sin)
    yield "bend"
    del operators._TABLE["bend"]


def _drawn(space):
    policy, drawn = SurrogatePolicy(space, warmup=4), []
    for _ in range(12):
        (proposal,) = policy.propose()
        drawn.append(str(proposal.expression))
        policy.update([(proposal.id, float(len(drawn[-1])))])
    return drawn


def test_what_else_is_registered_changes_no_search(request):
    space = actfn.SearchSpace(core_units=1)
    before = _drawn(space)
    request.getfixturevalue("bend")
    assert _drawn(space) == before


def test_the_operators_of_the_space_are_counted(bend):
    own = actfn.SearchSpace(1, unary=["identity", bend], binary=["add"])
    space = GroupedSpace({"early": actfn.SearchSpace(1), "late": own})
    assert own.own_operators == space.own_operators == {bend}
    function = actfn.parse("bend(bend(x)) + x")
    (with_it,) = Shapes(own=space.own_operators).table([function])
    assert with_it[-2] == 2
    (without,) = Shapes().table([function])  # told from elsewhere
    assert len(without) == len(with_it) - 1
    np.testing.assert_array_equal(np.delete(with_it, -2), without)
