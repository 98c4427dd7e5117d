r"""Says which of some known functions to take for a model of yours, if any.

    python -m actfn compare mine:build --data mine:data --epochs 20
    python -m actfn compare mine:build --data mine:data --epochs 20 \
        --candidates gelu mish

All functions are trained with the same seeds, and those that cannot win are
dropped early. "Keep relu" is an answer. Stopped, the same command goes on.
"""

from __future__ import annotations

import argparse

from actfn.cli import quiet_start

with quiet_start():
    from actfn import search
    from actfn.command_line import of_a_model

HELP = "say which of some known functions to take for a model of yours"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the program takes."""
    of_a_model.add_arguments(parser)
    add = parser.add_argument
    add(
        "--candidates",
        nargs="+",
        metavar="FUNCTION",
        help="catalog names or expressions; default: the whole catalog",
    )
    add(
        "--baselines",
        nargs="+",
        metavar="NAME",
        help="known functions to beat, the one in use first; default: that of "
        "a compiled model, or relu",
    )


def run(options: argparse.Namespace) -> None:
    """Runs the comparison.

    Raises:
        ValueError: An argument is wrong.
    """
    more = {
        "candidates": options.candidates or "catalog",
        "baselines": options.baselines,
    }
    of_a_model.run(search.compare, options, more)
