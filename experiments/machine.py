"""What a result was made on."""

import functools
import importlib.util
import math
import os
import pathlib
import platform
import tomllib
from importlib import metadata

_PROJECT = pathlib.Path(__file__).parents[1] / "pyproject.toml"


@functools.cache
def machine() -> str:
    """Names processor, cores in use and accelerators, not the host."""
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    parts = [name, f"{len(os.sched_getaffinity(0))} cores"]
    if importlib.util.find_spec("tensorflow"):  # Not beside another backend.
        import tensorflow as tf

        for device in tf.config.list_physical_devices("GPU"):
            details = tf.config.experimental.get_device_details(device)
            parts.append(details.get("device_name", "GPU"))
    return ", ".join(parts)


@functools.cache
def versions() -> str:
    """Returns the versions that may change a result."""
    packages = ("tensorflow", "keras", "numpy")
    parts = [f"{name} {metadata.version(name)}" for name in packages]
    parts.append(f"python {platform.python_version()}")
    return ", ".join([f"actfn {version()}", *parts])


def version() -> str:
    """Returns the version of this project."""
    with _PROJECT.open("rb") as file:
        return tomllib.load(file)["project"]["version"]


def megabytes() -> float:
    """Returns the memory that this process has in use; NaN if it cannot say."""
    statm = pathlib.Path("/proc/self/statm")
    if not statm.exists():
        return math.nan
    pages = int(statm.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
