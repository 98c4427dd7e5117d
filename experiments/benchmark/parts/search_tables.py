"""The tables of what a search costs, from the rows of the benchmarks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from experiments.benchmark.memory import slope
from experiments.benchmark.parts.tables import measured_on
from models import markdown

Rows = Sequence[Mapping[str, str]]


def throughput(rows: Rows) -> str:
    """Returns the variants of `benchmark search`, one upon the other."""
    columns = (
        *("task", "variant", "functions", "not finished"),
        *("functions an hour", "times stock", "times before"),
    )
    cells = [
        (
            row["task"],
            row["variant"],
            row["functions"],
            row["not_finished"],
            f"{float(row['functions_per_hour']):,.0f}",
            f"{float(row['relative_to_stock']):.2f}",
            f"{float(row['relative_to_previous']):.2f}",
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:2]) + measured_on(rows)


def work(rows: Rows) -> str:
    """Returns what children cost against their work, of `benchmark work`."""
    columns = (
        *("task", "work", "functions", "functions an hour"),
        *("of the first", "MB at most"),
    )
    cells = [
        (
            row["task"],
            f"{row['times']} times the {row['what']}"
            if row["times"] != "1"
            else "the quick setting",
            row["functions"],
            f"{float(row['functions_per_hour']):,.0f}",
            f"{float(row['relative']):.2f}",
            f"{float(row['megabytes']):,.0f}",
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:2]) + measured_on(rows)


def population(rows: Rows) -> str:
    """Returns what children cost that are trained at once."""
    columns = (
        *("task", "at once", "functions", "tracing, s", "steps, s", "all, s"),
        *("of one alone", "ranks", "MB at most"),
    )
    cells = [
        (
            row["task"],
            row["children"],
            row["functions"],
            *(
                f"{float(row[name]):.2f}"
                for name in ("tracing_seconds", "steps_seconds", "seconds")
            ),
            f"{float(row['relative']):.2f}",
            f"{float(row['ranks']):.3f}",
            f"{float(row['megabytes']):,.0f}",
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:1]) + measured_on(rows)


def books(rows: Rows) -> str:
    """Returns the time of an oracle per trial, over the number of trials."""
    columns = ("oracle", "trials", "ms a trial", "times the first", "MB in use")
    cells = [
        (
            row["oracle"],
            f"{int(row['trials']):,}",
            f"{float(row['milliseconds_per_trial']):.2f}",
            f"{float(row['relative_to_first']):.2f}",
            f"{float(row['megabytes']):.0f}",
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:1]) + measured_on(rows)


def workers(rows: Rows) -> str:
    """Returns what the chief costs those who train, and those who sleep."""
    columns = ("who", "children", "an hour", "of the bare ones", "busy")
    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["contestant"], []).append(row)
    cells = []
    for name, group in groups.items():
        rate, busy = _hourly(group), group[0]["busy"]
        functions = sum(int(row["functions"]) for row in group)
        if busy:
            shares = ("", f"{float(busy):.1%}")
        else:
            shares = (f"{rate / _hourly(groups['bare']):.3f}", "")
        cells.append((name, f"{functions:,}", f"{rate:,.0f}", *shares))
    return markdown.table(columns, cells, columns[:1]) + measured_on(rows)


def _hourly(rows: Rows) -> float:
    """Returns the functions of all rows over their hours."""
    functions = sum(int(row["functions"]) for row in rows)
    return 3600 * functions / sum(float(row["seconds"]) for row in rows)


def memory(rows: Rows) -> str:
    """Returns the slope of the memory in use of one process."""
    columns = ("kind", "how many", "first MB", "last MB", "kB each")
    used: dict[str, list[float]] = {}
    for row in rows:
        used.setdefault(row["kind"], []).append(float(row["megabytes"]))
    cells = [
        (
            kind,
            f"{len(values):,}",
            f"{values[len(values) // 10]:.0f}",
            f"{values[-1]:.0f}",
            "{:+.1f} ± {:.1f}".format(*slope(values)),
        )
        for kind, values in used.items()
    ]
    return markdown.table(columns, cells, columns[:1]) + measured_on(rows)


def policies(rows: Rows) -> str:
    """Returns the search methods, of files from before tests had names."""
    columns = (
        "policy",
        "found",
        "evaluations, median",
        "90th percentile",
        "of random's",
        "mean of the last quarter",
        "last quarter: p, Mann-Whitney",
    )
    random = next(row for row in rows if row["policy"] == "random")
    base = float(random["evaluations_p90"])
    cells = [
        (
            row["policy"],
            f"{float(row['found']):.0%}",
            f"{float(row['evaluations_median']):.1f}",
            f"{float(row['evaluations_p90']):.1f}",
            f"{float(row['evaluations_p90']) / base:.2f}",
            f"{float(row['late_reward']):.3f}",
            "" if row is random else f"{float(row['p_value']):.1e}",
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:1])


def compared(rows: Rows) -> str:
    """Returns the search methods of `experiments.simulate`, one a row.

    Files of before do not compare with the surrogate.
    """
    surrogate = "ratio_p90_surrogate" in rows[0]
    columns = (
        "policy",
        "seeds",
        "found",
        "evaluations, median",
        "90th percentile",
        "of random's (95% bootstrap)",
        *(("of the surrogate's",) if surrogate else ()),
        "evaluations: p, log-rank",
        "regret after 50",
        "mean of the last quarter",
        "last quarter: p, Mann-Whitney",
    )
    cells = [
        (
            row["policy"],
            row["seeds"],
            f"{float(row['found']):.1%}",
            f"{float(row['evaluations_median']):.1f}",
            f"{float(row['evaluations_p90']):.1f}",
            _ratio(row, "ratio_p90"),
            *((_ratio(row, "ratio_p90_surrogate"),) if surrogate else ()),
            _p_of_runs(row, "p_logrank_evaluations"),
            f"{float(row['regret']):.4f} ± {float(row['regret_error']):.4f}",
            f"{float(row['late_reward']):.3f}",
            _p_of_runs(row, "p_mann_whitney_late"),
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:1])


def racing(rows: Rows) -> str:
    """Returns what racing gains, by `experiments.simulate --racing`."""
    columns = (
        "policy",
        "children",
        "searches",
        "one child each",
        "racing",
        "gain",
        "95% interval",
        "p, paired t-test",
    )
    cells = [
        (
            row["policy"],
            row["children"],
            row["seeds"],
            f"{float(row['single']):.4f}",
            f"{float(row['racing']):.4f}",
            f"{float(row['gain']):+.4f}",
            f"{float(row['low']):+.4f} to {float(row['high']):+.4f}",
            _p_value(row["p"]),
        )
        for row in rows
    ]
    return markdown.table(columns, cells, columns[:1])


def _ratio(row: Mapping[str, str], name: str) -> str:
    ends = [float(row[f"{name}_bootstrap_{end}"]) for end in ("low", "high")]
    ratio = f"{float(row[name]):.2f}"
    if math.isnan(ends[0]):
        return ratio
    return f"{ratio} ({ends[0]:.2f} to {ends[1]:.2f})"


def _p_of_runs(row: Mapping[str, str], name: str) -> str:
    """Returns a p; empty where all runs are one, as of a fixed order."""
    return "" if float(row["regret_error"]) == 0 else _p_value(row[name])


def _p_value(text: str) -> str:
    return "" if math.isnan(float(text)) else f"{float(text):.1e}"
