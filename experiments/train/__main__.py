r"""Trains the paper's networks with any activation.

    python -m experiments.train --config cifar10_resnet164 \
        --activation swish relu --runs 5

Every combination of activations, learning rates and seeds is a run with a
folder of its own in --directory, and one row in its results.csv when it is
finished. With --resume, finished runs are skipped and interrupted ones go on
where they were; several such processes share the work, on one machine or on
several that share the folder. One run stays on one machine: with --mirrored it
uses all of its accelerators. Spreading it over machines is not supported.
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence

from experiments.cli import Parser, quiet_start
from experiments.train import config as configs


def _parser() -> Parser:
    parser = Parser("train", __doc__)
    add = parser.add_argument
    add(
        "--config",
        required=True,
        metavar="NAME",
        help=f"one of {', '.join(configs.names())}, or a .toml file like them",
    )
    add(
        "--activation",
        nargs="+",
        action="extend",
        metavar="TEXT",
        help="catalog names or expressions; default: relu",
    )
    add(
        "--learning-rate",
        nargs="+",
        action="extend",
        type=float,
        metavar="X",
        help="default: those of the config",
    )
    add("--runs", type=int, default=1, metavar="N", help="seeds of each")
    add("--steps", type=int, metavar="N", help="default: the config's")
    add(
        "--dataset",
        metavar="NAME",
        help="a name, or files of your own, see docs/own_data.md; default: the "
        "config's",
    )
    add("--data-dir", metavar="DIR", help="folder of prepared TFDS sets")
    add(
        "--directory",
        type=pathlib.Path,
        default=pathlib.Path("results/train"),
        metavar="DIR",
        help="where results go; default: %(default)s",
    )
    add("--seed", type=int, default=0, metavar="N", help="of the first run")
    add("--resume", action="store_true", help="continue what is there")
    add(
        "--tiny",
        action="store_true",
        help="a few minutes on small data that are part of the repository",
    )
    add(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="other values of the config, as in TOML",
    )
    add(
        "--mixed-precision",
        choices=("float16", "bfloat16"),
        help="compute in it, keep weights in float32",
    )
    add(
        "--mirrored",
        action="store_true",
        help="spread each batch over all accelerators of this machine",
    )
    add(
        "--checkpoint-every",
        type=int,
        default=1000,
        metavar="N",
        help="steps; default: %(default)s",
    )
    return parser


def _config(options: argparse.Namespace) -> configs.Config:
    """Returns the config with what the command line changes."""
    changes = configs.parse_changes(options.set)
    if options.steps is not None:
        changes["steps"] = options.steps
    if options.dataset is not None:
        changes["dataset"] = options.dataset
    if options.learning_rate is not None:
        changes["learning_rates"] = options.learning_rate
    return configs.load(options.config, options.tiny, changes)


def _check_counts(options: argparse.Namespace) -> None:
    for name, least in (("runs", 1), ("checkpoint_every", 1), ("seed", 0)):
        value = getattr(options, name)
        if value < least:
            flag = name.replace("_", "-")
            raise ValueError(
                f"{flag} should be {least} or more. Received: {value}"
            )


def run(options: argparse.Namespace) -> int:
    """Trains all runs that nobody else does; returns how many it finished.

    Raises:
        ValueError: If an argument, the config, the data or the results that
            are there are not as they should be.
    """
    config = _config(options)
    _check_counts(options)
    with quiet_start(onednn=True):
        import actfn
        from experiments.train import grid, session

    for activation in options.activation:
        actfn.get(activation)

    cells = grid.cells(
        options.activation,
        config.learning_rates,
        range(options.seed, options.seed + options.runs),
    )
    worker = session.Session(
        config,
        options.directory,
        data_dir=options.data_dir,
        mixed_precision=options.mixed_precision,
        mirrored=options.mirrored,
        every=options.checkpoint_every,
    )
    if not options.resume:
        worker.refuse_to_repeat(cells)
    return worker.work(cells)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program; exit status 2 and one line on bad input."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.activation = options.activation or ["relu"]
    try:
        run(options)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
