r"""Finds the activation function for a model of yours.

    python -m actfn search mine:build --data mine:data --epochs 20
    python -m actfn search mine:build --data mine:data --epochs 20 --workers 2

The best functions that a search proposes are trained again, beside known
ones, with fresh seeds and on data that the search never saw; the last lines
say whether to switch. DIR/report.html shows it all, from the first minute on.
Stopped, the same command goes on.
"""

from __future__ import annotations

import argparse

from actfn.cli import positive, quiet_start

with quiet_start():
    from actfn import search
    from actfn.command_line import of_a_model
    from actfn.search.find import BASELINES
    from actfn.search.policies import POLICIES
    from actfn.spaces.grammar import SearchSpace

HELP = "find the activation function for a model of yours"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the program takes."""
    of_a_model.add_arguments(parser)
    add = parser.add_argument
    add(
        "--trials",
        type=positive,
        default=60,
        metavar="N",
        help="how many functions the search trains; default: %(default)s",
    )
    add(
        "--core-units",
        type=positive,
        default=2,
        metavar="N",
        help="size of the functions; default: %(default)s",
    )
    add(
        "--policy",
        choices=POLICIES,
        default="surrogate",
        help="who proposes them, see docs/search.md; default: %(default)s",
    )
    add(
        "--baselines",
        nargs="+",
        metavar="NAME",
        help="known functions to beat, the one in use first; default: that of "
        f"a compiled model, and {' '.join(BASELINES)}",
    )
    add(
        "--finalists",
        type=positive,
        default=3,
        metavar="N",
        help="how many of the best are confirmed; default: %(default)s",
    )
    add(
        "--control",
        type=int,
        metavar="N",
        help="random functions to compare with; default: half of the trials",
    )
    add(
        "--racing",
        action="store_true",
        help="spend up to a fifth of the trials on further seeds of functions "
        "that may be the best",
    )
    add(
        "--prior",
        action=argparse.BooleanOptionalAction,
        help="begin with what functions came to on the tasks of the open "
        "table; of the surrogate alone, whose default it is",
    )


def run(options: argparse.Namespace) -> None:
    """Runs the search.

    Raises:
        ValueError: An argument is wrong.
    """
    names = ("trials", "policy", "baselines", "finalists", "control")
    more = {name: getattr(options, name) for name in (*names, "racing")}
    more["prior"] = {None: "auto", True: "table", False: None}[options.prior]
    more["space"] = SearchSpace(core_units=options.core_units)
    of_a_model.run(search.find, options, more)
