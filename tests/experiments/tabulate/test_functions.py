"""The declared list of functions of the open table."""

import collections
import hashlib

import numpy as np
import pytest

import actfn
from actfn import catalog
from actfn.expressions.expression import parameters
from experiments import tasks
from experiments.tabulate import functions


def test_the_list_is_what_it_says():
    listed = functions.declared()
    kinds = collections.Counter(each.source for each in listed)
    named = listed[: kinds["catalog"]]
    assert {each.source for each in named} == {"catalog"}
    assert [n for each in named for n in each.names][:4] == [
        "relu", "relu6", "leaky_relu", "prelu"
    ]  # fmt: skip
    assert {n for each in named for n in each.names} == {*catalog.names()}
    # What starts elsewhere is another function to train.
    as_trained = {
        each.form for each in named if not catalog.entry(each.text).initial
    }
    space = {
        str(actfn.canonicalize(e)) for e in actfn.SearchSpace(1).enumerate()
    }
    assert len(space) == 4056
    one = {each.form for each in listed if each.source == "one-unit"}
    assert one == space - as_trained
    assert kinds["one-unit"] == len(one)
    two = {each.form for each in listed if each.source == "two-unit"}
    assert len(two) == kinds["two-unit"] == 1500
    assert not two & (space | as_trained)
    # The draw that the docstring states.
    rng, strings = np.random.default_rng(functions.SEED), actfn.SearchSpace(2)
    drawn = [strings.sample(rng) for _ in range(100)]
    assert {str(actfn.canonicalize(e)) for e in drawn} <= two | space
    assert len({each.text for each in listed}) == len(listed)


def test_the_order_is_fixed_and_mixed():
    listed = functions.declared()
    text = "\n".join(each.text for each in listed).encode()
    assert hashlib.sha256(text).hexdigest() == DIGEST
    beyond = [each.source for each in listed if each.source != "catalog"]
    share = np.mean([source == "two-unit" for source in beyond[:1000]])
    assert 0.22 < share < 0.32  # 1,500 of 5,535 are 0.27
    texts = [each.text for each in listed if each.source == "one-unit"]
    assert texts != sorted(texts)


@pytest.mark.parametrize("name", tasks.names())
def test_what_a_task_declares(name):
    listed = functions.declared()
    declared = functions.of_task(name, listed)
    assert declared == listed[: 1080 if name == "text" else 5615]
    assert sum(each.source == "catalog" for each in declared) == 80


def test_strings_are_counted_by_what_they_denote():
    counted = functions.strings()
    assert (counted.total(), len(counted)) == (6250, 4056)
    x = np.linspace(-3, 3, 50)
    with np.errstate(all="ignore"):
        values = [
            np.broadcast_to(
                each(x, **{p.name: 0.3 for p in parameters(each)}), x.shape
            )
            for each in actfn.SearchSpace(1).enumerate()
        ]
    for text in ("x * sigmoid(x)", "x + sin(x)"):
        same = np.isclose(values, actfn.parse(text)(x), 1e-9, 1e-9)
        assert counted[text] == same.all(axis=1).sum() > 1


DIGEST = "c1c71f1aae9fc111ddbdd7105e8b9c5186c4712c6ec3e2a9ba30d8a9a949b0d5"
