"""What a simulation prints and writes."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from actfn.search.books.tables import CsvLog
from experiments.simulate.figures import comparison
from experiments.simulate.landscape import Landscape
from experiments.simulate.runs import Run, Summary, curves, summarise

_BAND = (0.1, 0.5, 0.9)


def write(
    folder: pathlib.Path,
    landscape: Landscape,
    runs: Mapping[str, Sequence[Run]],
    budget: int,
    first_seed: int,
) -> list[Summary]:
    """Writes the tables and the picture; returns the policies' figures.

    Args:
        folder: Is there; files of the same names are replaced.
        landscape: What the policies ran on.
        runs: One a seed, by policy.
        budget: Proposals of each run.
        first_seed: Of the first run; the next have the next ones.
    """
    random = runs.get("random", ())
    summaries = [
        summarise(policy, found, random, landscape, budget)
        for policy, found in runs.items()
    ]
    _replace(folder / "policies.csv", map(dataclasses.asdict, summaries))
    _replace(folder / "runs.csv", _runs(runs, landscape, budget, first_seed))
    _replace(folder / "curves.csv", _curves(runs, landscape, budget))
    comparison(runs, landscape, budget).savefig(
        folder / "policies.png", dpi=110
    )
    return summaries


def _replace(path: pathlib.Path, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    path.unlink(missing_ok=True)
    CsvLog(path, tuple(rows[0])).rewrite(rows)


def _runs(runs, landscape: Landscape, budget: int, first_seed: int):
    for policy, found in runs.items():
        for seed, each in enumerate(found, first_seed):
            yield {
                "policy": policy,
                "seed": seed,
                "evaluations_to_top": each.evaluations_to(landscape.threshold),
                "proposals_to_top": each.proposals_to(landscape.threshold),
                "late_reward": each.late_mean(budget),
                "evaluations": each.evaluations,
                "best": float(each.rewards.max()),
            }


def _curves(runs, landscape: Landscape, budget: int):
    for policy, found in runs.items():
        best = curves(found, budget)
        low, middle, high = np.quantile(best, _BAND, axis=0)
        for index, mean in enumerate(best.mean(axis=0)):
            yield {
                "policy": policy,
                "evaluations": index + 1,
                "best_mean": float(mean),
                "best_p10": float(low[index]),
                "best_median": float(middle[index]),
                "best_p90": float(high[index]),
                "regret_mean": landscape.best - float(mean),
            }


def text(landscape: Landscape, summaries: Sequence[Summary]) -> str:
    """Returns the comparison as a table to be printed."""
    lines = [
        f"{landscape.name}: {landscape.size} functions; rewards up to "
        f"{landscape.best:.4f}; the top {landscape.top_share:.1%} have "
        f"{landscape.threshold:.4f} or more.",
        "To the first of the top 1 percent: median and 90th percentile over "
        "the seeds of evaluations (distinct functions) and of proposals.",
        "",
        "policy      found   evaluations     proposals     last quarter     "
        "   p distinct    best  per s",
    ]
    for row in summaries:
        lines.append(
            f"{row.policy:10} {row.found:6.0%} "
            f"{row.evaluations_median:6.1f} {row.evaluations_p90:6.1f} "
            f"{row.proposals_median:6.1f} {row.proposals_p90:6.1f} "
            f"{row.late_reward:7.4f} ± {row.late_error:6.4f} "
            f"{row.p_value:8.1e} {row.distinct:8.1f} {row.best:7.4f} "
            f"{row.proposals_per_second:6.0f}"
        )
    lines += [
        "",
        "last quarter: mean reward of the last quarter of the proposals, with "
        "its standard error; p: against random (Mann-Whitney, two-sided).",
        "per s: proposals a second of processor time, beside that in which the "
        "landscape finds canonical forms and rewards.",
    ]
    return "\n".join(lines)
