"""``python -m actfn list`` and others; ``--help`` names them.

Each is a module with `HELP`, ``add_arguments(parser)`` and ``run(options)``,
which raises ValueError for a bad argument.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

from actfn.cli import Parser

PROGRAMS = {
    "search": "actfn.command_line.search",
    "compare": "actfn.command_line.compare",
    "list": "actfn.command_line.list",
    "show": "actfn.command_line.show",
}
"""The module of each program."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program that the first argument names."""
    parser = Parser(
        "python -m actfn",
        description="Activation functions: find, compare, look at them.",
    )
    programs = parser.add_subparsers(
        dest="program", required=True, metavar="PROGRAM", parser_class=Parser
    )
    modules = {}
    for name, path in PROGRAMS.items():
        modules[name] = module = importlib.import_module(path)
        module.add_arguments(
            programs.add_parser(
                name,
                help=module.HELP,
                description=module.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    options = parser.parse_args(arguments)
    try:
        modules[options.program].run(options)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
