"""`python -m actfn show` of functions of two inputs, and what it prints."""

import subprocess
import sys

import pytest

import actfn
from actfn.command_line import properties, two_inputs

SHEETS = {
    "swiglu": ("all x and y", "from -infinity to infinity"),
    "maxout": ("all x and y", "from -infinity to infinity"),
    # The least value of swish, in the limit of large y.
    "swish_1(x) * sigmoid(y)": ("all x and y", "from -0.2785 to infinity"),
    "tanh(x) * sigmoid(y)": ("all x and y", "from -1 to 1"),
    "sin(x) * cos(y)": ("all x and y", "from -1 to 1"),
    "rbf(x, y, beta)": ("all x and y", "from 0 to 1"),
    "log(x) * sigmoid(y)": (
        "x in (0, infinity)",
        "from -infinity to infinity",
    ),
    "sqrt(x) * log(y)": ("y in (0, infinity)", "from -infinity to infinity"),
    "log(x) + log(y)": (
        "x in (0, infinity) and y in (0, infinity)",
        "from -infinity to infinity",
    ),
    "reciprocal(x) * gauss(y)": (
        "x in (-infinity, 0) and (0, infinity)",
        "from -infinity to infinity",
    ),
    "log(x + y)": ("50 % of [-20, 20] x [-20, 20]", "from -infinity to"),
    "log(-1 - x ** 2) * y": ("nothing", "nothing"),
}


@pytest.mark.parametrize("text", SHEETS)
def test_domain_and_range(text):
    domain, values = SHEETS[text]
    expression = actfn.get(text).expression
    found = dict(two_inputs.sheet(expression, {}))
    assert found["domain"] == domain
    assert found["range"].startswith(values)


def test_the_slices_are_the_function_at_some_y():
    expression = actfn.parse("x * y")
    drawn = two_inputs.text_slices(expression, {})
    lines = drawn.splitlines()
    canvas = [line[8:] for line in lines[:-2]]
    assert "* y = 2, . y = 0.5, o y = -2" in lines[-1]
    # 2 * x leaves the box at the upper right, -2 * x at the upper left.
    assert canvas[0].endswith("*" * 17) and canvas[0].startswith("o" * 17)
    assert canvas[-1].endswith("o" * 17) and canvas[-1].startswith("*" * 17)
    middle = [row.count(".") for row in canvas]
    assert sum(middle) > 50 and middle[0] == middle[-1] == 0
    assert len(properties.across()) == len(canvas[0])


@pytest.mark.parametrize("text", ["swiglu", "swish(x) * y"])
def test_show(text, tmp_path):
    picture = tmp_path / "map.png"
    done = subprocess.run(
        [sys.executable, "-m", "actfn", "show", text, "--picture", picture],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        r"\cdot y",
        "domain     all x and y",
        "range      from -infinity to infinity",
        "keeps 1 tensor",
        "* y = 2, . y = 0.5, o y = -2",
    ):
        assert line in done.stdout
    assert ("arXiv:2002.05202" in done.stdout) == (text == "swiglu")
    assert picture.read_bytes()[1:4] == b"PNG"
