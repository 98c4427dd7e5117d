"""Grids of known functions, of which the best is compared with what is found.

A published function has numbers that its authors chose for their own networks.
To be a fair rival it is tuned: all members of a family are trained as the
functions of the search are, and the one with the best mean is confirmed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

Families = Mapping[str, Sequence[str]]


def pairs(families: Families, runs: int) -> list[tuple[str, str, int]]:
    """Returns all there is to train: family, function and run."""
    return [
        (name, member, run)
        for run in range(runs)
        for name, members in families.items()
        for member in members
    ]


def tuned(
    families: Families, scores: Mapping[tuple[str, int], float], runs: int
) -> dict[str, float]:
    """Returns the best member of each family, with its mean score.

    Args:
        families: The members of each.
        scores: Of member and run, higher is better; NaN where it diverged.
        runs: Of each member.
    """

    def mean(member: str) -> float:
        found = statistics.fmean(scores[member, run] for run in range(runs))
        return found if math.isfinite(found) else -math.inf

    best = [max(members, key=mean) for members in families.values()]
    return {member: mean(member) for member in best}
