"""Benchmarks: ``python -m experiments.benchmark activations --help``.

Each is a module of its own, ``experiments/benchmark_NAME.py`` with a `main`.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence

import experiments
from experiments.cli import Parser, quiet_start

_PREFIX = "benchmark_"


def names() -> tuple[str, ...]:
    """Returns the names of all benchmarks."""
    modules = (info.name for info in pkgutil.iter_modules(experiments.__path__))
    return tuple(
        sorted(
            name.removeprefix(_PREFIX)
            for name in modules
            if name.startswith(_PREFIX)
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmark that the first argument names."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = Parser("python -m experiments.benchmark", description=__doc__)
    parser.add_argument("name", choices=names())
    chosen = parser.parse_args(arguments[:1])
    with quiet_start():
        module = importlib.import_module(f"experiments.{_PREFIX}{chosen.name}")
    module.main(arguments[1:])


if __name__ == "__main__":
    main()
