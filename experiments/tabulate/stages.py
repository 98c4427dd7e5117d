"""Who is trained with which seeds: all once, the better ones again.

Stage 1 trains each function with the first seed; stage 2 the best tenth by it,
and the catalog, with two further seeds; stage 3 the best 50 by the mean over
these three, and the catalog, with five more. All share the seeds.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from actfn.search.seeds import derived_seed
from experiments.tabulate.functions import Function

RUNS = (1, 3, 8)
"""How many seeds a function has after each stage that it is in."""
BEST_SHARE = 0.1
BEST = 50

Child = tuple[str, int]
"""The text of a function, and the number of the run, from 0."""


def seed_of(run: int) -> int:
    """Returns the seed of a run, which is that of all functions."""
    return derived_seed(0, 7, run)


def stages(
    functions: Sequence[Function], scores: Mapping[Child, float]
) -> list[list[Child]]:
    """Returns the children of each stage, in the order of the functions.

    Args:
        functions: The list, or its beginning.
        scores: Of the children that are known; the higher, the better. While
            children of a stage are not, those after it are preliminary.
    """

    def best(texts: list[str], count: int, runs: int) -> list[str]:
        def mean(text: str) -> float:
            each = (scores.get((text, run), -math.inf) for run in range(runs))
            return statistics.fmean(each)

        return sorted(texts, key=mean, reverse=True)[:count]

    texts = [each.text for each in functions]
    named = {each.text for each in functions if each.source == "catalog"}
    tenth = best(texts, math.ceil(BEST_SHARE * len(texts)), RUNS[0])
    fifty = best(tenth, BEST, RUNS[1])
    chosen = (set(texts), named.union(tenth), named.union(fifty))
    done = (0, *RUNS)
    return [
        [
            (text, run)
            for text in texts
            if text in members
            for run in range(done[stage], done[stage + 1])
        ]
        for stage, members in enumerate(chosen)
    ]
