"""Runs policies against known rewards, without training anything.

    python -m experiments.simulate
    python -m experiments.simulate --landscape ridge --core-units 2
    python -m experiments.simulate --table FILE --policy ppo evolution random

The rewards are a table's (columns expression and reward) or those of a ridge
classifier on random features, which takes milliseconds for any function. As in
a search, a function that was proposed before is not evaluated again: proposals
count all that a policy proposes, evaluations the distinct functions among
them, which a search would have to train. In --directory: policies.csv, a row a
policy; runs.csv, a row a run; curves.csv and policies.png.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Sequence

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from experiments.cli import Parser, positive, quiet_start

with quiet_start():
    import actfn
    from actfn.search.policies import POLICIES
    from experiments.simulate import landscape as landscapes
    from experiments.simulate import report
    from experiments.simulate.landscape import Landscape
    from experiments.simulate.runs import Run, run

TABLE = pathlib.Path(__file__).parents[1] / "data/one_unit_rewards/rewards.csv"


def _parser() -> Parser:
    parser = Parser(
        prog="python -m experiments.simulate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--table",
        type=pathlib.Path,
        metavar="FILE",
        help="known rewards; default: those of a one-unit space that come "
        "with the program",
    )
    add(
        "--landscape",
        choices=("table", "ridge"),
        default="table",
        help="where rewards come from; default: %(default)s",
    )
    add(
        "--policy",
        nargs="+",
        choices=POLICIES,
        default=["random", "reinforce", "ppo", "evolution", "surrogate"],
        metavar="NAME",
        help=f"who is compared, of {', '.join(POLICIES)}; default: all but "
        "exhaustive",
    )
    for name, default, text in (
        ("seeds", 50, "runs of each policy"),
        ("proposals", 400, "of each run"),
        ("sample", 10_000, "functions that make up the ridge's top 1 percent"),
    ):
        add(
            f"--{name}",
            type=positive,
            default=default,
            metavar="N",
            help=f"{text}; default: %(default)s",
        )
    add("--seed", type=int, default=0, metavar="N", help="of the first run")
    add(
        "--core-units",
        type=positive,
        metavar="N",
        help="size of the functions; default: 2 for the ridge, what the "
        "table's functions need",
    )
    for name in ("unary", "binary"):
        add(
            f"--{name}",
            nargs="+",
            metavar="NAME",
            help=f"{name} functions of the space; default: all, or the table's",
        )
    add(
        "--directory",
        type=pathlib.Path,
        default="results/simulate",
        metavar="DIR",
        help="of the results; default: %(default)s",
    )
    return parser


def _landscape(given: argparse.Namespace) -> Landscape:
    operators = given.unary, given.binary
    if given.landscape == "table":
        return landscapes.table(
            given.table or TABLE, given.core_units, *operators
        )
    if given.table:
        raise ValueError(
            "--table must not go with --landscape ridge. "
            f"Received: {given.table}"
        )
    space = actfn.SearchSpace(given.core_units or 2, *operators)
    return landscapes.ridge(
        space, given.sample, given.directory / "ridge_rewards.csv"
    )


def _simulate(
    given: argparse.Namespace, landscape: Landscape
) -> dict[str, list[Run]]:
    """Runs each policy once a seed."""
    for policy in given.policy:  # a bad one shows before an hour has passed
        POLICIES[policy](landscape.space, seed=given.seed)
    runs: dict[str, list[Run]] = {policy: [] for policy in given.policy}
    total = len(runs) * given.seeds
    with tqdm(total=total, unit="run", smoothing=0) as bar:
        for policy, found in runs.items():
            bar.set_description(f"{policy:>10}")
            for seed in range(given.seed, given.seed + given.seeds):
                made = POLICIES[policy](landscape.space, seed=seed)
                found.append(run(made, landscape, given.proposals))
                bar.update()
    return runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The matrices are small. Read when TensorFlow starts; NumPy's library of
    # linear algebra, which runs already, is told below.
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        given.directory.mkdir(parents=True, exist_ok=True)
        with threadpool_limits(1):
            landscape = _landscape(given)
            runs = _simulate(given, landscape)
        summaries = report.write(
            given.directory, landscape, runs, given.proposals, given.seed
        )
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nStopped; nothing is written.", file=sys.stderr)
        return 130
    print(report.text(landscape, summaries))
    if given.landscape == "table" and landscape.measured:
        print(
            f"{landscape.measured} of the functions proposed are not in the "
            "table; they had its lowest reward."
        )
    print(f"Tables and picture: {given.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
