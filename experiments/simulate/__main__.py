"""Runs policies against known rewards, without training anything.

    python -m experiments.simulate
    python -m experiments.simulate --landscape ridge --core-units 2
    python -m experiments.simulate --table FILE --policy ppo evolution random

The rewards are a table's, those of a ridge classifier on random features or of
small perceptrons that are trained, which take milliseconds for any function. As
in a search, a function that was proposed before is not evaluated again:
proposals count all that a policy proposes, evaluations the distinct functions
among them, which a search would have to train. In --directory: policies.csv, a
row a policy; runs.csv, a row a run; curves.csv and policies.png; proposals.csv
keeps the runs as they are done, with which --resume goes on, also to more
policies and seeds.

A table has the columns expression and reward, and is searched in the smallest
space that says all its functions; or it is the runs.csv of
experiments.tabulate, searched in the paper's space of one unit, unless
--core-units, --unary and --binary say otherwise. Where a policy proposes a
function that the table does not have, it waits for the reward in vain, goes on
with others, and nothing is counted.

    python -m experiments.simulate --landscape perceptron --runs 24 --racing

--racing compares what searches find that give promising functions further
seeds with those that train each function once, with as many children each.
In --directory: races.csv, a row a pair of searches, and racing.csv.
"""

from __future__ import annotations

import argparse
import functools
import os
import pathlib
import sys
from collections.abc import Sequence

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from experiments.cli import Parser, one_thread, positive, quiet_start

with quiet_start():
    import actfn
    from actfn.search.books.folder import claim
    from experiments.simulate import landscape as landscapes
    from experiments.simulate import racing as races
    from experiments.simulate import report, tables
    from experiments.simulate.contestants import NAMES, contestant, digest
    from experiments.simulate.kept import KeptRuns
    from experiments.simulate.landscape import Landscape
    from experiments.simulate.runs import Run, run

BENCH = "bench"
TABLE = pathlib.Path(__file__).parents[1] / "data/one_unit_rewards/rewards.csv"

_UNITS = {"ridge": 2, "perceptron": 1}


