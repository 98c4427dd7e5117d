"""The picture of a simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from experiments.simulate.landscape import Landscape
from experiments.simulate.runs import Run, curves

_BAND = (10, 90)  # percent of the seeds
_WINDOW = 20  # proposals
_FIRST = 5  # evaluations


def comparison(
    runs: Mapping[str, Sequence[Run]], landscape: Landscape, budget: int
) -> Figure:
    """Draws best so far, regret and what is proposed.

    Lines are means over the seeds; bands hold the middle 80 percent of them.

    Args:
        runs: One a seed, by policy.
        landscape: What they ran on.
        budget: Proposals of each run.
    """
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    begun = []
    for index, (policy, each) in enumerate(runs.items()):
        best = curves(each, budget)
        begun.append(np.nanmean(best[:, :_FIRST][:, -1]))
        _band(left, best, policy, index)
        _band(middle, np.maximum(landscape.best - best, 0), policy, index)
        _band(right, _proposed(each, budget), policy, index)
    left.axhline(landscape.threshold, color="0.6", linestyle=":")
    left.set(
        ylabel="best reward so far",
        title=f"dotted: the top, {landscape.top_share:.1%}",
    )
    # What the first few draws have would leave no room for the rest.
    left.set_ylim(bottom=min(begun))
    middle.set(ylabel="regret: best known reward - best so far", yscale="log")
    right.set(xlabel="proposals", ylabel=f"reward, mean of {_WINDOW} proposals")
    for axes in (left, middle):
        axes.set_xlabel("evaluations (distinct functions)")
    left.legend(fontsize="small", loc="lower right")
    return figure


def _band(axes, table: np.ndarray, label: str, index: int) -> None:
    there = ~np.isnan(table).all(axis=0)
    x, table = 1 + np.flatnonzero(there), table[:, there]
    low, high = np.nanpercentile(table, _BAND, axis=0)
    axes.plot(x, np.nanmean(table, axis=0), label=label, color=f"C{index}")
    axes.fill_between(x, low, high, color=f"C{index}", alpha=0.12, linewidth=0)
    axes.grid(alpha=0.3)


def _proposed(runs: Sequence[Run], budget: int) -> np.ndarray:
    """Moving means of the rewards; NaN where a policy proposed no more."""
    table = np.full((len(runs), budget), np.nan)
    for row, each in zip(table, runs, strict=True):
        row[: len(each.rewards)] = each.rewards
    width = min(_WINDOW, budget)
    windows = np.lib.stride_tricks.sliding_window_view(table, width, axis=1)
    padding = np.full((len(runs), width - 1), np.nan)
    return np.hstack([padding, windows.mean(axis=2)])
