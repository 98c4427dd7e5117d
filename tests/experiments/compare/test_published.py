import math

import pytest

from experiments.compare import counting, published, tables

# The expected numbers are typed from the paper, not read from the CSV file.
NOVEL = (
    "ReLU",
    "x*sigmoid(beta*x)",
    "max(x,sigmoid(x))",
    "cos(x)-x",
    "min(x,sin(x))",
    "(atan(x))^2-x",
    "max(x,tanh(x))",
    "sinc(x)+x",
    "x*(asinh(x))^2",
)
USUAL = (
    "LReLU",
    "PReLU",
    "Softplus",
    "ELU",
    "SELU",
    "GELU",
    "ReLU",
    "Swish-1",
    "Swish",
)
PRINTED = {
    1: """93.8 95.3 94.8 / 94.5 95.5 94.9 / 94.3 95.3 94.8 / 94.1 94.8 94.6 /
          94.0 95.1 94.4 / 93.9 94.7 94.9 / 93.9 94.2 94.5 / 91.5 92.1 92.0 /
          85.1 92.1 91.1""",
    2: """74.2 77.8 83.7 / 75.1 78.0 83.9 / 74.8 78.6 84.2 / 75.2 76.6 81.8 /
          73.4 77.1 74.3 / 75.2 76.7 83.1 / 74.8 76.0 78.6 / 66.1 68.3 67.9 /
          52.8 70.6 68.1""",
    4: """94.2 95.6 94.7 / 94.1 95.1 94.5 / 94.6 94.9 94.7 / 94.1 94.1 94.4 /
          93.0 93.2 93.9 / 94.3 95.5 94.8 / 93.8 95.3 94.8 / 94.7 95.5 94.8 /
          94.5 95.5 94.8""",
    5: """74.2 78.0 83.3 / 74.5 77.3 81.5 / 76.0 78.4 83.7 / 75.0 76.0 80.6 /
          73.2 74.3 80.8 / 74.7 78.0 83.8 / 74.2 77.8 83.7 / 75.1 78.5 83.8 /
          75.1 78.0 83.9""",
    6: """73.8 73.9 74.2 91.6 91.9 91.9 / 74.6 74.7 74.7 92.4 92.3 92.3 /
          74.0 74.2 74.2 91.6 91.8 91.9 / 74.1 74.2 74.2 91.8 91.8 91.8 /
          73.6 73.7 73.7 91.6 91.7 91.7 / 74.6 - - 92.0 - - /
          73.5 73.6 73.8 91.4 91.5 91.6 / 74.6 74.7 74.7 92.1 92.0 92.0 /
          74.9 74.9 75.2 92.3 92.4 92.4""",
    7: """79.5 79.5 79.6 94.7 94.7 94.7 / 79.7 79.8 80.1 94.8 94.9 94.9 /
          80.1 80.2 80.4 95.2 95.2 95.3 / 75.8 79.9 80.0 92.6 95.0 95.1 /
          79.0 79.2 79.2 94.5 94.4 94.5 / 79.6 79.6 79.9 94.8 94.8 94.9 /
          79.5 79.6 79.8 94.8 94.8 94.8 / 80.2 80.3 80.4 95.1 95.2 95.2 /
          80.2 80.2 80.3 95.0 95.2 95.0""",
    8: """72.5 91.0 / 74.2 91.9 / 73.6 91.6 / 73.9 91.3 / 73.2 91.0 /
          73.5 91.4 / 72.0 90.8 / 74.2 91.6 / 74.2 91.7""",
    9: """78.4 94.1 / 77.7 93.5 / 78.7 94.4 / 77.9 93.7 / 76.7 92.8 /
          77.7 93.9 / 78.4 94.2 / 78.7 94.2 / 78.7 94.0""",
    10: """79.3 94.7 / 79.3 94.4 / 79.6 94.8 / 79.5 94.5 / 78.3 94.5 /
           79.0 94.6 / 79.2 94.6 / 79.3 94.7 / 79.3 94.6""",
    11: """26.2 27.9 29.8 33.4 / 26.3 27.7 29.7 33.1 / 23.4 23.6 25.8 29.2 /
           24.6 25.1 27.7 32.5 / 23.7 23.5 25.9 30.5 / 25.9 27.3 29.5 33.1 /
           26.1 27.8 29.8 33.3 / 26.2 28.0 30.1 34.0 / 26.5 27.6 30.0 33.1""",
}
RECOUNT = {
    "Swish": {
        "ReLU": (8, 1, 0, 0.0039),
        "LReLU": (6, 1, 2, 0.1445),
        "PReLU": (7, 2, 0, 0.0078),
        "Softplus": (5, 2, 2, 0.2266),
        "ELU": (8, 0, 1, 0.0195),
        "SELU": (9, 0, 0, 0.002),
        "GELU": (8, 1, 0, 0.0039),
    },
    "Swish-1": {
        "ReLU": (9, 0, 0, 0.002),
        "LReLU": (8, 1, 0, 0.0039),
        "PReLU": (6, 3, 0, 0.0156),
        "Softplus": (6, 1, 2, 0.1445),
        "ELU": (8, 0, 1, 0.0195),
        "SELU": (9, 0, 0, 0.002),
        "GELU": (8, 1, 0, 0.0039),
    },
}


