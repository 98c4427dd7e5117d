import csv
import io
import pathlib
import re

import pytest

import models
from models import __main__ as command
from models.cost import multiply_adds, parameters

slow = pytest.mark.slow
PAGE = pathlib.Path(models.__file__).parents[1] / "docs" / "models.md"


# Millions of multiply-adds as printed: MobileNet in arXiv:1704.04861, Table 4,
# the others in arXiv:1707.07012, Tables 2 and 3.
@pytest.mark.parametrize(
    "name,published,digits",
    [
        ("mobilenet", 569, 0),
        pytest.param("nasnet_a_mobile", 564, 0, marks=slow),
        pytest.param("inception_v3", 5_720, -1, marks=slow),
        pytest.param("inception_resnet_v2", 13_200, -2, marks=slow),
    ],
)
def test_multiply_adds_are_the_published_ones(
    swish_model, name, published, digits
):
    model = swish_model(name, batch_norm_scale=False)
    millions = multiply_adds(model) / 1e6
    tolerance = 0.5 * 10**-digits * 1.5
    assert millions == pytest.approx(published, abs=tolerance)


def test_transformer_by_hand():
    model = models.build(
        "transformer", depth=1, width=8, hidden=16, heads=2, vocabulary=10
    )
    steps = 5
    attention = 4 * 8 * 8 * steps + 2 * 8 * steps * steps
    dense = 2 * 8 * 16 * steps
    by_hand = 3 * attention + 2 * dense + steps * 8 * 10
    assert multiply_adds(model, steps) == by_hand


def test_command_lists_a_model(capsys):
    command.main(["resnet20", "--format", "csv"])
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    model = models.build("resnet20")
    assert row["model"] == "resnet20"
    assert row["default"] == f"{parameters(model):,}" == "269,722"
    assert row["activation_sites"] == "19"
    command.main(["resnet20"])
    assert "| resnet20 | 269,722 | 0.27M |" in capsys.readouterr().out


def test_command_updates_a_page(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- end -->\nafter\n")
    command.main(["resnet8", "--update", str(page)])
    text = page.read_text()
    assert text.startswith("before\n<!-- table -->\n| model |")
    assert text.endswith("|\n<!-- end -->\nafter\n")
    assert "| resnet8 |" in text and "old" not in text
    page.write_text("no place")
    with pytest.raises(SystemExit):
        command.main(["resnet8", "--update", str(page)])
    assert "<!-- table -->" in capsys.readouterr().err
    assert page.read_text() == "no place"


def test_command_refuses_unknown_names(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["resnet21"])
    assert stop.value.code == 2
    assert "resnet20" in capsys.readouterr().err


def test_the_page_is_up_to_date(capsys):
    """The rows of small models; the whole table takes a minute."""
    text = PAGE.read_text(encoding="utf-8")
    for name in ("resnet20", "densenet_bc_100_12", "mobilenet"):
        command.main([name])
        line = capsys.readouterr().out.splitlines()[-1]
        assert line in text
    listed = re.findall(r"^\| (\w+) \| [\d,]+ \|", text, re.MULTILINE)
    assert listed == list(command._REFERENCES)
