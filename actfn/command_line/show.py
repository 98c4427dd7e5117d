r"""Draws a function and its derivative, and says what they are like.

    python -m actfn show mish
    python -m actfn show "x * sigmoid(x)" --picture curve.png
    python -m actfn show "swish(x) * y" --picture map.png

Parameters have their first values, 1 where these are random. Domain, range,
limits and extrema are found by numbers, on [-1000, 1000]. Of two inputs, the
drawing is f(x, y) over x for some values of y, and the picture a map of
colours.
"""

from __future__ import annotations

import argparse
import pathlib

from actfn import analysis, catalog
from actfn.cli import quiet_start
from actfn.command_line import two_inputs
from actfn.command_line.properties import properties, text_curves
from actfn.expressions.expression import Expression, inputs, parameters

HELP = "draw a function and say what it is like"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the program takes."""
    parser.add_argument(
        "function", help="a catalog name or expression text, such as mish"
    )
    parser.add_argument(
        "--picture",
        type=pathlib.Path,
        metavar="FILE",
        help="write the curves to this picture too",
    )


def run(options: argparse.Namespace) -> None:
    """Prints the sheet.

    Raises:
        ValueError: The function is none, or the picture cannot be written.
    """
    entry = catalog.find(options.function)
    expression = catalog.get(options.function).expression
    names = [parameter.name for parameter in parameters(expression)]
    betas = entry.first_values if entry else dict.fromkeys(names, 1.0)
    with quiet_start():  # TensorFlow looks for devices at the first number.
        if inputs(expression) == 2:
            found = two_inputs.sheet(expression, betas)
            drawing = two_inputs.text_slices(expression, betas)
        else:
            found = properties(expression, betas).sheet()
            drawing = text_curves(expression, betas)
    print(sheet(expression, betas, found, entry))
    print(drawing)
    if options.picture:
        _draw(expression, betas, options.picture)


def sheet(
    expression: Expression,
    betas: dict[str, float],
    found: list[tuple[str, str]],
    entry: catalog.Entry | None,
) -> str:
    """Returns what is known of the function, a line each."""
    lines = [("function", str(expression)), ("LaTeX", expression.latex())]
    if entry:
        lines = [
            ("name", entry.name),
            *lines,
            ("source", f"{entry.source} ({entry.year})"),
            ("use when", entry.use_when),
        ]
    if betas:
        shown = ", ".join(f"{key} = {value:g}" for key, value in betas.items())
        first = (entry.initial if entry else None) or ()
        pairs = zip(betas, first, strict=False)
        drawn = [name for name, value in pairs if value == "normal"]
        if drawn:
            shown += f"; {' and '.join(drawn)} random at first, 1 here"
        lines.append(("parameters", shown))
    lines += found
    return "\n".join(f"{key:<11}{value}" for key, value in lines) + "\n"


def _draw(
    expression: Expression, betas: dict[str, float], path: pathlib.Path
) -> None:
    import matplotlib

    matplotlib.use("agg")
    axes = analysis.plot_function(expression, betas=betas)
    try:
        axes.figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"`--picture` must be a picture file to write: {error}. "
            f"Received: {str(path)!r}"
        ) from None
