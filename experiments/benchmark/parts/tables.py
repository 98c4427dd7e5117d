"""The tables of the documentation, from what the benchmarks wrote."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence

import actfn
from models import markdown

Rows = Sequence[Mapping[str, str]]

_TITLES = {"eager": "Eager", "graph": "Graph (`tf.function`)", "xla": "XLA"}
_SHORT = (
    "function",
    "actfn, ms",
    "plain, ms",
    "actfn / plain",
    "actfn keeps",
    "plain keeps",
    "`recompute=False` / plain",
)
_TIMES = (
    "function",
    "plain, ms",
    "actfn, ms",
    "actfn / plain",
    "actfn / `tf.nn.swish`",
    "`recompute=False`, ms",
    "`recompute=False` / plain",
)
_KEPT = ("plain keeps", "actfn keeps", "`recompute=False` keeps")


def summary(rows: Rows) -> str:
    """Returns the table of the README: graph mode, the paper's functions.

    And Swish-1, which is what `tf.nn.swish` computes.

    Args:
        rows: Those of `experiments.benchmark.activations`.
    """
    named = {*actfn.catalog.BASELINES, *actfn.catalog.PUBLISHED, "swish_1"}
    papers = [row for row in rows if row["function"] in named]
    return _table(papers, "graph", _SHORT) + measured_on(rows)


def details(rows: Rows) -> str:
    """Returns one table for each mode, with both settings of `recompute`.

    Args:
        rows: Those of `experiments.benchmark.activations`.
    """
    modes = dict.fromkeys(row["mode"] for row in rows)
    tables = []
    for mode in modes:
        columns = (*_TIMES, *_KEPT) if mode == "graph" else _TIMES
        table = _table(rows, mode, columns)
        tables.append(f"### {_TITLES[mode]}\n\n{table}\n")
    return "\n" + "".join(tables).rstrip("\n") + "\n" + measured_on(rows)


def throughput(rows: Rows) -> str:
    """Returns the table of the models' training throughput.

    Args:
        rows: Those of `experiments.benchmark.models`.
    """
    columns = ("model", "activation", "examples a second", "of ReLU's")
    cells = [
        (
            row["model"],
            row["activation"],
            f"{float(row['examples_per_second']):.3g}",
            f"{float(row['relative_to_relu']):.0%}",
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:2]) + measured_on(rows)


def tiny(rows: Rows) -> str:
    """Returns the table of what `--tiny` takes.

    Args:
        rows: Those of `experiments.benchmark.tiny`.
    """
    columns = (
        *("config", "steps", "seconds"),
        *("of these in steps", "of these waiting for data"),
    )
    cells = [
        (
            f"`{row['config']}`",
            row["steps"],
            f"{float(row['seconds']):.0f}",
            f"{float(row['step_seconds']):.0f}",
            f"{float(row['waiting']):.1%}",
        )
        for row in rows
    ]
    total = sum(float(row["seconds"]) for row in rows) / 60
    threads = rows[0]["threads"]
    note = (
        f"\n{total:.0f} minutes in all; threads of an operation: {threads}.\n"
    )
    return (
        markdown.table(columns, cells, columns[:1]) + note + measured_on(rows)
    )


def measured_on(rows: Rows) -> str:
    """Returns a line that names the machines."""
    machines = dict.fromkeys(row["machine"] for row in rows)
    return f"\nMeasured on {'; '.join(machines)}.\n"


def _table(rows: Rows, mode: str, columns: Sequence[str]) -> str:
    lines = _lines([row for row in rows if row["mode"] == mode])
    cells = [[line.get(column, "") for column in columns] for line in lines]
    return markdown.table(columns, cells, ("function",))


def _lines(rows: Rows) -> Iterator[dict[str, str]]:
    """Yields what is known of each function by column; rivals come last."""
    found = {(row["function"], row["contestant"]): row for row in rows}
    names = dict.fromkeys(row["function"] for row in rows)

    def milliseconds(function: str, contestant: str) -> float:
        return float(found[function, contestant]["milliseconds"])

    for name in names:
        ours = milliseconds(name, "actfn")
        sharing = milliseconds(name, "actfn, recompute=False")
        plain = milliseconds(name, "plain")
        rivals = (name, "tf.nn.swish") in found  # Not beside a gate.
        swish = milliseconds(name, "tf.nn.swish") if rivals else math.nan
        yield {
            "function": name,
            "plain, ms": f"{plain:.1f}",
            "actfn, ms": f"{ours:.1f}",
            "actfn / plain": f"{ours / plain:.2f}",
            "actfn / `tf.nn.swish`": f"{ours / swish:.2f}" if rivals else "",
            "`recompute=False`, ms": f"{sharing:.1f}",
            "`recompute=False` / plain": f"{sharing / plain:.2f}",
            "plain keeps": _kept(found[name, "plain"]),
            "actfn keeps": _kept(found[name, "actfn"]),
            "`recompute=False` keeps": _kept(
                found[name, "actfn, recompute=False"]
            ),
        }
    for rival in ("tf.nn.swish", "tf.nn.relu"):
        beside = [name for name in names if (name, rival) in found]
        if not beside:
            continue
        times = [milliseconds(name, rival) for name in beside]
        yield {
            "function": f"`{rival}`",
            "plain, ms": f"{statistics.median(times):.1f}",
            "plain keeps": _kept(found[beside[0], rival]),
        }


def _kept(row: Mapping[str, str]) -> str:
    """Returns the bytes kept, in tensors of the size of the input."""
    if not row["bytes_kept"]:
        return ""
    return f"{int(row['bytes_kept']) / int(row['input_bytes']):.3g}"
