"""What tests of several programs share."""

import pytest

from experiments import tasks
from tests.experiments import toy_task as toy_task_module


@pytest.fixture
def toy_task(monkeypatch):
    """A task from outside the package, by one line in the registry."""
    monkeypatch.setitem(tasks.REGISTRY, "toy", toy_task_module.PLACE)
    return tasks.get("toy")
