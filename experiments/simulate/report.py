"""What a simulation prints and writes."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from actfn.search.books.tables import write_rows
from experiments.simulate.figures import comparison
from experiments.simulate.landscape import Landscape
from experiments.simulate.runs import Run, curves
from experiments.simulate.statistics import REGRET_AFTER, Summary, summarise

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
    summaries = [summarise(each, runs, landscape, budget) for each in runs]
    _replace(folder / "policies.csv", map(dataclasses.asdict, summaries))
    _replace(folder / "runs.csv", _runs(runs, landscape, budget, first_seed))
    _replace(folder / "curves.csv", _curves(runs, landscape, budget))
    comparison(runs, landscape, budget).savefig(
        folder / "policies.png", dpi=110
    )
    return summaries


def _replace(path: pathlib.Path, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    write_rows(path, tuple(rows[0]), rows)


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
    noise = f"{landscape.noise:.4f}"
    if np.isnan(landscape.noise):
        noise = "not known, as each has one run"
    lines = [
        f"{landscape.name}: {landscape.size} functions"
        f"{', others count nowhere' if landscape.is_table else ''}; rewards "
        f"up to {landscape.best:.4f}, standard error of a good one's {noise}.",
        f"The top, {landscape.top_share:.1%} of them, has "
        f"{landscape.threshold:.4f} or more: the best 1 percent, and all that "
        "the noise does not tell from the best.",
        "To the first of the top: median and 90th percentile over the seeds "
        "of evaluations (distinct functions) and of proposals.",
        "",
        "policy      found   evaluations  p90 / random's (95%)   log-rank p  "
        "  proposals           regret      last quarter   p last distinct  "
        "  best  per s",
    ]
    for row in summaries:
        lines.append(
            f"{row.policy:10} {row.found:6.0%} "
            f"{row.evaluations_median:6.1f} {row.evaluations_p90:6.1f} "
            f"{row.ratio_p90:6.2f} ({row.ratio_p90_bootstrap_low:5.2f} to "
            f"{row.ratio_p90_bootstrap_high:5.2f}) "
            f"{row.p_logrank_evaluations:12.1e} "
            f"{row.proposals_median:6.1f} {row.proposals_p90:6.1f} "
            f"{row.regret:7.4f} ± {row.regret_error:6.4f} "
            f"{row.late_reward:6.3f} ± {row.late_error:6.4f} "
            f"{row.p_mann_whitney_late:8.1e} {row.distinct:8.1f} "
            f"{row.best:7.4f} {row.proposals_per_second:6.0f}"
        )
    lines += [
        "",
        "p90 / random's: ratio of the 90th percentiles of evaluations, with "
        "its bootstrap interval. log-rank p: evaluations to the top against "
        "random's, two-sided; runs that found none are censored.",
        f"regret: best known reward less the best of {REGRET_AFTER} "
        "evaluations, with its standard error. last quarter: mean reward of "
        "the last quarter of the proposals, likewise; p last: against random "
        "(Mann-Whitney, two-sided).",
        "per s: proposals a second of processor time, beside that in which the "
        "landscape finds canonical forms and rewards.",
    ]
    return "\n".join(lines)
