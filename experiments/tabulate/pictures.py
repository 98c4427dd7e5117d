"""The pictures of docs/table.md and docs/findings.md, drawn from the table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actfn.bench import Table
from experiments.tabulate.findings import ALL, FINDINGS, Data, effects_of

MARKED = ("relu", "gelu", "swish_1", "tanh", "sine")
"""Functions that are named in a picture, if the table has them."""
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
_PERIODIC = "#E69F00"
_PANEL = 4.2
"""Side of a panel, in inches."""


def draw(table: Table) -> dict[str, Figure]:
    """Returns the pictures by the names of their files."""
    data = Data(table)
    return {"table.png": scores(data, table.tasks), "findings.png": found(data)}


def scores(data: Data, tasks: Mapping[str, Mapping[str, object]]) -> Figure:
    """Draws each task's scores in order, and where known functions stand.

    Args:
        data: Of the table.
        tasks: What tasks.json holds.
    """
    figure, panels = _panels(len(tasks), columns=4)
    for panel, (name, task) in zip(panels, tasks.items(), strict=True):
        beaten, score = 100 * data.share(name), data.first(name)
        known = np.flatnonzero(np.isfinite(beaten))
        order = known[np.argsort(beaten[known], kind="stable")]
        panel.plot(beaten[order], score[order], color="0.6", lw=2)
        _mark(panel, data, beaten, score)
        panel.set(
            title=task["title"],
            xlabel="functions that it beats, %",
            ylabel=f"{task['metric']}, {task['unit']}",
        )
        _limit(panel, score[known][score[known] != task["floor"]])
        if task["direction"] == "min":
            panel.set_yscale("log")
            panel.invert_yaxis()
        if panel.get_legend_handles_labels()[0]:
            panel.legend(fontsize="small", loc="lower right")
    return figure


def found(data: Data) -> Figure:
    """Draws the effects behind the findings, and the tasks by one another.

    Args:
        data: Of the table.
    """
    pairs = [*itertools.combinations(data.tasks, 2)]
    figure, (effects, *panels) = _panels(1 + len(pairs), columns=3)
    _forest(effects, data)
    periodic = data.column("periodic").astype(bool)
    for panel, names in zip(panels, pairs, strict=True):
        x, y = (100 * data.share(name) for name in names)
        for chosen, colour, label in (
            (~periodic, "0.7", "not periodic"),
            (periodic, _PERIODIC, "periodic"),
        ):
            panel.plot(
                x[chosen], y[chosen], ls="", marker=".", ms=3, color=colour,
                label=label,
            )  # fmt: skip
        _mark(panel, data, x, y)
        first, second = names
        panel.set(
            title="Functions that each beats, %", xlabel=first, ylabel=second
        )
        panel.legend(fontsize="x-small", loc="upper left")
    return figure


def _forest(panel: Axes, data: Data) -> None:
    rows = [row for row in effects_of(data) if row[2] == "superiority"]
    step, middle = 0.8 / len(data.views), (len(data.views) - 1) / 2
    for place, view in enumerate(data.views):
        own = [(number, effect) for number, v, _, effect in rows if v == view]
        sizes = np.array([effect.size for _, effect in own])
        ends = np.array([(effect.low, effect.high) for _, effect in own])
        panel.errorbar(
            sizes,
            [number + step * (place - middle) for number, _ in own],
            xerr=np.abs(ends.T - sizes) if len(own) else None,
            fmt="o",
            ms=5,
            color="black" if view == ALL else _COLOURS[place % len(_COLOURS)],
            label=view,
        )
    panel.axvline(0.5, color="0.5", lw=1)
    panel.set_yticks(range(len(FINDINGS)), [group for _, group, _ in FINDINGS])
    panel.invert_yaxis()
    panel.set(
        title="How often a function of the group\nis better than another",
        xlabel="superiority, 95% interval",
    )
    panel.legend(fontsize="small", loc="lower right")


def _mark(panel: Axes, data: Data, x: np.ndarray, y: np.ndarray) -> None:
    for number, text in enumerate(MARKED):
        if text in data.texts:
            place = data.texts.index(text)
            panel.plot(
                x[place], y[place], ls="", marker="osD^v"[number], ms=7,
                color=_COLOURS[number], markeredgecolor="black", label=text,
            )  # fmt: skip


def _limit(panel: Axes, completed: np.ndarray) -> None:
    """Leaves the tail of the worst away, which is long."""
    if len(completed):
        ends = np.quantile(completed, (0.1, 0.9))
        far = 2 * (ends[1] - ends[0])
        panel.set_ylim(
            max(completed.min(), ends[0] - far),
            min(completed.max(), ends[1] + far),
        )


def _panels(count: int, columns: int) -> tuple[Figure, list[Axes]]:
    columns = min(count, columns)
    rows = -(-count // columns)
    size = columns * _PANEL, rows * _PANEL
    figure = Figure(figsize=size, layout="constrained")
    panels = [*figure.subplots(rows, columns, squeeze=False).flat]
    for panel in panels[count:]:
        panel.remove()
    for panel in panels[:count]:
        panel.grid(color="0.9")
        panel.set_axisbelow(True)
    return figure, panels[:count]
