"""Figures of finished runs, drawn from their CSV files."""

import pathlib
import statistics
from collections import defaultdict
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.compare import depths, ours, runs


def depth(results: Sequence[pathlib.Path]) -> Figure:
    """Draws test accuracy over depth, a panel a setting, a line an activation.

    Each dot is a run; lines go through the medians.

    Args:
        results: CSV files of `experiments.train`.

    Raises:
        ValueError: If a file is broken, or no model's name has a depth.
    """
    found = depths.by_family(runs.read(results))
    figure = Figure(figsize=(6 * len(found), 4), layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (setting, groups) in zip(panels, found.items(), strict=True):
        _draw_depths(axes, groups)
        model, dataset, steps = setting
        axes.set(
            title=f"{model}\n{dataset}, {steps} steps",
            xlabel="depth N",
            ylabel="test accuracy (%)",
        )
    return figure


def _draw_depths(axes: Axes, groups: dict[int, ours.Group]) -> None:
    drawn: dict[str, dict[int, list[float]]] = defaultdict(dict)
    for number, group in groups.items():
        for name, repeats in group.items():
            drawn[name][number] = [run.accuracy for run in repeats]
    for name, by_depth in drawn.items():
        medians = [statistics.median(values) for values in by_depth.values()]
        (line,) = axes.plot([*by_depth], medians, label=name)
        for number, values in by_depth.items():
            axes.plot(
                [number] * len(values), values, ".", color=line.get_color()
            )
    axes.set_xticks([*groups])
    axes.grid(alpha=0.3)
    axes.legend()


def differences(results: Sequence[pathlib.Path]) -> Figure:
    """Draws test accuracy minus ReLU's of the same seed, a panel a setting.

    Each dot is a pair of runs, each bar the 95% confidence interval of the
    mean (Student's t); the best mean is on top. Activations of which a run
    diverged are named below; with a ReLU that diverged there are no pairs.

    Args:
        results: CSV files of `experiments.train`.

    Raises:
        ValueError: If a file is broken, or no run has its pair.
    """
    found: dict[ours.Setting, dict[str, list[float]]] = {}
    lost = defaultdict(list)
    for setting, group in ours.group(runs.read(results)).items():
        reference = group.get(ours.REFERENCE, [])
        group[ours.REFERENCE] = [run for run in reference if not run.diverged]
        if len(group[ours.REFERENCE]) < len(reference):
            lost[setting].append(f"pairs of a {ours.REFERENCE}")
        for activation, repeats in group.items():
            values = ours.differences(group, activation)
            if values and any(run.diverged for run in repeats):
                lost[setting].append(activation)
            elif values:
                found.setdefault(setting, {})[activation] = values
    if not found:
        raise ValueError(
            "results should hold ReLU and another activation with the same "
            f"seed. Received: none in {', '.join(map(str, results))}"
        )
    longest = max(map(len, found.values()))
    size = (5 * len(found), 1.5 + 0.28 * longest)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (setting, paired) in zip(panels, found.items(), strict=True):
        _draw_differences(axes, paired)
        model, dataset, steps = setting
        label = "test accuracy minus ReLU's (points)"
        if lost[setting]:
            label += f"\nnot shown, as it diverged: {', '.join(lost[setting])}"
        axes.set(title=f"{model}\n{dataset}, {steps} steps", xlabel=label)
    return figure


def _draw_differences(axes: Axes, paired: dict[str, list[float]]) -> None:
    ascending = sorted(paired, key=lambda name: statistics.fmean(paired[name]))
    for height, name in enumerate(ascending):
        values = paired[name]
        mean, low, high = ours.mean_and_interval(values)
        axes.plot(values, [height] * len(values), ".", color="C0", alpha=0.6)
        axes.plot(float(mean), height, "|", color="black", markersize=9)
        if low is not None:
            axes.plot([float(low), float(high)], [height] * 2, color="black")
    axes.axvline(0, color="C3", linewidth=1)
    axes.set_yticks(range(len(ascending)), ascending)
    axes.grid(alpha=0.3)
