import pytest

from actfn.search.books.tables import read_rows
from experiments.benchmark import (
    __main__ as benchmark,
)
from experiments.benchmark import (
    tiny as benchmark_tiny,
)
from experiments.benchmark.parts import tables

ONE = ("--configs", "cifar10_half_size_resnet20")


@pytest.mark.slow
def test_a_config_is_timed_from_command_to_row(tmp_path):
    benchmark.main(["tiny", *ONE, "--directory", str(tmp_path)])
    (row,) = read_rows(tmp_path / "tiny.csv")
    assert tuple(row) == benchmark_tiny.COLUMNS
    assert (row["config"], row["steps"]) == (ONE[1], "60")
    assert float(row["seconds"]) > float(row["step_seconds"]) > 0
    assert 0 < float(row["waiting"]) < 1


@pytest.mark.slow
def test_a_config_that_fails_is_named_with_its_reason(tmp_path, capsys):
    arguments = ["tiny", *ONE, "--activation", "swosh"]
    with pytest.raises(SystemExit) as stop:
        benchmark.main([*arguments, "--directory", str(tmp_path)])
    assert stop.value.code == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"{ONE[1]} should end with one row" in message
    assert "exit status 2" in message and "swish" in message


@pytest.mark.parametrize(
    "arguments",
    [["--threads", "0"], ["--configs", "mine"], ["--directory", "/proc/new"]],
)
def test_wrong_arguments_end_with_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        benchmark.main(["tiny", *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_table_sums_up():
    row = {
        "config": "a",
        "steps": "7",
        "seconds": "100.4",
        "step_seconds": "60.6",
        "waiting": "0.0123",
        "threads": "2",
        "machine": "an abacus",
    }
    lines = tables.tiny([row, row | {"seconds": "79.6"}]).splitlines()
    assert lines[2] == "| `a` | 7 | 100 | 61 | 1.2% |"
    assert "3 minutes in all; threads of an operation: 2." in lines
