"""What the programs set before TensorFlow is there to read it."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import os, runpy, sys

class WhenTensorFlowIsImported:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("keras", "tensorflow"):
            said = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "nothing")
            os.write(1, said.encode())
            os._exit(0)

sys.meta_path.insert(0, WhenTensorFlowIsImported())
program = sys.argv.pop(1)
runpy.run_module(f"experiments.{program}", run_name="__main__")
"""


@pytest.mark.parametrize("given", [None, "0"])
@pytest.mark.parametrize("program", ["search", "tabulate", "train"])
def test_programs_that_train_compute_by_onednn(program, given):
    name = "TF_ENABLE_ONEDNN_OPTS"
    environment = {k: v for k, v in os.environ.items() if k != name}
    if given is not None:
        environment[name] = given
    config = ["--config", "cifar10_half_size_resnet20"]
    words = [program, *(config if program == "train" else [])]
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert found.stdout == (given or "1"), found.stderr
