"""Tables of searches on tasks, and of how well tasks tell functions apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Rows = Sequence[Mapping[str, str]]


def discrimination(rows: Rows) -> str:
    """Returns the table of `python -m experiments.benchmark discrimination`."""
    lines = [
        "| task | setting | reward | signal over noise | ranks of two seeds | "
        "ranks in the larger setting | processor seconds a child |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['task']} | {row['setting']} | {row['reward']} | "
            f"{_number(row['signal_over_noise'], 1)} | "
            f"{_number(row['seed_correlation'], 2)} | "
            f"{_number(row['larger_correlation'], 2)} | "
            f"{_number(row['seconds'], 1)} |"
        )
    first = rows[0]
    lines += [
        "",
        f"{first['functions']} functions, {first['seeds']} paired seeds.",
    ]
    return "\n".join(lines) + "\n"


def searches(rows: Rows) -> str:
    """Returns a line a search: its best finalist against each rival."""
    lines = [
        "| task | seed | function found | rival | gain | 95 % interval | p |",
        "|---|---:|---|---|---:|---:|---:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['task']} | {row['seed']} | `{row['expression']}` | "
            f"`{row['rival']}` ({row['role']}) | {_number(row['gain'], 3)} | "
            f"{_number(row['low'], 3)} to {_number(row['high'], 3)} | "
            f"{float(row['p']):.2g} |"
        )
    return "\n".join(lines) + "\n"


def _number(text: str, digits: int) -> str:
    value = float(text)
    return "" if math.isnan(value) else f"{value:.{digits}f}"
