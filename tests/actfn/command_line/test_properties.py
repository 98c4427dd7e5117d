"""What `python -m actfn show` says of functions of one input."""

import pytest

import actfn
from actfn import __main__ as command
from actfn.command_line.properties import properties

ALL = "all numbers"
# Domain, limits to the left and to the right, and whether it is monotone.
SHEETS = {
    "sign(x)": (ALL, "-1", "1", "yes, rising"),
    "x > 1": (ALL, "0", "1", "yes, rising"),
    "-(x > 1)": (ALL, "0", "-1", "yes, falling"),
    "where(x > 0, x - 5, x)": (ALL, "-infinity", "infinity", "no, it turns 2"),
    "exp(exp(x))": (ALL, "1", "infinity", "yes, rising"),
    "-exp(exp(x))": (ALL, "-1", "-infinity", "yes, falling"),
    "x ** 0.5": ("[0, infinity)", "undefined", "infinity", "yes, rising"),
    "(3 - x) ** 0.5": ("(-infinity, 3]", "infinity", "undefined", "yes, fall"),
    "log(x)": ("(0, infinity)", "undefined", "infinity", "yes, rising"),
    "1 / sqrt(1 + abs(x))": (ALL, "0", "0", "no, it turns 1 time"),
    "tanh(x)": (ALL, "-1", "1", "yes, rising"),
    "sin(x)": (ALL, "none", "none", "no, it turns"),
    "x * cos(x)": (ALL, "none", "none", "no, it turns"),
    "x * sin(x)": (ALL, "none", "none", "no, it turns"),
    "x + sin(x)": (ALL, "-infinity", "infinity", "yes, rising"),
    "x ** 2 * sin(x)": (ALL, "none", "none", "no, it turns"),
    "max(x, 0)": (ALL, "0", "infinity", "yes, rising, flat in parts"),
}


@pytest.mark.parametrize("text", SHEETS)
def test_domain_limits_and_monotony(text):
    domain, left, right, monotone = SHEETS[text]
    found = properties(actfn.parse(text), {})
    assert found.domain == domain
    assert (found.left, found.right) == (left, right)
    assert found.monotone.startswith(monotone)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x * sin(x)", "from -infinity to infinity"),
        ("x * cos(x)", "from -infinity to infinity"),
        ("sin(x)", "from -1 to 1"),
        ("max(x, 0) * sin(x)", "from -infinity to infinity"),
        ("(1 + x) / cos(x)", "from -infinity to infinity"),
        ("x ** 2 * sin(x) ** 2", "from 0 to infinity"),
        ("tanh(x) * cos(x)", "from -1 to 1"),
    ],
)
def test_the_range_of_what_swings(text, found):
    assert properties(actfn.parse(text), {}).range == found


def test_slopes_that_vanish_slowly():
    found = properties(actfn.parse("sqrt(abs(x))"), {})
    assert (found.left_slope, found.right_slope) == ("0", "0")
    found = properties(actfn.parse("x ** 0.5"), {})
    assert (found.left_slope, found.right_slope) == ("undefined", "0")


@pytest.mark.parametrize("text", ["-softplus(-x)", "-x", "-heaviside(x)", "-1"])
def test_a_function_may_begin_with_a_minus(text, capsys):
    command.main(["show", text])
    first = capsys.readouterr().out.splitlines()[0]
    assert first.split(maxsplit=1) == ["function", text]


def test_random_first_values_are_said_to_be(capsys):
    said = {}
    for name in ("acon_c", "swish"):
        command.main(["show", name])
        lines = capsys.readouterr().out.splitlines()
        (said[name],) = (row for row in lines if row.startswith("parameters"))
    assert said["swish"].split(maxsplit=1)[1] == "beta = 1"
    assert said["acon_c"].endswith("1; beta and beta1 random at first, 1 here")


@pytest.mark.parametrize("word", ["--nosuch", "-h"])
def test_options_are_options_still(word, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["show", "x", word])
    assert ended.value.code == (0 if word == "-h" else 2)
