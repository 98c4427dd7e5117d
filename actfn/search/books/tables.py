"""Results as CSV files that no crash leaves half written."""

from __future__ import annotations

import csv
import errno
import io
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from actfn.search.files import write_atomically


class CsvLog:
    """A CSV file that grows by whole rows.

    A row is one write to the end of the file. If the disk takes only a part
    of it, that part is cut off again and the error raised; what a crash of the
    machine has left of a row is cut off when the file is opened again. So the
    file always ends with a whole line.

    Args:
        path: The file; made with its header if it is not there.
        columns: The header.

    Raises:
        ValueError: The file has another header.
        OSError: The file cannot be written.
    """

    def __init__(self, path: str | pathlib.Path, columns: Sequence[str]):
        self.path = pathlib.Path(path)
        self.columns = tuple(columns)
        if not self.path.exists():
            self.rewrite([])
        elif tuple(self._header()) != self.columns:
            raise ValueError(
                f"{self.path} must have the columns {','.join(columns)}. "
                f"Received: {','.join(self._header())}"
            )
        else:
            self._mend()

    def _header(self) -> list[str]:
        with self.path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file), [])

    def _mend(self) -> None:
        """Cuts off a last line that has no end."""
        whole = self.path.read_bytes().rpartition(b"\n")
        if whole[2]:
            os.truncate(self.path, len(whole[0]) + 1)

    def append(self, row: Mapping[str, object]) -> None:
        """Adds one row; its keys are the columns.

        Raises:
            ValueError: The keys are not the columns.
            OSError: The disk is full; the file is as it was before, and the
                error names it.
        """
        if set(row) != set(self.columns):
            raise ValueError(
                f"A row must have the columns {self.columns}. "
                f"Received: {tuple(row)}"
            )
        line = _lines([{name: row[name] for name in self.columns}])
        data = line.encode()
        with self.path.open("ab", buffering=0) as file:
            size = file.tell()
            written, number = 0, errno.ENOSPC
            try:
                written = file.write(data)
            except OSError as error:
                number = error.errno
            finally:
                if written != len(data):
                    file.truncate(size)
            if written != len(data):
                raise OSError(number, os.strerror(number), str(self.path))

    def rewrite(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Replaces all rows at once; a crash leaves the old file or the new."""
        write_rows(self.path, self.columns, rows)


def write_rows(
    path: str | pathlib.Path,
    columns: Sequence[str],
    rows: Iterable[Mapping[str, object]],
) -> None:
    """Writes a CSV file that is made at once, in the place of what is there.

    A crash leaves the old file or the new.

    Raises:
        OSError: The file cannot be written; the old one is as it was.
    """
    header = dict(zip(columns, columns, strict=True))
    ordered = ({name: row[name] for name in columns} for row in rows)
    write_atomically(path, _lines([header, *ordered]))


def read_rows(path: str | pathlib.Path) -> list[dict[str, str]]:
    """Returns the rows of a CSV file by column, all values as text."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _lines(rows: Iterable[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
