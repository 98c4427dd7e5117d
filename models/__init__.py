"""Architectures; each takes an ``activation`` factory, called once a site."""

from models import resnet as _resnet  # noqa: F401 (registers its models)
from models.registry import build, names, options, register

__all__ = ["build", "names", "options", "register"]
