"""Tables of searches on tasks, and of how well tasks tell functions apart."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence

from scipy import stats

from actfn.search.confirmation import LEVEL, POWER, smallest_shown
from experiments import tasks
from models import markdown

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


def halving(rows: Rows) -> str:
    """Returns the table of `python -m experiments.tabulate halving`."""
    columns = (
        *("task", "stopped after tenths", "one goes on of"),
        *("steps taken", "best function stopped", "of the best five stopped"),
        *("the best left is worse by", "functions known"),
    )
    cells = [
        (
            row["task"],
            row["rungs"].replace(" ", ", "),
            row["reduction"],
            f"{float(row['steps']):.0%}",
            f"{float(row['best_lost']):.1%}",
            f"{float(row['five_lost']):.1%}",
            f"{float(row['regret']):.2g} {row['unit']}",
            row["known"],
        )
        for row in rows
    ]
    first = rows[0]
    note = (
        f"\n{first['searches']} searches of {first['functions']} functions.\n"
    )
    return markdown.table(columns, cells, columns[:2]) + note


def searches(rows: Rows) -> str:
    """Returns a table a task: the best finalist of each search over rivals."""
    of_task: dict[str, list] = {}
    for row in rows:
        of_task.setdefault(row["task"], []).append(row)
    return "\n".join(itertools.starmap(_of_task, of_task.items()))


def _of_task(task: str, rows: Rows) -> str:
    rivals = dict.fromkeys(
        _rival(row) for row in sorted(rows, key=lambda row: row["role"])
    )
    found: dict[tuple[str, str], dict] = {}
    for row in rows:
        search = found.setdefault((row["seed"], row["expression"]), {})
        search[_rival(row)] = row
    unit = tasks.get(task).metrics[rows[0]["reward"]].unit
    lines = [
        f"`{task}`: gain in {unit} over each rival, with the half of its 95 % "
        f"interval; in brackets where p is {LEVEL} or more.",
        "",
        f"| seed | function found | {' | '.join(rivals)} |",
        f"|---:|---|{'---:|' * len(rivals)}",
    ]
    for (seed, expression), search in found.items():
        cells = (
            _gain(search[rival]) if rival in search else "" for rival in rivals
        )
        lines.append(f"| {seed} | `{expression}` | {' | '.join(cells)} |")
    against = [
        [search[rival] for search in found.values() if rival in search]
        for rival in rivals
    ]
    beaten = [f"{sum(map(_beaten, of))} of {len(of)}" for of in against]
    lines.append(f"| | in how many it is beaten | {' | '.join(beaten)} |")
    gains = [
        _short(statistics.fmean(float(row["gain"]) for row in of))
        for of in against
    ]
    lines.append(f"| | mean of the gains | {' | '.join(gains)} |")
    shown = [_short(statistics.median(map(_shown, of))) for of in against]
    words = f"gain that would have shown, {POWER:.0%} of times, median"
    lines.append(f"| | {words} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _rival(row: Mapping[str, str]) -> str:
    """Returns what the table calls a rival; of a family, the best is tuned."""
    if row["role"] == "baseline":
        return f"`{row['rival']}`"
    family, _, values = row["rival"].partition("(")
    return f"`{family}` {'tuned' if values else 'as published'}"


def _beaten(row: Mapping[str, str]) -> bool:
    return float(row["p"]) < LEVEL


def _gain(row: Mapping[str, str]) -> str:
    half = (float(row["high"]) - float(row["low"])) / 2
    text = f"{_short(float(row['gain']))} ± {_short(half)}"
    return text if _beaten(row) else f"({text})"


def _shown(row: Mapping[str, str]) -> float:
    """Returns the smallest difference that would have shown."""
    pairs, margin = int(row["pairs"]), float(row["margin"])
    half = (float(row["high"]) - float(row["low"])) / 2
    error = half / float(stats.t.ppf(0.975, pairs - 1))
    return smallest_shown(error, pairs, int(row["finalists"]), margin)


def _short(value: float) -> str:
    """Returns two decimals, or two digits of what is less than a tenth."""
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def _number(text: str, digits: int) -> str:
    value = float(text)
    return "" if math.isnan(value) else f"{value:.{digits}f}"
