"""Draws the paper's kinds of figures from functions and from our runs.

python -m experiments.figures functions --activation swish --beta 0.1 1 10
python -m experiments.figures search SEARCH_FOLDER
python -m experiments.figures training RUN_FOLDER ...
python -m experiments.figures trained RUN_FOLDER
python -m experiments.figures depth RESULTS.csv ...
python -m experiments.figures differences RESULTS.csv ...
"""

import argparse
import pathlib
from collections.abc import Sequence

from matplotlib.figure import Figure

from experiments.cli import Parser
from experiments.figures import drawing


def _parser() -> Parser:
    parser = Parser("figures", __doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kind = kinds.add_parser("functions", help="values and derivatives")
    kind.add_argument("--activation", nargs="+", required=True, metavar="TEXT")
    kind.add_argument("--beta", nargs="+", type=float, default=drawing.BETAS)
    kind = kinds.add_parser("search", help="the best functions of a search")
    kind.add_argument("folder", type=pathlib.Path)
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
        return drawing.functions(options.activation, options.beta)
    if options.kind == "search":
        return drawing.best_of_search(options.folder)
    if options.kind == "training":
        return drawing.training(options.folders)
    if options.kind == "trained":
        return drawing.trained_values(options.folder, options.data_dir)
    from experiments.compare import charts

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
