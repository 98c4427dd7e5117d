"""The pictures of a search."""

from __future__ import annotations

import pathlib
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

import actfn
from actfn.expressions.evaluate import evaluate
from actfn.expressions.expression import parameters
from actfn.search import Result
from experiments.search.rows import Confirmed

_POLICY, _RANDOM, _BASELINE = "tab:blue", "tab:orange", "0.45"
_BAD = ("diverged", "rejected", "failed")


def rewards_over_trials(
    trials: Sequence[Result], control: Sequence[Result], policy: str
) -> Figure:
    """Draws each reward in the order of the trials, and the best so far."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots()
    for rows, name, colour in (
        (control, "random", _RANDOM),
        (trials, policy, _POLICY),
    ):
        if not rows:
            continue
        order = np.arange(1, len(rows) + 1)
        rewards = np.array([row.reward for row in rows])
        good = np.array([row.status not in _BAD for row in rows])
        axes.scatter(
            order[good],
            rewards[good],
            s=18,
            color=colour,
            alpha=0.7,
            label=name,
        )
        axes.scatter(
            order[~good], rewards[~good], s=22, color=colour, marker="x"
        )
        axes.step(
            order,
            np.maximum.accumulate(rewards),
            where="post",
            color=colour,
            label=f"{name}, best so far",
        )
    axes.set_xlabel("trial (x: diverged, at the floor)")
    axes.set_ylabel("reward")
    axes.legend(loc="center right", ncols=2, fontsize="small")
    return figure


def reward_distributions(
    trials: Sequence[Result], control: Sequence[Result], policy: str
) -> Figure:
    """Draws what share of the trials reached each reward."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    halves = len(trials) // 2
    for rows, name, colour, style in (
        (control, "random", _RANDOM, "-"),
        (trials[:halves], f"{policy}, first half", _POLICY, ":"),
        (trials[halves:], f"{policy}, second half", _POLICY, "-"),
    ):
        if rows:
            rewards = [row.reward for row in rows]
            axes.ecdf(
                rewards,
                complementary=True,
                color=colour,
                linestyle=style,
                label=f"{name} ({len(rows)})",
            )
    axes.set_xlabel("reward")
    axes.set_ylabel("share of trials above")
    axes.legend(fontsize="small")
    return figure


def function_curves(
    expressions: Sequence[str], titles: Sequence[str]
) -> Figure:
    """Draws each function (solid) and its derivative (dashed) on [-6, 6].

    Parameters are at their first value, 1. ReLU is drawn in grey.
    """
    columns = min(3, max(1, len(expressions)))
    rows = max(1, -(-len(expressions) // columns))
    figure = Figure(figsize=(3.2 * columns, 2.7 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    x = np.linspace(-6, 6, 601)
    for axes, text, title in zip(grid, expressions, titles, strict=False):
        function = actfn.get(text).expression
        betas = {p.name: np.float64(1) for p in parameters(function)}
        y = np.asarray(evaluate(function, x, betas))
        axes.plot(x, np.maximum(x, 0), color="0.8", linewidth=3)
        axes.plot(x, y, color=_POLICY)
        axes.plot(x, np.gradient(y, x), color=_POLICY, linestyle="--", lw=1)
        axes.axhline(0, color="0.9", zorder=0)
        axes.axvline(0, color="0.9", zorder=0)
        axes.set_ylim(-4, 6)
        lines = textwrap.wrap(title, 34)
        short = lines[:2] + ["..."] * (len(lines) > 2)
        axes.set_title("\n".join(short), fontsize="x-small", family="monospace")
    for axes in grid[len(expressions) :]:
        axes.set_axis_off()
    return figure


def confirmation(confirmed: Sequence[Confirmed]) -> Figure:
    """Draws the test accuracy of each retrained run, its mean and spread."""
    figure = Figure(
        figsize=(9, 0.8 + 0.36 * len(confirmed)), layout="constrained"
    )
    axes = figure.subplots()
    lowest = min(min(row.accuracies) for row in confirmed)
    left = max(
        lowest - 0.01,
        min(row.mean for row in confirmed if row.role == "baseline") - 0.1,
    )
    for height, row in enumerate(reversed(confirmed)):
        colour = _BASELINE if row.role == "baseline" else _POLICY
        runs = np.array(row.accuracies)
        axes.scatter(runs, np.full(len(runs), height), s=16, color=colour)
        axes.errorbar(
            row.mean, height, xerr=row.std, fmt="|", ms=14, color=colour
        )
        if row.mean < left:
            off_scale = f" \u2190 {100 * row.mean:.1f} %"
            axes.text(left, height, off_scale, va="center", fontsize="small")
    axes.set_yticks(
        range(len(confirmed)), [row.expression for row in reversed(confirmed)]
    )
    axes.tick_params(axis="y", labelsize="small")
    axes.set_xlabel("test accuracy of each run; bar: mean and deviation")
    axes.set_xlim(left=left)
    return figure


def save(figure: Figure, path: pathlib.Path) -> None:
    """Writes a PNG."""
    figure.savefig(path, dpi=110)
