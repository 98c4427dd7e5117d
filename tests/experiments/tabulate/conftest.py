"""What tests of the open table share: a small one, drawn, not trained."""

import zlib

import numpy as np
import pytest

from experiments.tabulate import __main__ as tabulate
from experiments.tabulate import rows, stages
from experiments.tasks.child import Scored


@pytest.fixture
def one_best(monkeypatch):
    """Of so few functions, one alone is trained with all seeds."""
    monkeypatch.setattr(stages, "BEST", 1)


@pytest.fixture
def no_training(monkeypatch):
    """Children whose scores are drawn, where it is not of them."""

    def drawn(task, setting, data, candidate, seed, signs):
        words = f"{candidate.activation} {seed}".encode()
        rng = np.random.default_rng(zlib.crc32(words))
        if candidate.activation.startswith("x * x"):
            nothing = dict.fromkeys(task.metrics, float("nan"))
            return Scored(nothing, "drawn", losses=(float("nan"),) * 10)
        metrics = dict.fromkeys(task.metrics, float(rng.random()))
        losses = tuple(map(float, rng.random(10)))
        known = {name: rng.random() for name in rows.SIGNS} if signs else {}
        return Scored(metrics, losses=losses, signs=known)

    monkeypatch.setattr(rows, "train", drawn)


@pytest.fixture
def make(toy_task, one_best, no_training, tmp_path):
    """Makes the runs of a small space; returns their folder."""

    def made(name, *words):
        folder = tmp_path / name
        words = ["--task", "toy", "--directory", str(folder), *words]
        assert tabulate.main(words) == 0
        return folder

    return made
