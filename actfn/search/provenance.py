"""What a search was run with."""

from __future__ import annotations

import platform
from importlib import metadata

_PACKAGES = ("tensorflow", "jax", "torch", "keras", "keras-tuner", "numpy")


def versions() -> str:
    """Returns the versions and the machine, for a footnote."""
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return (
        f"{', '.join(found)}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}."
    )
