"""CSV files of results, read so that nothing broken passes for a run."""

import csv
import io
import pathlib
from collections.abc import Iterator, Sequence


def rows(
    path: pathlib.Path, columns: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields each row of a CSV file with the name of its place.

    Args:
        path: The file.
        columns: What the header must have at least.

    Yields:
        The file and line, as an error may begin, and the row by column, all
        values as text.

    Raises:
        ValueError: If the file cannot be read, lacks a column or a line is
            broken; names the file and the line. It is not touched.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} should be a readable CSV file. Received: {error}"
        ) from None
    if text and not text.endswith("\n"):
        raise ValueError(
            f"{path}, line {text.count(chr(10)) + 1}: the last line should end "
            "with a line break; it may be cut off. Complete or delete it. "
            f"Received: {text.rsplit(chr(10), 1)[-1]!r}"
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        missing = [column for column in columns if column not in header]
        if missing:
            raise ValueError(
                f"{path}, line 1: the header should have the columns "
                f"{','.join(columns)}. Received: none of {','.join(missing)}"
            )
        for cells in reader:
            place = f"{path}, line {reader.line_num}"
            if len(cells) != len(header):
                raise ValueError(
                    f"{place}: a row should have {len(header)} cells. "
                    f"Received: {len(cells)}"
                )
            yield place, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise ValueError(
            f"{path}, line {reader.line_num}: a row should be valid CSV. "
            f"Received: {error}"
        ) from None
