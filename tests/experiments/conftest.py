"""What tests of several programs share."""

import pytest

from experiments import tasks


@pytest.fixture
def toy_task(monkeypatch):
    """A task from outside the package, by one line in the registry."""
    place = "tests.experiments.toy_task:Toy"
    monkeypatch.setitem(tasks.REGISTRY, "toy", place)
    return tasks.get("toy")
