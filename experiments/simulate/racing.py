"""Whether racing finds a better function with as many children.

A landscape with several runs of each function is divided: some runs are the
seeds of a search, the others tell what the function that it hands over is
truly worth. Which runs are which is drawn anew for each search.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from actfn.search.books.ledger import Ledger
from actfn.search.books.rows import best_functions
from actfn.search.books.standings import MOST, Standings
from actfn.search.books.tables import CsvLog, read_rows, write_rows
from actfn.search.policies.base import Policy
from experiments.simulate.contestants import digest
from experiments.simulate.landscape import Landscape

FEWEST = 2 * MOST
"""Runs of a function at least: as many are left out as a race may use."""
_COLUMNS = ("policy", "seed", "settings", "single", "racing")
Pair = tuple[float, float]
"""What a search hands over with one child each, and by races."""


@dataclasses.dataclass(frozen=True)
class Gain:
    """What racing gains over one child of each function, by paired searches.

    Attributes:
        policy: Its name.
        seeds: How many searches of either kind.
        children: Of each search.
        single: Mean true reward of the function handed over by searches with
            one child each, whose seed is the trial's own.
        racing: The same by races.
        gain: The mean difference.
        low: Lower end of its 95 percent interval (Student's).
        high: Upper end.
        p: Of the two-sided paired t-test.
    """

    policy: str
    seeds: int
    children: int
    single: float
    racing: float
    gain: float
    low: float
    high: float
    p: float


def check(fewest: int) -> None:
    """Checks that a landscape has enough runs.

    Args:
        fewest: Of any function.

    Raises:
        ValueError: These are fewer than `FEWEST`.
    """
    if fewest < FEWEST:
        raise ValueError(
            f"--racing needs at least {FEWEST} runs of each function: half to "
            "search by, half to judge by; --runs says how many. "
            f"Received: {fewest}"
        )


def handed_over(
    policy: Policy, landscape: Landscape, children: int, racing: bool
) -> float:
    """Returns what the best function of a search is worth in other runs.

    Args:
        policy: A fresh one; its seed says which runs the search has.
        landscape: Has the runs.
        children: How many the search trains.
        racing: Whether functions race; else each has one child.
    """
    rng = np.random.default_rng((policy.seed, 13))
    order = rng.permutation(min(map(len, landscape.runs.values())))
    ledger = Ledger(
        policy,
        policy.seed,
        max_repeats=10 * children,
        canonical=landscape.canonical,
        racing=racing,
    )
    for _ in range(children):
        task = ledger.ask()
        if task is None:
            break
        if not landscape.knows(task.canonical):
            raise ValueError(
                "--racing needs the runs of all functions of the space. "
                f"Received none of {task.canonical}"
            )
        run = task.run if racing else rng.integers(MOST)
        reward = float(landscape.runs_of(task.canonical)[order[run]])
        diverged = reward <= landscape.floor
        status = "diverged" if diverged else "completed"
        ledger.finish(task.trial, reward, status, 0.0)
    if not any(each.status == "completed" for each in ledger.results):
        return landscape.floor
    if racing:
        chosen = Standings.of(ledger.results).ranked()[0]
    else:
        chosen = best_functions(ledger.results)[0].canonical
    return float(landscape.runs_of(chosen)[order[MOST:]].mean())


class Races:
    """Paired searches of each policy, kept in a file as they are done.

    Args:
        path: A CSV file; made if it is not there.

    Raises:
        ValueError: The file holds something else.
        OSError: The file cannot be read or written.
    """

    def __init__(self, path: pathlib.Path):
        self._log = CsvLog(path, _COLUMNS)
        self._found = {
            (row["policy"], int(row["seed"]), row["settings"]): (
                float(row["single"]),
                float(row["racing"]),
            )
            for row in read_rows(path)
        }

    def run(
        self,
        name: str,
        seed: int,
        make: Callable[[], Policy],
        landscape: Landscape,
        children: int,
    ) -> Pair:
        """Runs a search of either kind, unless that was done before."""
        alone = make()
        key = name, seed, digest(alone)
        if key not in self._found:
            pair = tuple(
                round(handed_over(policy, landscape, children, racing), 6)
                for policy, racing in ((alone, False), (make(), True))
            )
            row = (*key, *pair)
            self._log.append(dict(zip(_COLUMNS, row, strict=True)))
            self._found[key] = pair
        return self._found[key]


def gain(policy: str, pairs: Sequence[Pair], children: int) -> Gain:
    """Returns what racing gains with a policy.

    Args:
        policy: Its name.
        pairs: Of `Races.run`, one a seed.
        children: Of each search.
    """
    single, racing = np.array(pairs).T
    gains = racing - single
    low = high = p = np.nan
    if len(gains) > 1 and np.ptp(gains):
        test = stats.ttest_rel(racing, single)
        low, high = test.confidence_interval(0.95)
        p = test.pvalue
    return Gain(
        policy=policy,
        seeds=len(gains),
        children=children,
        single=float(single.mean()),
        racing=float(racing.mean()),
        gain=float(gains.mean()),
        low=float(low),
        high=float(high),
        p=float(p),
    )


def write(path: pathlib.Path, gains: Sequence[Gain]) -> None:
    """Writes a row a policy; replaces the file."""
    columns = [field.name for field in dataclasses.fields(Gain)]
    write_rows(path, columns, map(dataclasses.asdict, gains))


def text(landscape: Landscape, gains: Sequence[Gain]) -> str:
    """Returns the comparison as a table to be printed."""
    lines = [
        f"{landscape.name}: {landscape.size} functions; the best has "
        f"{landscape.best:.4f}. True reward of the function that a search of "
        f"{gains[0].children} children hands over, mean over the searches:",
        "",
        "policy      searches  one child each    racing  "
        "gain (95 % interval)              p",
    ]
    lines += [
        f"{row.policy:10} {row.seeds:9} {row.single:15.4f} {row.racing:9.4f}  "
        f"{row.gain:+.4f} ({row.low:+.4f} to {row.high:+.4f}) {row.p:10.1e}"
        for row in gains
    ]
    return "\n".join(lines)
