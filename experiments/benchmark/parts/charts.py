"""The chart of what activations cost."""

from __future__ import annotations

import pathlib
import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# One row of markers for each contestant, in colours that differ to everyone.
_MARKERS = {
    "plain": {"marker": "|", "color": "black", "markersize": 13},
    "actfn, recompute=False": {
        "marker": "o",
        "color": "#E69F00",
        "markerfacecolor": "white",
        "markersize": 8,
    },
    "actfn": {"marker": "o", "color": "#0072B2", "markersize": 5},
}
_LINES = {"tf.nn.relu": ":", "tf.nn.swish": "--"}
_TICKS = (2, 5, 10, 20, 50, 100, 200)


def draw(rows: Sequence[Mapping[str, object]], path: pathlib.Path) -> None:
    """Draws the times, one panel a mode, one line a function.

    What was measured beside every function, tf.nn.relu and tf.nn.swish, is a
    vertical line at the median.

    Args:
        rows: Those of `experiments.benchmark.activations`.
        path: The picture.
    """
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    names = list(dict.fromkeys(row["function"] for row in rows))
    figure = Figure(
        figsize=(2 + 3.2 * len(modes), 1.9 + 0.3 * len(names)),
        layout="constrained",
    )
    panels = figure.subplots(
        1, len(modes), squeeze=False, sharex=True, sharey=True
    )[0]
    for axes, mode in zip(panels, modes, strict=True):
        of_mode = [row for row in rows if row["mode"] == mode]
        _panel(axes, of_mode, names)
        axes.set(title=mode, xlabel="ms, forward plus backward")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(labels),
        frameon=False,
    )  # fmt: skip
    figure.suptitle(str(rows[0]["machine"]), fontsize="medium")
    figure.savefig(path, dpi=110)


def _panel(
    axes: Axes, rows: Sequence[Mapping[str, object]], names: Sequence[object]
) -> None:
    for contestant, style in _LINES.items():
        times = _times(rows, contestant).values()
        if not times:  # There are gates alone.
            continue
        median = statistics.median(times)
        axes.axvline(median, ls=style, color="0.5", lw=1.2, label=contestant)
    for contestant, style in _MARKERS.items():
        times = _times(rows, contestant)
        places = [names.index(name) for name in times]
        axes.plot(
            list(times.values()), places, ls="", label=contestant, **style
        )
    axes.set_xscale("log")
    axes.set_xticks(_TICKS, map(str, _TICKS))
    axes.minorticks_off()
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)


def _times(
    rows: Sequence[Mapping[str, object]], contestant: str
) -> dict[object, float]:
    """Returns the milliseconds by function."""
    return {
        row["function"]: float(row["milliseconds"])
        for row in rows
        if row["contestant"] == contestant
    }
