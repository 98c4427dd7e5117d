"""docs/expressions.md shows the operators as they are, and its code runs."""

import io
import pathlib
import re
from contextlib import redirect_stdout

import numpy as np
import pytest
from scipy import special

import actfn
from actfn.__main__ import main
from actfn.command_line import list as listing
from actfn.expressions import operators, spellings, words
from actfn.expressions.expression import (
    Constant,
    Variable,
    X,
    Y,
    inputs,
    substitute,
)
from actfn.expressions.parsing import parse_template
from actfn.spaces.grammar import BINARY, UNARY
from models import markdown

DOCS = pathlib.Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "expressions.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TABLES = ("unary", "binary", "words")
ROWS = [row for name in TABLES[:2] for row in listing.rows_of(name)[1]]
POINTS = np.array([-2.6, -0.7, -0.2, 0.3, 0.9, 2.4])
OTHERS = np.array([1.1, 0.4, -0.2, 2.0, -0.8, 3.0])


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_the_codes(name, capsys):
    main(["list", "--of", name, "--format", "markdown"])
    assert markdown.block(PAGE, name)[1] == capsys.readouterr().out


def test_every_operator_has_a_row():
    names = [tree_of(row[0]).operator for row in ROWS]
    assert sorted(names) == sorted(operators.BUILT_IN)
    assert len(listing.rows_of("words")[1]) == len(spellings.DEFINITIONS)


def tree_of(text):
    return parse_template(text, ("x", "c", "a", "b", "beta", "u", "v"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_values_by_numpy(row):
    text, value, *_ = row
    beta, chosen = 0.6, POINTS > 0.5
    names = vars(np) | {"erf": special.erf, "abs": np.abs, "beta": beta}
    names |= {"x": POINTS, "a": POINTS, "b": OTHERS, "c": chosen}
    with np.errstate(all="ignore"):
        expected = eval(value, names)
    tree = substitute(
        tree_of(text),
        {
            Variable("a"): X,
            Variable("b"): Y,
            Variable("c"): actfn.parse("x > 0.5"),
            Variable("beta"): Constant(beta),
        },
    )
    found = tree(POINTS, OTHERS if inputs(tree) == 2 else None)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "text,others",
    [(row[0], row[2]) for row in (*ROWS, *listing.rows_of("words")[1])],
)
def test_other_names_are_the_same(text, others):
    tree = tree_of(text)
    arguments = ", ".join(map(str, tree.arguments))
    for name in filter(None, others.split("; ")):
        same = tree_of(f"{name}({arguments})")
        assert words.expand(same) == words.expand(tree), name


def test_the_papers_functions():
    cells = [cell for row in ROWS for cell in row[3].split("; ") if cell]
    found = dict((f"{cell} = ".split(" = ")[:2]) for cell in cells)
    assert {*found} == {*UNARY, *BINARY} - {"identity", "beta"}
    for name, text in found.items():
        assert text in ("", UNARY.get(name), BINARY.get(name))
    assert (len(UNARY), len(BINARY)) == (25, 10)


def test_limits():
    assert "at most 61 terms, and nothing nests deeper than 60" in (
        PAGE.replace("\n", " ")
    )
    for text in (" + ".join(["x"] * 61), "(" * 60 + "x" + ")" * 60):
        actfn.parse(text)
        with pytest.raises(actfn.ExpressionError):
            actfn.parse(f"{text} + x" if "+" in text else f"({text})")


def test_the_code_runs_and_prints_what_it_says(monkeypatch):
    # The operator that the page registers is forgotten again.
    monkeypatch.setattr(operators, "_TABLE", dict(operators._TABLE))
    operators._TABLE.pop("bump", None)
    namespace = {}
    for block in BLOCKS:
        with redirect_stdout(io.StringIO()) as printed:
            exec(block, namespace)
        said = re.findall(r"^ *print\(.*\)  # (.*)$|^# (.*)$", block, re.M)
        assert printed.getvalue().splitlines() == ["".join(s) for s in said]
    assert len(BLOCKS) == 8