def _parser() -> Parser:
    parser = Parser("simulate", __doc__)
    add = parser.add_argument
    add(
        "--table",
        metavar="FILE",
        help="known rewards, or bench, the open table; default: those of a "
        "one-unit space that come with the program",
    )
    add("--task", metavar="NAME", help="of the open table, with --table bench")
    add(
        "--landscape",
        choices=("table", *landscapes.SOURCES),
        default="table",
        help="where rewards come from; default: %(default)s",
    )
    add(
        "--policy",
        nargs="+",
        choices=NAMES,
        default=["random", "reinforce", "ppo", "evolution", "surrogate"],
        metavar="NAME",
        help=f"who is compared, of {', '.join(NAMES)}; surrogate_prior "
        "and surrogate_shuffled start from what the open table knows of other "
        "tasks; default: random, reinforce, ppo, evolution, surrogate",
    )
    for name, default, text in (
        ("seeds", 50, "runs of each policy"),
        ("proposals", 400, "of each run"),
        (
            "sample",
            10_000,
            "functions from which the ridge's and perceptron's top is reckoned",
        ),
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
        help="size of the functions; default: 2 for the ridge, 1 for the "
        "perceptron, what the table's functions need",
    )
    add(
        "--runs",
        type=positive,
        metavar="N",
        help="of each function on the ridge (default: 1) and the perceptron "
        "(default: 8)",
    )
    add(
        "--racing",
        action="store_true",
        help="compare races with one child a function; --proposals is then "
        "the number of children; needs a landscape, or a table of runs, with "
        f"{races.FEWEST} runs of each function or more",
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
    add("--resume", action="store_true", help="go on in --directory")
    return parser


def _table(given: argparse.Namespace) -> Landscape | None:
    """Returns the table's landscape; None if rewards are yet to be found."""
    if given.landscape == "table":
        if given.runs:
            raise ValueError(
                "--runs must not go with a table, which has its own. "
                f"Received: {given.runs}"
            )
        words = given.core_units, given.unary, given.binary
        if (given.table == BENCH) != bool(given.task):
            raise ValueError(
                "--table bench and --task must go together. "
                f"Received: {given.table}, {given.task}"
            )
        if given.task:
            return tables.of_bench(given.task, *words)
        return tables.table(pathlib.Path(given.table or TABLE), *words)
    if given.table:
        raise ValueError(
            f"--table must not go with --landscape {given.landscape}. "
            f"Received: {given.table}"
        )
    return None


def _settings(
    given: argparse.Namespace,
    space: actfn.SearchSpace,
    landscape: Landscape | None,
) -> dict:
    """Returns what all runs of a folder must share."""
    return {
        "landscape": given.landscape,
        "table": landscape and landscape.digest,
        "sample": given.sample,
        "proposals": given.proposals,
        "core_units": space.core_units,
        "unary": list(space.unary),
        "binary": list(space.binary),
    } | {
        name: value
        for name in ("runs", "racing", "task")
        if (value := getattr(given, name))
    }


def _simulate(
    given: argparse.Namespace, landscape: Landscape
) -> dict[str, list[Run]]:
    """Runs each policy once a seed, but for the runs that are done."""
    kept = KeptRuns(given.directory / "proposals.csv")
    runs: dict[str, list[Run]] = {policy: [] for policy in given.policy}
    total = len(runs) * given.seeds
    with tqdm(total=total, unit="run", smoothing=0) as bar:
        for policy, found in runs.items():
            bar.set_description(f"{policy:>10}")
            for seed in range(given.seed, given.seed + given.seeds):
                made = contestant(policy, landscape.space, seed, landscape.task)
                key = policy, seed, digest(made)
                done = kept.get(*key)
                if done is None:
                    done = run(made, landscape, given.proposals)
                    kept.add(*key, done)
                found.append(done)
                bar.update()
    return runs


def _race(given: argparse.Namespace, landscape: Landscape) -> list[races.Gain]:
    """Runs races and searches without, but for those that are done."""
    found = races.Races(given.directory / "races.csv")
    seeds = range(given.seed, given.seed + given.seeds)
    with tqdm(
        total=len(given.policy) * len(seeds), unit="pair", smoothing=0
    ) as bar:
        gains = []
        for policy in given.policy:
            bar.set_description(f"{policy:>10}")
            pairs = []
            for seed in seeds:
                make = functools.partial(
                    contestant, policy, landscape.space, seed, landscape.task
                )
                pairs.append(
                    found.run(policy, seed, make, landscape, given.proposals)
                )
                bar.update()
            gains.append(races.gain(policy, pairs, given.proposals))
    return gains


def _compare(given: argparse.Namespace) -> str:
    """Runs the comparison; returns what is to be printed."""
    landscape = _table(given)
    if landscape:
        space = landscape.space
    else:
        units = given.core_units or _UNITS[given.landscape]
        space = actfn.SearchSpace(units, given.unary, given.binary)
    if given.racing:
        races.check(
            min(map(len, landscape.runs.values()), default=1)
            if landscape
            else given.runs or 1
        )
    for policy in given.policy:  # a bad one shows before anything is written
        contestant(policy, space, given.seed, landscape and landscape.task)
    folder = given.directory
    with claim(folder, _settings(given, space, landscape), given.resume):
        landscape = landscape or landscapes.measured(
            given.landscape,
            space,
            given.sample,
            folder / f"{given.landscape}_rewards.csv",
            given.runs,
        )
        if given.racing:
            gains = _race(given, landscape)
            races.write(folder / "racing.csv", gains)
            lines = [races.text(landscape, gains)]
            return "\n".join([*lines, f"Tables: {folder}"])
        runs = _simulate(given, landscape)
        summaries = report.write(
            folder, landscape, runs, given.proposals, given.seed
        )
    told = report.text(landscape, summaries)
    return f"{told}\nTables and picture: {folder}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The matrices are small. NumPy's library of linear algebra, which runs
    # already, is told below.
    one_thread()
    try:
        with threadpool_limits(1):
            print(_compare(given))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except ImportError as error:
        if error.name != "pyarrow":
            raise
        parser.error(str(error))
    except KeyboardInterrupt:
        print(
            f"\nStopped. Runs that are done are kept in {given.directory}; the "
            "same command with --resume goes on.",
            file=sys.stderr,
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
