"""What many runs of a policy come to, and the tests of what is claimed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from experiments.simulate.landscape import Landscape
from experiments.simulate.runs import Run

REGRET_AFTER = 50
"""Evaluations: about as many children as a small search trains."""
_RESAMPLES = 2_000
_LEVEL = 0.95


@dataclasses.dataclass(frozen=True)
class Summary:
    """A row of the comparison of policies.

    Where a run never reached the top it counts in the quantiles as having
    needed the whole budget, and in the log-rank test as censored there: a
    policy that proposes the same again until the end has not left the search.
    What compares with random is NaN without random runs, and so are random's
    own intervals and tests; likewise what compares with the surrogate.

    Attributes:
        policy: Its name.
        seeds: How many runs.
        found: Share of the runs that reached the top.
        evaluations_median: To the top.
        evaluations_p90: Their 90th percentile.
        ratio_p90: That over random's.
        ratio_p90_bootstrap_low: Lower end of the 95 percent bootstrap interval
            of the ratio (percentiles; both samples of runs are resampled).
        ratio_p90_bootstrap_high: Upper end.
        ratio_p90_surrogate: The same over that of the surrogate without a
            prior.
        ratio_p90_surrogate_bootstrap_low: Lower end of its interval.
        ratio_p90_surrogate_bootstrap_high: Upper end.
        p_logrank_evaluations: Two-sided log-rank test of the evaluations to
            the top against random's.
        proposals_median: To the top.
        proposals_p90: Their 90th percentile.
        regret: Best known reward less the best found within `REGRET_AFTER`
            evaluations, mean over the runs.
        regret_error: Standard error of that mean.
        reward_noise: Standard error of a good function's reward.
        late_reward: Mean reward of the last quarter of the proposals.
        late_error: Its standard error.
        p_mann_whitney_late: Two-sided Mann-Whitney test of the runs' late
            rewards against random's.
        distinct: Mean number of functions evaluated.
        best: Mean of the runs' best rewards.
        proposals_per_second: Of processor time.
    """

    policy: str
    seeds: int
    found: float
    evaluations_median: float
    evaluations_p90: float
    ratio_p90: float
    ratio_p90_bootstrap_low: float
    ratio_p90_bootstrap_high: float
    ratio_p90_surrogate: float
    ratio_p90_surrogate_bootstrap_low: float
    ratio_p90_surrogate_bootstrap_high: float
    p_logrank_evaluations: float
    proposals_median: float
    proposals_p90: float
    regret: float
    regret_error: float
    reward_noise: float
    late_reward: float
    late_error: float
    p_mann_whitney_late: float
    distinct: float
    best: float
    proposals_per_second: float


def summarise(
    policy: str,
    all_runs: Mapping[str, Sequence[Run]],
    landscape: Landscape,
    budget: int,
) -> Summary:
    """Returns the figures of one policy's runs, over seeds.

    Args:
        policy: Its name.
        all_runs: One a seed, by policy; those of random and the surrogate, if
            they are there, are what it is compared with.
        landscape: What they ran on.
        budget: Proposals of each run.
    """
    top, runs = landscape.threshold, all_runs[policy]
    evaluations = np.array([r.evaluations_to(top) for r in runs])
    proposals = np.array([r.proposals_to(top) for r in runs])
    late = np.array([r.late_mean(budget) for r in runs])
    regrets = np.array(
        [max(0, landscape.best - r.best_after(REGRET_AFTER)) for r in runs]
    )
    made = sum(len(r.rewards) for r in runs)
    return Summary(
        policy=policy,
        seeds=len(runs),
        found=float(np.mean(np.isfinite(evaluations))),
        evaluations_median=_quantile(evaluations, 0.5, budget),
        evaluations_p90=_quantile(evaluations, 0.9, budget),
        **_ratio("ratio_p90", policy, "random", all_runs, top, budget),
        **_ratio(
            "ratio_p90_surrogate", policy, "surrogate", all_runs, top, budget
        ),
        **_against_random(policy, all_runs, top, budget),
        proposals_median=_quantile(proposals, 0.5, budget),
        proposals_p90=_quantile(proposals, 0.9, budget),
        regret=float(regrets.mean()),
        regret_error=_error(regrets),
        reward_noise=landscape.noise,
        late_reward=float(late.mean()),
        late_error=_error(late),
        distinct=float(np.mean([r.evaluations for r in runs])),
        best=float(np.mean([r.rewards.max() for r in runs])),
        proposals_per_second=made / sum(r.seconds for r in runs),
    )


def _ratio(name, policy, other, all_runs, top: float, budget: int) -> dict:
    """Returns the ratio of the 90th percentiles, and its interval."""
    ratio, low, high = np.nan, np.nan, np.nan
    if policy == other:
        ratio = 1.0
    elif other in all_runs:
        counts = [
            np.minimum([r.evaluations_to(top) for r in all_runs[each]], budget)
            for each in (policy, other)
        ]
        ratio = float(p90_ratio(*counts))
        if min(map(len, counts)) > 1:
            low, high = bootstrap_interval(*counts)
    return {
        name: ratio,
        f"{name}_bootstrap_low": low,
        f"{name}_bootstrap_high": high,
    }


def _against_random(policy, all_runs, top: float, budget: int) -> dict:
    """Returns the tests against random."""
    found = {"p_logrank_evaluations": np.nan, "p_mann_whitney_late": np.nan}
    if policy == "random" or "random" not in all_runs:
        return found
    runs, random = all_runs[policy], all_runs["random"]
    if any(np.isfinite(r.evaluations_to(top)) for r in [*runs, *random]):
        censored = [_censored(each, top, budget) for each in (runs, random)]
        with np.errstate(invalid="ignore"):  # NaN if all runs are alike
            p = stats.logrank(*censored).pvalue
        found["p_logrank_evaluations"] = float(p)
    late = [[r.late_mean(budget) for r in each] for each in (runs, random)]
    found["p_mann_whitney_late"] = float(stats.mannwhitneyu(*late).pvalue)
    return found


def p90_ratio(counts: np.ndarray, others: np.ndarray, axis: int = -1):
    """Returns the ratio of the 90th percentiles."""
    return np.quantile(counts, 0.9, axis=axis) / np.quantile(
        others, 0.9, axis=axis
    )


def bootstrap_interval(
    counts: np.ndarray, others: np.ndarray
) -> tuple[float, float]:
    """Returns the 95 percent interval of `p90_ratio`, by percentiles."""
    interval = stats.bootstrap(
        (counts, others),
        p90_ratio,
        n_resamples=_RESAMPLES,
        confidence_level=_LEVEL,
        method="percentile",
        vectorized=True,
        rng=0,
    ).confidence_interval
    return float(interval.low), float(interval.high)


def _censored(
    runs: Sequence[Run], top: float, budget: int
) -> stats.CensoredData:
    """Returns the evaluations to the top; a run without it needs more."""
    counts = np.array([r.evaluations_to(top) for r in runs])
    reached = np.isfinite(counts)
    return stats.CensoredData(
        uncensored=counts[reached], right=np.full((~reached).sum(), budget)
    )


def _quantile(counts: np.ndarray, share: float, budget: int) -> float:
    return float(np.quantile(np.minimum(counts, budget), share))


def _error(values: np.ndarray) -> float:
    return float(stats.sem(values)) if len(values) > 1 else np.nan
