"""The commands of docs/own_data.md do what it says."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from tests.searching import rows

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "own_data.md").read_text()
BLOCKS = re.findall(r"```(python)?\n(.*?)```", PAGE, re.DOTALL)
SHORT = {
    "search": "--trials 2 --steps 4 --finalists 1 --repeats 1 --no-control",
    "train": "--steps 2",
}


@pytest.mark.slow
def test_the_page_can_be_followed(tmp_path):
    # The data alone: a package there would be taken for the project's.
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "data").symlink_to(ROOT / "experiments/data")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seen = []
    for kind, text in BLOCKS:
        if kind:
            commands = [[sys.executable, "-c", text]]
        else:
            commands = [shlex.split(line) for line in text.splitlines()]
        for command in commands:
            if not kind:
                program = command[2].removeprefix("experiments.")
                command = [sys.executable, *command[1:]]
                command += SHORT[program].split()
                seen.append(command[command.index("--directory") + 1])
            done = subprocess.run(
                command,
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=600,
            )
            assert done.returncode == 0, done.stderr
    assert len(seen) == 5
    for directory in seen:
        folder = tmp_path / directory
        results = rows(folder / "results.csv")
        assert results and "failed" not in {row["status"] for row in results}
