"""Makes the prior of the surrogate policy, from the open table.

    python -m experiments.tabulate prior

Of each function whose parameters start at 1, as a search starts them, the
normal score on each task: that of the rank of its mean, in which a run that
did not complete has the floor. In actfn/search/policies/prior.npz, see
prior.py there.
"""

from __future__ import annotations

import math
import pathlib
from collections.abc import Sequence

import numpy as np

from actfn import bench
from actfn.search.policies.prior import PATH, Prior, normal_scores
from experiments.cli import Parser
from experiments.tabulate.summary import sign_of


def prior_of(table: bench.Table) -> Prior:
    """Returns the prior that a table gives.

    Raises:
        ValueError: The table has no function that a search may propose.
    """
    forms = {
        row["function"]: row["form"]
        for row in table.functions.to_pylist()
        if not row["initial"]
    }
    means: dict[str, dict[str, float]] = {name: {} for name in table.task_names}
    for row in table.summary.to_pylist():
        if row["function"] in forms:
            sign = sign_of(table.tasks[row["task"]])
            form = forms[row["function"]]
            means[row["task"]].setdefault(form, sign * row["mean"])
    texts = list(
        dict.fromkeys(form for each in means.values() for form in each)
    )
    scores = {}
    for name, of in means.items():
        ranked = dict(zip(of, normal_scores([*of.values()]), strict=True))
        scores[name] = np.array([ranked.get(t, math.nan) for t in texts])
    return Prior(texts, scores)


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = Parser("tabulate prior", __doc__)
    parser.add_argument(
        "--table",
        type=pathlib.Path,
        metavar="DIR",
        help="a folder that `gather` has written; default: the package's",
    )
    parser.add_argument(
        "--to",
        type=pathlib.Path,
        default=PATH,
        metavar="FILE",
        help="default: that of the package",
    )
    given = parser.parse_args(arguments)
    try:
        prior = prior_of(bench.load(given.table))
        prior.save(given.to)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    size = given.to.stat().st_size
    print(
        f"{len(prior.texts)} functions on {', '.join(prior.scores)}: "
        f"{size / 1e6:.2f} MB in {given.to}"
    )
    return 0
