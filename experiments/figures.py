"""Draws the paper's kinds of figures from functions and from our runs.

python -m experiments.figures functions --activation swish --beta 0.1 1 10
python -m experiments.figures training RUN_FOLDER ...
python -m experiments.figures trained RUN_FOLDER
python -m experiments.figures depth RESULTS.csv ...
python -m experiments.figures differences RESULTS.csv ...
"""

import argparse
import pathlib
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from experiments.cli import Parser

_RANGE = (-6.0, 6.0)
_BETAS = (0.1, 1.0, 10.0)
_WINDOW = 20


def functions(
    activations: Sequence[str],
    betas: Sequence[float] = _BETAS,
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
    from actfn.expression import parameters

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


def training(folders: Sequence[pathlib.Path]) -> Figure:
    """Draws the loss over the steps of runs, one colour an activation.

    Args:
        folders: Of runs of `experiments.train`, finished or not.

    Raises:
        ValueError: If one is not such a folder, or nothing is trained yet.
    """
    from experiments.results import read_rows
    from experiments.training import trained

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
    from experiments.training import trained

    run = trained.load(folder, data_dir)
    inputs, _ = next(iter(run.task.batches(0, 0)))
    entries = analysis.preactivations(run.model, inputs).values()
    values = np.concatenate([x.ravel() for x in entries])
    bump = np.mean((values >= -5) & (values <= 0))
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.hist(values, bins=200, range=(-10, 10), density=True)
    left.axvspan(-5, 0, alpha=0.15)
    left.set(xlabel="pre-activation", title=f"{bump:.0%} between -5 and 0")
    betas = [b.ravel() for b in analysis.trained_betas(run.model).values()]
    betas = np.concatenate(betas) if betas else np.empty(0)
    right.hist(betas, bins=50)
    right.set(xlabel="trained β", title=f"{len(betas)} values")
    figure.suptitle(f"{run.config.name}, {run.activation}")
    return figure


def _parser() -> Parser:
    parser = Parser(
        prog="python -m experiments.figures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    kind = kinds.add_parser("functions", help="values and derivatives")
    kind.add_argument("--activation", nargs="+", required=True, metavar="TEXT")
    kind.add_argument("--beta", nargs="+", type=float, default=_BETAS)
    kind = kinds.add_parser("training", help="loss over the steps")
    kind.add_argument("folders", nargs="+", type=pathlib.Path)
    kind = kinds.add_parser("trained", help="betas and pre-activations")
    kind.add_argument("folder", type=pathlib.Path)
    kind.add_argument("--data-dir", metavar="DIR")
    for name, what in (
        ("depth", "accuracy over depth"),
        ("differences", "accuracy minus ReLU's"),
    ):
        kind = kinds.add_parser(name, help=what)
        kind.add_argument("results", nargs="+", type=pathlib.Path)
    for kind in kinds.choices.values():
        kind.add_argument(
            "--output",
            type=pathlib.Path,
            required=True,
            metavar="FILE",
            help="a .png, .pdf or .svg",
        )
    return parser


def draw(options: argparse.Namespace) -> Figure:
    """Draws what the command line asks for."""
    if options.kind == "functions":
        return functions(options.activation, options.beta)
    if options.kind == "training":
        return training(options.folders)
    if options.kind == "trained":
        return trained_values(options.folder, options.data_dir)
    from experiments.comparison import charts

    return getattr(charts, options.kind)(options.results)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program; exit status 2 and one line on bad input."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        draw(options).savefig(options.output, dpi=150)
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
