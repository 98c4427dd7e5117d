"""Catalog names where Keras takes a string; modules on first use."""

import contextlib
import io
import subprocess
import sys

import keras
import numpy as np
import pytest

import actfn
import actfn.__main__ as program

PLAIN = [
    n for n in actfn.catalog.names() if not actfn.catalog.entry(n).trainable
]
TRAINABLE = sorted({*actfn.catalog.names()} - {*PLAIN})


@pytest.mark.parametrize("name", PLAIN)
def test_keras_finds_every_function_without_parameters(name):
    function = keras.activations.get(f"actfn>{name}")
    x = np.linspace(-2, 2, 8, dtype="float32")[None, :]
    np.testing.assert_allclose(function(x), actfn.get(name)(x), rtol=1e-6)
    again = keras.activations.deserialize(keras.activations.serialize(function))
    assert again is function


@pytest.mark.parametrize("name", TRAINABLE)
def test_those_with_parameters_point_to_the_layer(name):
    function = keras.activations.get(f"actfn>{name}")
    with pytest.raises(ValueError, match=rf"actfn\.get\('{name}'\) as a layer"):
        function(np.zeros((1, 2), "float32"))


def test_keras_keeps_its_own_names():
    assert keras.activations.get("mish") is keras.activations.mish
    np.testing.assert_allclose(
        keras.activations.get("actfn>relu")(np.array([[-1, 2]])), [[0, 2]]
    )


RELOAD = """
import sys
import keras, numpy
import actfn
model = keras.models.load_model(sys.argv[1])
print(float(keras.ops.sum(model(numpy.ones((1, 3), "float32")))))
"""


def test_saves_and_loads_in_a_fresh_process(tmp_path):
    model = keras.Sequential(
        [
            keras.layers.Dense(4, activation="actfn>telu"),
            keras.layers.Activation("actfn>mish"),
        ]
    )
    expected = float(keras.ops.sum(model(np.ones((1, 3), "float32"))))
    path = tmp_path / "model.keras"
    model.save(path)
    done = subprocess.run(
        [sys.executable, "-c", RELOAD, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) == pytest.approx(expected, rel=1e-6)


LAZY = """
import sys
import actfn
for name in ("analysis", "search", "export"):
    assert f"actfn.{name}" not in sys.modules, name
assert {"analysis", "search", "export"} <= set(dir(actfn))
print(actfn.search.RandomPolicy, actfn.analysis.curve, actfn.export.export)
assert not hasattr(actfn, "nothing")
"""


def test_modules_load_on_first_use():
    subprocess.run([sys.executable, "-c", LAZY], check=True)


def command(*arguments):
    out, err, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            program.main(arguments)
        except SystemExit as ended:
            status = ended.code
    return status, out.getvalue(), err.getvalue()


def test_list_prints_the_table():
    status, out, err = command("list", "--format", "csv")
    assert (status, err) == (0, "")
    names = (*actfn.catalog.names(), *actfn.catalog.gated_names())
    lines = out.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["name", *names]
    assert "telu,x * tanh(exp(x))," in out
    assert "swiglu,swish_1(x) * y," in out


def test_show_says_what_a_function_is_like(tmp_path):
    picture = tmp_path / "curve.png"
    words = ("show", "x * sigmoid(x)", "--picture", str(picture))
    status, out, err = command(*words)
    assert (status, err) == (0, "")
    for line in (
        r"LaTeX      x \cdot \sigma\left(x\right)",
        "domain     all numbers",
        "range      from -0.2785 to infinity",
        "limits     0 to the left, infinity to the right",
        "monotone   no, it turns 1 time",
    ):
        assert line in out
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize("arguments", [["show", "lgo(x)"], ["nothing"], []])
def test_a_bad_argument_ends_with_one_line(arguments):
    status, _, err = command(*arguments)
    assert status == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "domain", "values", "monotone"),
    [
        ("log(x)", "(0, infinity)", "from -infinity to infinity", "rising"),
        ("tanh(x)", "all numbers", "from -1 to 1", "rising"),
        ("exp(-x)", "all numbers", "from 0 to infinity", "falling"),
        (
            "reciprocal(x)",
            "(-infinity, 0) and (0, infinity)",
            "from -infinity to infinity",
            "falling",
        ),
        ("x ** 2", "all numbers", "from 0 to infinity", "no, it turns 1 time"),
    ],
)
def test_properties(text, domain, values, monotone):
    from actfn.command_line.properties import properties

    found = properties(actfn.parse(text), {})
    assert found.domain == domain
    assert found.range == values
    assert monotone in found.monotone


def test_the_table_in_the_documentation_is_the_catalogs():
    import pathlib

    from actfn.command_line import list as listing

    page = pathlib.Path(__file__).parents[2] / "docs" / "functions.md"
    expected = listing.table(listing.rows(), "markdown")
    assert page.read_text().split("<!-- table -->\n\n")[1] == expected
