"""Files that a killed process leaves whole."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

from actfn.search.files import write_atomically


class Journal:
    """An append-only list of JSON objects, one a line of a file.

    What `append` has returned from survives ``kill -9``. A last line that is
    cut short, by a kill or a full disk, is dropped.

    Args:
        path: The file, created by the first `append`; None keeps the lines in
            memory.

    Raises:
        ValueError: A line that is not the last is not JSON.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        self.path = None if path is None else pathlib.Path(path)
        self._lines: list[str] = []
        self._file = None
        self._size = 0
        self._count = 0
        if self.path is not None and self.path.exists():
            with self.path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        self._size += len(line)
                        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self.path is None:
            yield from map(json.loads, self._lines)
        elif self._count:
            with self.path.open(encoding="utf-8") as file:
                for number in range(1, self._count + 1):
                    yield self._parse(file.readline(), number)

    def append(self, event: dict[str, Any]) -> None:
        """Adds one object; if that fails the file is as before."""
        line = json.dumps(event) + "\n"
        if self.path is None:
            self._lines.append(line)
        else:
            self._write(line.encode())
        self._count += 1

    def replace(self, events: Iterable[dict[str, Any]]) -> None:
        """Puts other objects in the place of all."""
        lines = [json.dumps(event) + "\n" for event in events]
        if self.path is None:
            self._lines = lines
        else:
            self.close()
            write_atomically(self.path, "".join(lines))
            self._size = self.path.stat().st_size
        self._count = len(lines)

    def sync(self) -> None:
        """Waits until the disk has it all, so that it survives power loss."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file; `append` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
            self._file.truncate(self._size)  # drops a line cut short
        try:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._file.truncate(self._size)
            raise OSError(
                error.errno, error.strerror, str(self.path)
            ) from error
        self._size += len(data)

    def _parse(self, line: str, number: int) -> dict[str, Any]:
        try:
            return json.loads(line)
        except json.JSONDecodeError:
            raise ValueError(
                f"Line {number} of {self.path} must be JSON. "
                f"Received: {line[:60]!r}"
            ) from None
