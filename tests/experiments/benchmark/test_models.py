import csv

import pytest

from experiments.benchmark import models as benchmark_models


def test_rows_are_relative_to_relu(tmp_path, capsys):
    folder = tmp_path / "new"
    words = "--models resnet8 --activations swish swish_1 --batch 2 --rounds 2"
    arguments = f"{words} --directory {folder}".split()
    benchmark_models.main(arguments)
    with (folder / "models.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["activation"] for row in rows] == ["relu", "swish", "swish_1"]
    relu = float(rows[0]["examples_per_second"])
    assert float(rows[0]["relative_to_relu"]) == 1
    for row in rows:
        share = float(row["examples_per_second"]) / relu
        assert float(row["relative_to_relu"]) == pytest.approx(share, rel=0.01)
        assert "cores" in row["machine"]
    kept = (folder / "models.csv").read_text()
    benchmark_models.main([*arguments, "--resume"])  # nothing is left
    assert (folder / "models.csv").read_text() == kept
    # Killed within the rows of a model: all of it is measured again.
    lines = kept.splitlines(keepends=True)
    (folder / "models.csv").write_text("".join(lines[:3]))
    benchmark_models.main([*arguments, "--resume"])
    with (folder / "models.csv").open() as file:
        again = [row["activation"] for row in csv.DictReader(file)]
    assert again == ["relu", "swish", "swish_1"]


@pytest.mark.parametrize(
    "arguments",
    [
        "--models resnet9",
        "--models resnet8 --batch 0",
        "--activations nonsense(",
        "--directory /proc/nowhere",
    ],
)
def test_wrong_arguments_end_with_one_line(arguments, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        benchmark_models.main(
            ["--directory", str(tmp_path), *arguments.split()]
        )
    assert stop.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("python -m experiments.benchmark models:")
