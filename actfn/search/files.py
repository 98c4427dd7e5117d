"""Files that are at each moment either the old or the new one."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any, BinaryIO


def read_json(path: pathlib.Path, advice: str) -> Any:
    """Returns what a JSON file holds.

    Args:
        path: The file.
        advice: What to do if it is damaged, after a full disk say.

    Raises:
        ValueError: It is not JSON.
    """
    text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(
            f"{path} must be JSON, as it was written; {advice}. "
            f"Received: {text[:60]!r}"
        ) from None


def as_json(data: Any) -> Any:
    """Returns data as a JSON file gives them back: tuples are lists."""
    return json.loads(json.dumps(data))


def write_atomically(path: str | os.PathLike, text: str) -> None:
    """Writes a file that is, at each moment, either the old or the new one."""
    with replacing(path) as file:
        file.write(text.encode())


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Opens a file to be written that takes the place of another at the end.

    At each moment there is either the old or the new one.
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
