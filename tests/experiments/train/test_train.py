import os
import pathlib
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from actfn.search.books.tables import read_rows
from experiments.compare import runs
from experiments.train import __main__ as train
from experiments.train import rows

RECIPE = """
dataset = "fashion_mnist_subset"
preprocessing = "cifar"
model = "wide_resnet"
model_options = { depth = 10, width = 1, dropout = 0.3 }
batch_size = 16
steps = 60
optimizer = "sgd"
schedule = "drops"
learning_rates = [0.1]
average_decay = 0.99
evaluation_limit = 50
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "fashion_mnist_wide_resnet.toml"
    path.write_text(RECIPE)
    return path


def command(recipe, directory, *more):
    program = [sys.executable, "-m", "experiments.train"]
    program += ["--config", str(recipe), "--directory", str(directory)]
    return [*program, *map(str, more)]


def start(*arguments):
    return subprocess.Popen(
        command(*arguments),
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output + errors


def final_weights(directory):
    (path,) = directory.glob("*/final.weights.h5")
    arrays = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                arrays.update({name: item[()]})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    return arrays


@pytest.mark.slow
def test_a_killed_run_ends_with_the_weights_of_a_whole_one(recipe, tmp_path):
    flags = ("--activation", "swish", "--checkpoint-every", 10, "--resume")
    whole, part = tmp_path / "whole", tmp_path / "part"
    finish(start(recipe, whole, *flags))
    process = start(recipe, part, *flags)
    while not list(part.glob("*/checkpoints/ckpt-2*.index")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (part / "results.csv").exists()
    finish(start(recipe, part, *flags))
    expected = final_weights(whole)
    found = final_weights(part)
    assert expected.keys() == found.keys() and expected
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    scores = [
        [read_rows(d / "results.csv")[0][c] for c in ("test_accuracy", "steps")]
        for d in (whole, part)
    ]
    assert scores[0] == scores[1]


@pytest.mark.slow
def test_two_processes_share_a_grid(recipe, tmp_path):
    grid = ("--activation", "relu", "max(x, sin(x))", "--runs", 2)
    more = ("--set", "validation=0.01", "--learning-rate", 0.1, 0.05)
    both = [
        start(recipe, tmp_path, *grid, *more, "--steps", 10, "--resume")
        for _ in range(2)
    ]
    reports = [finish(process).count("completed") for process in both]
    assert sum(reports) == 8
    table = read_rows(tmp_path / "results.csv")
    assert len({rows.key(row) for row in table}) == len(table) == 8
    assert len(runs.read([tmp_path / "results.csv"])) == 8


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "cifar10_half_size_resnet20",
        "imagenet_mobilenet",
        "wmt14_transformer_base",
    ],
)
def test_one_config_of_each_kind_runs_tiny(name, tmp_path):
    finish(start(name, tmp_path, "--tiny", "--activation", "swish"))
    (row,) = read_rows(tmp_path / "results.csv")
    assert row["config"] == f"{name}_tiny"
    assert row["status"] == "completed"
    assert float(row["seconds"]) > 0
    assert row["provenance"] and row["versions"] and row["machine"]
    assert runs.read([tmp_path / "results.csv"])


def failure(capsys, *arguments):
    """Returns the one line that the program ends with."""
    with pytest.raises(SystemExit) as caught:
        train.main([str(argument) for argument in arguments])
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1, message
    return message


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (("--config", "cifar10_resnet"), "perhaps cifar10_resnet164?"),
        (("--activation", "swosh"), "swish"),
        (("--learning-rate", "0"), "learning_rates should be positive"),
        (("--learning-rate", "fast"), "invalid float value: 'fast'"),
        (("--steps", "-3"), "steps should be positive. Received: -3"),
        (("--runs", "0"), "runs should be 1 or more. Received: 0"),
        (("--set", "batchsize=3"), "perhaps batch_size?"),
        (("--set", "batchsize=3", "--set", "steps=3"), "batch_size?"),
        (("--set", "batch_size"), "set should be KEY=VALUE"),
        (("--set", 'batch_size="3"'), "batch_size should be of type int"),
        (("--dataset", "cifra10", "--data-dir", "."), "dataset should be one"),
        (("--learning-rate", "1", "2"), "validation should be above 0"),
    ],
)
def test_wrong_arguments_end_with_one_line(
    arguments, expected, tmp_path, capsys
):
    config = (
        () if "--config" in arguments else ("--config", "cifar10_resnet164")
    )
    message = failure(capsys, *config, "--directory", tmp_path, *arguments)
    assert expected in message
    assert not (tmp_path / "results.csv").exists()


@pytest.mark.parametrize(
    "config, expected",
    [
        ("cifar10_resnet164", "tfds.load('cifar10'"),
        ("imagenet_mobilenet", "ILSVRC2012_img_train.tar"),
        ("wmt14_transformer_base", "wmt14_translate/de-en"),
    ],
)
def test_missing_data_say_what_to_do_and_where_they_were_sought(
    config, expected, tmp_path, capsys
):
    message = failure(
        capsys,
        "--config",
        config,
        "--data-dir",
        tmp_path,
        "--directory",
        tmp_path / "out",
    )
    assert expected in message and str(tmp_path) in message


def test_a_results_file_with_a_broken_last_line_is_left_alone(
    recipe, tmp_path, capsys
):
    header = ",".join(rows.COLUMNS) + "\n"
    text = f"{header}cifar10_resnet164,cif"
    path = tmp_path / "results.csv"
    path.write_text(text)
    message = failure(capsys, "--config", recipe, "--directory", tmp_path)
    assert "line 2: the last line should end with a line break" in message
    assert path.read_text() == text


def test_a_results_file_of_another_program_is_left_alone(
    recipe, tmp_path, capsys
):
    path = tmp_path / "results.csv"
    path.write_text("trial,reward\n")
    message = failure(capsys, "--config", recipe, "--directory", tmp_path)
    assert (
        "line 1: the header should have the columns config,dataset" in message
    )


def test_runs_that_are_there_are_neither_lost_nor_repeated(
    recipe, tmp_path, capsys
):
    folder = tmp_path / "fashion_mnist_wide_resnet-relu-0.1-0"
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    arguments = ("--config", recipe, "--directory", tmp_path)
    assert "give --resume" in failure(capsys, *arguments)


def test_help_names_every_config(capsys):
    with pytest.raises(SystemExit) as caught:
        train.main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    files = pathlib.Path(train.__file__).parents[1].glob("configs/*.toml")
    assert all(path.stem in text.replace("\n", "") for path in files)
