"""The code and the commands of docs/own_model.md run as they stand there."""

import pathlib
import re
import shlex
import sys

import keras
import pytest

import actfn.__main__ as command

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "docs" / "own_model.md"
TEXT = PAGE.read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"^python -m actfn (.*)$", TEXT, re.MULTILINE)
TINY = "--epochs 1 --repeats 2 --batch-size 512"
SHORT = {
    "search": f"{TINY} --trials 1 --control 0 --finalists 1 --baselines relu",
    "compare": TINY,
}


def shortened(block):
    """Returns a block with few short trainings, which need no graph."""
    few = {"epochs": 1, "batch_size": 512, "trials": 2, "repeats": 2}
    for name, number in few.items():
        block = re.sub(rf'({name}"?(?:=|: ))\d+', rf"\g<1>{number}", block)
    return block.replace("metrics=", "run_eagerly=True, metrics=")


def test_the_first_example_and_the_comparison_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    exec(shortened(BLOCKS[0]), namespace)
    found = namespace["found"]
    assert len([t for t in found.trials if t.status != "cached"]) == 2
    assert {row["runs"] for row in found.leaderboard} <= {1, 2}
    for path in found.directory.iterdir():
        if path.name != ".lock":
            assert f"`{path.name}{'/' * path.is_dir()}`" in TEXT
    exec(shortened(BLOCKS[1]), namespace)
    assert namespace["model"].compiled
    exec(shortened(BLOCKS[2]), namespace)
    compared = {row["expression"] for row in namespace["found"].leaderboard}
    assert compared == {"relu", *namespace["known"]}
    keras.backend.clear_session()


@pytest.mark.parametrize("words", COMMANDS)
def test_the_commands_run(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    build = shortened(BLOCKS[0]).split("settings =")[0]
    data = "\n\ndef data():\n    return x, y\n"
    (tmp_path / "mine.py").write_text(build + data)
    arguments = shlex.split(words)
    command.main([*arguments, *SHORT[arguments[0]].split()])
    sys.modules.pop("mine", None)
    assert re.search("keep relu|switch to", capsys.readouterr().out)
