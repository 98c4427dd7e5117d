"""The rows of the language's tables: its operators and words.

`actfn.command_line.list` prints them; docs/expressions.md shows them.
"""

from __future__ import annotations

from actfn import catalog
from actfn.expressions import operators, spellings
from actfn.expressions.expression import Call, Expression, Variable, X
from actfn.expressions.parsing import parse
from actfn.spaces.grammar import BINARY, UNARY, function_template

OPERATOR_COLUMNS = ("text", "value", "other names", "the paper's", "note")
WORD_COLUMNS = ("text", "the same as", "other names")

_EITHER = "of more than two, too; where they are equal, the slope of the first"
# Of each operator: its value, by exact arithmetic and NumPy's and SciPy's
# names, and what is special about it.
_SAID = {
    "neg": ("-x", ""),
    "abs": ("abs(x)", "slope 0 at 0"),
    "sqrt": ("sqrt(maximum(x, 0))", "0, with slope 0, for x <= 0"),
    "log_abs": (
        "log(abs(x) + 1e-6)",
        "-13.8, with slope 0, at 0; the paper's epsilon",
    ),
    "log": ("log(x)", "exact: no number for x < 0, -infinity at 0"),
    "log1p": ("log(1 + x)", "no number for x < -1, -infinity at -1"),
    "sign": ("sign(x)", "0 at 0; slope 0 everywhere"),
    "reciprocal": ("1 / x", "exact: infinite at 0"),
    "cbrt": ("sign(x) * abs(x) ** (1 / 3)", "slope 0 at 0"),
    "sech": ("1 / cosh(x)", ""),
    "exp": ("e ** x", ""),
    "expm1": ("exp(x) - 1", "precise near 0"),
    "sin": ("sin(x)", ""),
    "cos": ("cos(x)", ""),
    "sinh": ("(exp(x) - exp(-x)) / 2", ""),
    "cosh": ("(exp(x) + exp(-x)) / 2", ""),
    "tanh": ("sinh(x) / cosh(x)", ""),
    "asinh": ("log(x + sqrt(x ** 2 + 1))", ""),
    "atan": ("arctan(x)", ""),
    "sinc": ("sin(x) / x", "1 at 0; NumPy's is `normalized_sinc`"),
    "sigmoid": ("1 / (1 + exp(-x))", ""),
    "softplus": ("log(1 + exp(x))", ""),
    "gauss": ("exp(-(x ** 2))", ""),
    "erf": ("erf(x)", "the error function"),
    "add": ("a + b", ""),
    "sub": ("a - b", ""),
    "mul": ("a * b", ""),
    "div": (
        "a / (b + 1e-6)",
        "a / b, exact, where b is a constant other than 0",
    ),
    "pow": (
        "a ** b",
        "no number for a < 0 unless b is whole; slope 0 at 0 for a constant b "
        "between 0 and 1",
    ),
    "lt": ("where(a < b, 1, 0)", "slope 0"),
    "le": ("where(a <= b, 1, 0)", "slope 0"),
    "gt": ("where(a > b, 1, 0)", "slope 0"),
    "ge": ("where(a >= b, 1, 0)", "slope 0"),
    "max": ("maximum(a, b)", _EITHER),
    "min": ("minimum(a, b)", _EITHER),
    "gate": ("1 / (1 + exp(-a)) * b", ""),
    "where": (
        "where(c != 0, a, b)",
        "`a if c else b` is the same; no slope by c",
    ),
    "rbf": ("exp(-beta * (a - b) ** 2)", "grows where beta < 0"),
    "laplace": ("exp(-beta * abs(a - b))", "grows where beta < 0"),
    "mix": ("beta * a + (1 - beta) * b", "beta may leave 0..1"),
}
_HOLES = {1: ("x",), 2: ("a", "b"), 3: ("a", "b", "beta")}


def operator_rows(unary: bool) -> list[tuple[str, ...]]:
    """Returns the cells of the operators' table, but those of the user.

    Args:
        unary: Whether of those of one argument, or of two and three.
    """
    rows = (operators.get(name) for name in _SAID)
    return [
        (_call(row), _SAID[row.name][0], _others(row), _of_the_paper(row.name),
         _SAID[row.name][1])
        for row in rows
        if (row.arity == 1) == unary
    ]  # fmt: skip


def word_rows() -> list[tuple[str, ...]]:
    """Returns the cells of the table of words that the catalog has not."""
    return [
        (
            f"{name}({', '.join(holes or ('x',))})",
            text,
            "; ".join(_aliases(name)),
        )
        for name, text, *holes in spellings.DEFINITIONS
    ]


def _call(row: operators.Operator) -> str:
    holes = ("c", "a", "b") if row.name == "where" else _HOLES[row.arity]
    return str(Call(row.name, tuple(map(Variable, holes))))


def _others(row: operators.Operator) -> str:
    """Returns what else text may call it, where it has a sign its name too."""
    found = [row.name] if row.infix else []
    found += _aliases(row.name)
    for name in catalog.names() if row.arity == 1 else ():
        same = parse(catalog.entry(name).expression) == Call(row.name, (X,))
        if same and name not in (row.name, *found):
            found.append(name)
    return "; ".join(found)


def _aliases(name: str) -> list[str]:
    return [a for a, meant in spellings.ALIASES.items() if meant == name]


def _of_the_paper(name: str) -> str:
    """Returns which of the paper's functions are made of an operator."""
    return "; ".join(
        paper if paper == name else f"{paper} = {text}"
        for arity, functions in ((1, UNARY), (2, BINARY))
        for paper, text in functions.items()
        if _operator(function_template(paper, arity)) == name
    )


def _operator(tree: Expression) -> str | None:
    return tree.operator if isinstance(tree, Call) else None
