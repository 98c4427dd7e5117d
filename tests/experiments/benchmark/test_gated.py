"""The benchmark of gates: equal parameters, paired seeds, resume."""

import pytest

from actfn.search.books.tables import read_rows
from experiments.benchmark import gated


def test_parameters_match():
    counts = {
        name: gated.language_model(name, 40, depth=1).count_params()
        for name in ("gelu", "swiglu")
    }
    assert counts["swiglu"] == pytest.approx(counts["gelu"], rel=0.005)


def test_a_run_is_trained_once(tmp_path, monkeypatch):
    trained = []

    def train(function, seed, steps):
        trained.append((function, seed))
        row = dict.fromkeys(gated.COLUMNS, 1.0)
        return row | {"function": function, "seed": seed, "steps": steps}

    monkeypatch.setattr(gated, "train", train)
    command = ["--directory", str(tmp_path), "--steps", "3", "--functions"]
    gated.main([*command, "gelu", "glu", "--seeds", "1"])
    gated.main([*command, "gelu", "glu", "--seeds", "2"])
    assert trained == [("gelu", 0), ("glu", 0), ("gelu", 1), ("glu", 1)]
    assert len(read_rows(tmp_path / "gated.csv")) == 4


@pytest.mark.slow
def test_it_learns(tmp_path):
    first, later = (gated.train("swiglu", 0, steps) for steps in (2, 60))
    assert later["validation_nats"] < first["validation_nats"]


def test_an_unknown_function_ends_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        gated.main(["--directory", str(tmp_path), "--functions", "swiglo"])
    assert ended.value.code == 2
    assert "swiglo" in capsys.readouterr().err
