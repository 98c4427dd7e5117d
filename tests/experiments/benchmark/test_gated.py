"""The benchmark of gates: equal parameters, paired seeds, resume, table."""

import numpy as np
import pytest
from scipy import stats

from actfn.search.books.tables import read_rows
from experiments import tasks
from experiments.benchmark import gated
from experiments.benchmark.parts import gates
from experiments.tasks.child import Scored


def count(function, task, setting):
    return task.build(setting, None, task.candidate(function)).count_params()


@pytest.mark.parametrize("setting", ["quick", "larger"])
def test_parameters_match(setting):
    task = tasks.get("text")
    chosen = task.settings[setting]
    plain, gate = (count(name, task, chosen) for name in ("gelu", "swiglu"))
    assert gate == pytest.approx(plain, rel=0.005)
    assert gate != plain  # The layers are others.


def test_a_gate_trains_in_the_text_task():
    task = tasks.get("text")
    setting = gated.chosen_setting("quick", 12)
    for function in ("swiglu", "gate(x, sin(y))"):
        (row,) = gated.rows("quick", 12, [(function, 0)])
        assert row["steps"] == setting.steps == 12
        # Guessing is worth the logarithm of 256.
        assert row["loss"] < task.metrics["loss"].floor - 0.5


def test_a_child_is_trained_once(tmp_path, monkeypatch):
    trained = []

    def train(task, setting, data, function, seed):
        trained.append((function, seed, setting.steps))
        return Scored({"loss": 2.0 + seed, "area": 3.0}, seconds=1.0)

    monkeypatch.setattr(gated, "train", train)
    command = ["--directory", str(tmp_path), "--functions", "gelu", "glu"]
    gated.main([*command, "--steps", "3", "--seeds", "1"])
    gated.main([*command, "--steps", "3", "--seeds", "2"])
    expected = [("gelu", 0, 3), ("glu", 0, 3), ("gelu", 1, 3), ("glu", 1, 3)]
    assert trained == expected
    gated.main([*command, "--steps", "4", "--seeds", "1"])  # Another setting.
    assert trained[4:] == [("gelu", 0, 4), ("glu", 0, 4)]
    rows = read_rows(tmp_path / "gated.csv")
    assert [float(row["loss"]) for row in rows] == [2, 2, 3, 3, 2, 2]
    assert {row["parameters"] for row in rows} == {"133120", "133032"}


def row(function, seed, loss, key="a"):
    return {
        "function": function,
        "setting": "quick",
        "key": key,
        "steps": "600",
        "seed": str(seed),
        "parameters": "133120",
        "loss": str(loss),
        "seconds": "30",
    }


def test_the_table_is_of_whole_pairs():
    rng = np.random.default_rng(2)
    plain = rng.normal(2.5, 0.02, 6)
    gate = plain - rng.normal(0.03, 0.004, 6)
    rows = [row("gelu", 0, 9.0, key="old"), row("glu", 0, 1.0, key="old")]
    rows += [row("gelu", seed, loss) for seed, loss in enumerate(plain)]
    rows += [row("glu", seed, loss) for seed, loss in enumerate(gate)]
    rows.append(row("gelu", 6, 0.5))  # Its pair is still to come.
    first, second = gates.table(rows).splitlines()[2:4]
    gains = plain - gate
    reach = stats.sem(gains) * stats.t.ppf(0.975, 5)
    margin = 0.1 * plain.std(ddof=1)
    p = stats.ttest_1samp(gains, margin, alternative="greater").pvalue
    low, high = gains.mean() - reach, gains.mean() + reach
    assert first == (
        f"| `glu` | 133,120 | {gate.mean():.4f} ± {gate.std(ddof=1):.4f} | "
        f"{gains.mean():.4f} | {low:.4f} to {high:.4f} | {p:.2g} |"
    )
    assert second.startswith(f"| `gelu` | 133,120 | {plain.mean():.4f} ± ")
    assert "6 paired seeds, 600 steps" in gates.table(rows)


def test_an_unknown_function_ends_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        gated.main(["--directory", str(tmp_path), "--functions", "swiglo"])
    assert ended.value.code == 2
    assert "swiglo" in capsys.readouterr().err
