"""The folder of a search: whose it is, and who may write to it now."""

from __future__ import annotations

import contextlib
import fcntl
import json
import pathlib
from collections.abc import Iterator, Mapping

from actfn.search.files import as_json, read_json, write_atomically

_SETTINGS = "settings.json"
_MAY_CHANGE = ("trials", "control", "finalists", "repeats")


@contextlib.contextmanager
def claim(
    path: pathlib.Path, settings: Mapping[str, object], resume: bool
) -> Iterator[None]:
    """Holds the folder for one search; makes it if need be.

    Args:
        path: The folder.
        settings: What makes the search what it is, as JSON data. Of a search
            that goes on, only the number of trials, random ones, finalists and
            repeats may differ.
        resume: Whether to go on with a search that is there.

    Raises:
        ValueError: The folder holds a search and is not to be resumed, or
            another search than this, or one that is running. Nothing in it
            has changed then.
        OSError: The folder cannot be written.
    """
    path.mkdir(parents=True, exist_ok=True)
    with (path / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"The directory must not be in use by another search. "
                f"Received: {path}"
            ) from None
        _check(path, settings, resume)
        write_atomically(path / _SETTINGS, json.dumps(settings, indent=2))
        yield


def _is_unfinished(name: str) -> bool:
    """Whether a file is what a kill has left of the first write of all."""
    return name.startswith(_SETTINGS) and name.endswith(".tmp")


def _check(path, settings: Mapping[str, object], resume: bool) -> None:
    file = path / _SETTINGS
    if not file.exists():
        others = [p.name for p in path.iterdir() if p.name != ".lock"]
        others = [name for name in others if not _is_unfinished(name)]
        if others:
            raise ValueError(
                "The directory must be empty or hold a search. "
                f"Received: {path}, which holds {', '.join(sorted(others)[:3])}"
            )
        return
    if not resume:
        raise ValueError(
            "The directory holds a search already; add --resume to go on with "
            f"it, or name another one. Received: {path}"
        )
    found = read_json(file, "restore it, or name another directory")
    settings = as_json(settings)
    different = [
        f"{name} {found.get(name)!r} there, {settings.get(name)!r} here"
        for name in {**settings, **found}
        if name not in _MAY_CHANGE and found.get(name) != settings.get(name)
    ]
    if different:
        raise ValueError(
            "The directory holds another search; name another one, or use "
            f"the settings that it began with. Received: {'; '.join(different)}"
        )
