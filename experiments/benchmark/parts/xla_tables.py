"""The table of functions under XLA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiments.benchmark.parts.compiled import PASSES
from experiments.benchmark.parts.tables import measured_on
from models import markdown

_BOUND = 2.0
_KEPT = ("kept_float32", "kept_bfloat16", "kept_float16")


def ratios(rows: Sequence[Mapping[str, str]]) -> str:
    """Returns the table, and a line that says what is above the bound.

    Args:
        rows: Those of `experiments.benchmark.xla`, of one backend.
    """
    columns = (
        *("function", *PASSES),
        *("more kept, float32", "bfloat16", "float16"),
    )
    cells = [
        (
            f"`{row['function']}`",
            *(f"{float(row[part]):.2f}" for part in PASSES),
            *(f"{float(row[kept]):.2g}" for kept in _KEPT),
        )
        for row in rows
    ]
    above = [
        f"`{row['function']}` ({part} {float(row[part]):.2f})"
        for row in rows
        for part in PASSES
        if float(row[part]) > _BOUND
    ]
    found = ", ".join(above) or "none"
    note = (
        f"\nMore than {_BOUND:g} times: {found}. Shape {rows[0]['shape']}, "
        f"medians of {rows[0]['rounds']} rounds.\n"
    )
    return (
        markdown.table(columns, cells, columns[:1]) + note + measured_on(rows)
    )
