"""Benchmarks: ``python -m experiments.benchmark activations --help``.

Each is a module of this folder with a `main`; what they share is in ``parts``.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence

from experiments import benchmark
from experiments.cli import Parser, quiet_start


def names() -> tuple[str, ...]:
    """Returns the names of all benchmarks."""
    modules = pkgutil.iter_modules(benchmark.__path__)
    return tuple(
        sorted(
            module.name
            for module in modules
            if not module.ispkg and module.name != "__main__"
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmark that the first argument names."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = Parser("benchmark", __doc__)
    parser.add_argument("name", choices=names())
    chosen = parser.parse_args(arguments[:1])
    # The table of tasks is of children as searches train them.
    with quiet_start(onednn=chosen.name == "discrimination"):
        module = importlib.import_module(f"experiments.benchmark.{chosen.name}")
    module.main(arguments[1:])


if __name__ == "__main__":
    main()
