"""What it costs, and saves, to stop children on the way.

    python -m experiments.tabulate halving docs/results/table/*

Each DIR holds the runs of one task, of `experiments.tabulate`, which need not
be complete. Random searches are played with them: so many functions in random
order; each is stopped by asynchronous successive halving at the rungs, by its
mean training loss in the tenth of the steps that ends there. Of each rule: the
share of the steps that are taken, how often the best function is stopped, which
share of the best five is, and how much worse the best is that is left, in the
task's unit. In --directory halving.csv.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import pathlib
from collections.abc import Sequence

import numpy as np

from actfn.search.books.tables import write_rows
from actfn.search.halving import SuccessiveHalving
from experiments import tasks
from experiments.cli import Parser, positive
from experiments.tabulate import rows

RULES = (
    *(((3,), 2), ((3,), 3), ((3,), 4), ((4,), 4)),
    *(((2, 5), 2), ((3, 5), 3), ((1, 3), 2), ((1, 2, 4), 2)),
)
"""Rungs in tenths of the steps, and of how many children one goes on."""
COLUMNS = (
    *("task", "rungs", "reduction", "steps", "best_lost", "five_lost"),
    *("regret", "unit", "known", "functions", "searches"),
)


@dataclasses.dataclass(frozen=True)
class Children:
    """What is known of the children of a task, trained with the first seed.

    Attributes:
        scores: The higher, the better; of who did not complete, the floor.
        losses: In each tenth of the steps; infinite once it diverged.
    """

    scores: np.ndarray
    losses: np.ndarray

    @property
    def length(self) -> np.ndarray:
        """How many tenths of the steps each would be trained."""
        return np.isfinite(self.losses).sum(axis=1)


def read(folder: pathlib.Path) -> tuple[str, Children]:
    """Returns a task's name and children; not those given up untrained.

    Raises:
        ValueError: There are none.
    """
    found = [
        row
        for row in rows.read(folder)
        if row["run"] == "0" and row["status"] != "rejected"
    ]
    if not found:
        raise ValueError(f"DIR must hold runs of a task. Received: {folder}")
    name = found[0]["task"]
    scores = rows.scores(found, tasks.get(name))
    losses = np.array(
        [[float(row[tenth] or "nan") for tenth in rows.TENTHS] for row in found]
    )
    return name, Children(
        np.array([scores[row["function"], 0] for row in found]),
        np.where(np.isfinite(losses), losses, math.inf),
    )


def play(
    children: Children,
    order: Sequence[int],
    rungs: Sequence[int],
    reduction: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Plays one search.

    Args:
        children: Of the task.
        order: Those of the search, in their order.
        rungs: In tenths of the steps.
        reduction: See `SuccessiveHalving`.

    Returns:
        Of each of the order, whether it was stopped, and how many tenths of the
        steps were taken.
    """
    halving = SuccessiveHalving(reduction)
    stopped = np.zeros(len(order), bool)
    taken = children.length[list(order)]
    for place, child in enumerate(order):
        for rung in rungs:
            loss = children.losses[child, rung - 1]
            if not math.isfinite(loss):
                break
            if not halving.add(rung, -loss, str(child)):
                stopped[place], taken[place] = True, rung
                break
    return stopped, taken


def judge(
    children: Children,
    rungs: Sequence[int],
    reduction: int,
    functions: int,
    searches: int,
) -> dict[str, float]:
    """Returns the means over searches, which are the same for all rules."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(searches):
        order = rng.permutation(len(children.scores))[:functions]
        stopped, taken = play(children, order, rungs, reduction)
        scores = children.scores[order]
        five = np.argsort(-scores, kind="stable")[:5]
        left = scores[~stopped].max()
        found.append(
            (
                taken.sum() / children.length[order].sum(),
                stopped[five[0]],
                stopped[five].mean(),
                scores.max() - left,
            )
        )
    names = "steps", "best_lost", "five_lost", "regret"
    return dict(zip(names, map(float, np.mean(found, axis=0)), strict=True))


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = Parser("tabulate halving", __doc__)
    add = parser.add_argument
    add("folders", nargs="+", type=pathlib.Path, metavar="DIR")
    add(
        "--functions", type=positive, default=60, metavar="N",
        help="of a search; default: %(default)s",
    )  # fmt: skip
    add(
        "--searches", type=positive, default=500, metavar="N",
        help="default: %(default)s",
    )  # fmt: skip
    add(
        "--directory", type=pathlib.Path, default="results/halving",
        metavar="DIR", help="of the file; default: %(default)s",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    try:
        given.directory.mkdir(parents=True, exist_ok=True)
        rows = [row for folder in given.folders for row in _rows(folder, given)]
        path = given.directory / "halving.csv"
        write_rows(path, COLUMNS, rows)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(f"See {path}")
    return 0


def _rows(folder: pathlib.Path, given: argparse.Namespace) -> list[dict]:
    name, children = read(folder)
    task = tasks.get(name)
    known = len(children.scores)
    if known < given.functions:
        raise ValueError(
            f"--functions must be at most {known}, those of {folder}. "
            f"Received: {given.functions}"
        )
    return [
        {
            "task": name,
            "rungs": " ".join(map(str, rungs)),
            "reduction": reduction,
            **judge(
                children, rungs, reduction, given.functions, given.searches
            ),
            "unit": task.metrics[task.metric].unit,
            "known": known,
            "functions": given.functions,
            "searches": given.searches,
        }
        for rungs, reduction in RULES
    ]