def cells(table):
    return {
        row[0]: [tables._text(cell) for cell in row[1:]] for row in table.rows
    }


@pytest.mark.parametrize("number", PRINTED)
def test_table_is_as_printed(number):
    names = NOVEL if number < 3 else USUAL
    expected = [row.split() for row in PRINTED[number].split("/")]
    assert cells(published.table(number)) == dict(
        zip(names, expected, strict=True)
    )


def test_table_3_is_as_printed():
    expected = {
        "ReLU": "9 0 0",
        "LReLU": "7 1 1",
        "PReLU": "6 3 0",
        "Softplus": "6 2 1",
        "ELU": "8 0 1",
        "SELU": "8 1 0",
        "GELU": "8 1 0",
    }
    assert cells(published.table(3)) == {
        f"Swish vs {name}": row.split() for name, row in expected.items()
    }


@pytest.mark.parametrize("variant", RECOUNT)
def test_recount_follows_the_rule(variant):
    found = {
        row[1]: (*row[2:5], round(row[5], 4))
        for row in published.recount().rows
        if row[0] == variant
    }
    assert found == RECOUNT[variant]


def test_where_swish_does_not_win():
    rows = {row[0]: row for row in published.discrepancies().rows}
    assert rows["LReLU"][4] == "WRN-28-10, 12-layer Base Transformer"
    assert rows["LReLU"][5] == "Inception-v4"
    assert rows["Softplus"][4] == "preact ResNet-164, Inception-v4"
    assert rows["ELU"][4] == "Inception-v4"
    assert rows["GELU"][5] == "WRN-28-10"
    assert rows["SELU"][1] == "8/1/0"
    assert rows["SELU"][3] == rows["SELU"][6] == "9/0/0"
    assert "Swish-1 for 4 of 7" in published.discrepancies().note
    p_values = [round(row[2], 4) for row in rows.values()]
    assert p_values == [0.002, 0.0352, 0.0156, 0.0625, 0.0195, 0.0039, 0.0039]


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (0, 3), (5, 2), (9, 0)])
def test_sign_test_is_a_binomial_tail(better, worse):
    throws = better + worse
    tail = sum(math.comb(throws, k) for k in range(better, throws + 1))
    assert counting.sign_test(better, worse) == pytest.approx(tail / 2**throws)


def test_markdown_and_latex_escape():
    table = tables.Table("A_1", ("f", "p"), [("a*|x|^2", 0.00391), ("b", None)])
    markdown = tables.to_markdown(table)
    assert r"| a\*\|x\|^2 | 0.0039 |" in markdown
    assert "| b | - |" in markdown
    latex = tables.to_latex(table)
    assert r"a*\textbar{}x\textbar{}\textasciicircum{}2 & 0.0039 \\" in latex
    assert r"\caption{A\_1." in latex
