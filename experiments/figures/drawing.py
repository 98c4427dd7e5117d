"""The paper's kinds of figures, drawn from functions and from our runs."""

import pathlib
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

_RANGE = (-6.0, 6.0)
BETAS = (0.1, 1.0, 10.0)
_WINDOW = 20
_TITLE = 34  # letters a line


def functions(
    activations: Sequence[str],
    betas: Sequence[float] = BETAS,
    limits: tuple[float, float] = _RANGE,
) -> Figure:
    """Draws functions and their derivatives, as the paper's Figures 3 to 5.

    Args:
        activations: Catalog names or expression texts.
        betas: Values for all parameters of those that have some.
        limits: Of x.

    Raises:
        ValueError: If a text is not an activation.
    """
    import actfn
    from actfn import analysis
    from actfn.expressions.expression import parameters

    figure = Figure(figsize=(9, 4), layout="constrained")
    panels = figure.subplots(1, 2)
    x = np.linspace(*limits, 601)
    for activation in activations:
        expression = actfn.get(activation).expression
        names = [each.name for each in parameters(expression)]
        for beta in betas if names else [None]:
            label = activation if beta is None else f"{activation}, β={beta:g}"
            values = dict.fromkeys(names, beta)
            for panel, y in zip(
                panels, analysis.curve(activation, x, values), strict=True
            ):
                panel.plot(x, y, label=label)
    for panel, name in zip(panels, ("f(x)", "f'(x)"), strict=True):
        panel.set(xlabel="x", ylabel=name)
        panel.grid(alpha=0.3)
        panel.legend(fontsize="small")
    return figure


def best_of_search(folder: pathlib.Path, count: int = 9) -> Figure:
    """Draws the best functions of a search, with derivatives and ReLU in grey.

    One that begins as a better one does is left out (`same_start`).

    Args:
        folder: Of a search, finished or not.
        count: How many functions.

    Raises:
        ValueError: If nothing is trained there yet.
        OSError: If there is no results.csv.
    """
    from actfn import analysis, parse
    from actfn.search.books.tables import read_rows
    from actfn.spaces.families import same_start

    path = folder / "results.csv"
    rows = read_rows(path)
    if rows and not {"expression", "reward", "status"} <= {*rows[0]}:
        raise ValueError(
            f"{path} must be of a search. Received one with the columns "
            f"{', '.join(rows[0])}"
        )
    rows = [row for row in rows if row["status"] == "completed"]
    if not rows:
        raise ValueError(
            "folder must hold a trained function. "
            f"Received: {folder}, with none that completed"
        )
    rows.sort(key=lambda row: float(row["reward"]), reverse=True)
    drawn: dict = {}
    for row in rows:
        function = parse(row["expression"])
        if len(drawn) < count and not any(
            same_start(function, other) for other in drawn
        ):
            drawn[function] = row
    x = np.linspace(*_RANGE, 601)
    figure = Figure(figsize=(9, 7), layout="constrained")
    panels = figure.subplots(3, 3, sharex=True).ravel()
    for panel, row in zip(panels, drawn.values(), strict=False):
        value, slope = analysis.curve(row["expression"], x)
        panel.plot(x, np.maximum(x, 0), color="0.75")
        panel.plot(x, value)
        panel.plot(x, slope, linestyle="--", linewidth=1)
        low, high = np.nanpercentile(value, [2, 98])
        panel.set_ylim(min(-2, max(low, -6)), max(2, min(high, 6)))
        text = "\n".join(textwrap.wrap(row["expression"], _TITLE))
        title = f"{text}\n{float(row['reward']):.4g}"
        panel.set_title(title, fontsize="small")
    for panel in panels[len(drawn) :]:
        panel.set_axis_off()
    return figure


def training(folders: Sequence[pathlib.Path]) -> Figure:
    """Draws the loss over the steps of runs, one colour an activation.

    Args:
        folders: Of runs of `experiments.train`, finished or not.

    Raises:
        ValueError: If one is not such a folder, or nothing is trained yet.
    """
    from actfn.search.books.tables import read_rows
    from experiments.train import trained

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    shades = colormaps["tab20"].colors
    colours: dict[str, tuple[float, ...]] = {}
    for folder in folders:
        activation = trained.describe(folder)["activation"]
        rows = read_rows(folder / "curve.csv")
        loss = np.array([float(row["loss"]) for row in rows])
        steps = np.array([int(row["step"]) for row in rows])
        width = max(1, len(loss) // _WINDOW)
        smooth = np.convolve(loss, np.full(width, 1 / width), "valid")
        label = None if activation in colours else activation
        shade = shades[len(colours) % len(shades)]
        colour = colours.setdefault(activation, shade)
        axes.plot(steps[width - 1 :], smooth, color=colour, label=label)
    axes.set(xlabel="step", ylabel="training loss with weight decay")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", ncols=1 + len(colours) // 10)
    return figure


def trained_values(folder: pathlib.Path, data_dir: str | None = None) -> Figure:
    """Draws trained betas and pre-activations, as Figures 6 and 7.

    Args:
        folder: Of a finished run of `experiments.train`.
        data_dir: TFDS folder, if its data need one.

    Raises:
        ValueError: If it is not such a folder, or its data are not there.
    """
    from actfn import analysis
    from experiments.train import trained

    run = trained.load(folder, data_dir)
    inputs, _ = next(iter(run.task.batches(0, 0)))
    entries = analysis.preactivations(run.model, inputs).values()
    values = np.concatenate([x.ravel() for x in entries])
    bump = np.mean((values >= -5) & (values <= 0))
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    bins = np.linspace(-10, 10, 201)
    # The area is the share that is shown: what lies outside counts as well.
    share = np.full(len(values), 1 / (len(values) * (bins[1] - bins[0])))
    left.hist(values, bins=bins, weights=share)
    left.axvspan(-5, 0, alpha=0.15)
    outside = np.mean(np.abs(values) > 10)
    left.set(
        xlabel=f"pre-activation ({outside:.1%} beyond -10 and 10)",
        ylabel="density",
        title=f"{bump:.0%} between -5 and 0",
    )
    betas = [b.ravel() for b in analysis.trained_betas(run.model).values()]
    betas = np.concatenate(betas) if betas else np.empty(0)
    right.hist(betas, bins=50)
    right.set(xlabel="trained β", ylabel="values", title=f"{len(betas)} values")
    figure.suptitle(f"{run.config.name}, {run.activation}")
    return figure
