"""Children that are trained at once, against those of the tasks."""

import numpy as np
import pytest

from experiments.benchmark import __main__ as benchmark
from experiments.benchmark import population
from experiments.benchmark.parts import populations
from tests.searching import rows

# The second diverges in the first step.
FUNCTIONS = ("x * sigmoid(beta * x)", "exp(100 + x ** 2)", "sin(x)")


@pytest.mark.parametrize("task", [*populations.LOSSES])
def test_a_child_does_not_see_its_neighbours(task):
    together = populations.Descents(task, FUNCTIONS)
    for stop in (2, 5):
        together.run_to(stop)
    assert together.losses.shape == (5, 3)
    assert not np.isfinite(together.losses[:, 1]).any()
    for place in (0, 2):
        alone = populations.alone(task, FUNCTIONS[place])
        alone.run_to(5)
        expected = alone.losses
        assert len({*expected.tolist()}) == 5
        np.testing.assert_allclose(
            together.losses[:, place], expected, rtol=2e-5
        )


def measured(task, size, functions):
    """In the place of minutes of training; alone, the third diverges."""
    assert task == "physics"
    last = [float(n) for n in range(len(functions))]
    traced, steps = (1.0, 2.0) if size == 1 else (0.5, 4.0)
    if size == 1:
        last[2] = np.nan
    return {
        "traced": [traced for _ in functions],
        "steps": [steps for _ in functions],
        "last": last,
        "megabytes": 100.0 * size,
    }


def test_the_rows_are_of_functions_that_complete(tmp_path, monkeypatch):
    asked = []

    def measure(task, size, functions):
        asked.append((size, functions))
        return measured(task, size, functions)

    monkeypatch.setattr(populations, "measure", measure)
    words = ["population", "--tasks", "physics", "--functions", "3"]
    words += ["--directory", str(tmp_path)]
    benchmark.main([*words, "--sizes", "2"])
    (_, drawn), (size, functions) = asked
    assert size == 2 and len(drawn) == 6
    assert functions == [drawn[0], drawn[1], drawn[3]]
    alone, together = rows(tmp_path / "population.csv")
    assert [float(alone[n]) for n in ("seconds", "relative")] == [3, 1]
    assert float(together["relative"]) == 1.5
    assert float(together["ranks"]) == pytest.approx(1)
    # What is there is not measured again.
    benchmark.main([*words, "--sizes", "2", "--resume"])
    assert len(asked) == 2
    benchmark.main([*words, "--sizes", "2", "4", "--resume"])
    found = [row["children"] for row in rows(tmp_path / "population.csv")]
    assert found == ["1", "2", "4"]
    assert (*alone,) == population.COLUMNS
