"""What children are trained on, one module or folder a task.

A new task is a module with a subclass of `base.Task`, and a line here.
"""

from __future__ import annotations

import importlib

REGISTRY = {
    "image": "experiments.tasks.image.task:Image",
    "implicit": "experiments.tasks.implicit:Implicit",
    "text": "experiments.tasks.text:Text",
    "physics": "experiments.tasks.physics:Physics",
}
"""Where each task is: its module and class."""


def names() -> tuple[str, ...]:
    """Returns the names of all tasks."""
    return tuple(REGISTRY)


def get(name: str):
    """Returns a task by its name.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in REGISTRY:
        raise ValueError(
            f"`task` must be one of {', '.join(REGISTRY)}. Received: {name!r}"
        )
    module, _, kind = REGISTRY[name].partition(":")
    return getattr(importlib.import_module(module), kind)()
