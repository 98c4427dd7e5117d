"""What a search came to as a few lines of text."""

from __future__ import annotations

import math
import platform
import statistics
from collections import Counter
from collections.abc import Sequence
from importlib import metadata

from actfn.search.books.results import Result
from actfn.search.report.content import Content, Row

_PACKAGES = ("tensorflow", "jax", "torch", "keras", "keras-tuner", "numpy")


def text(content: Content) -> str:
    """Returns verdict and leaderboard in aligned columns."""
    lines = [_line("function", "mean", "deviation", "gain", "p", "role")]
    lines += [
        _line(
            row.expression,
            *map(_number, (mean(row), deviation(row), row.gain, row.p)),
            row.note or row.role,
        )
        for row in content.confirmed
    ]
    parts = [
        "\n".join(lines),
        " ".join(filter(None, (content.verdict, content.note))),
        learning(content),
    ]
    return "\n\n".join(filter(None, parts))


def learning(content: Content) -> str:
    """Says how the policy did beside random functions, without a test.

    Proposals of a policy that learns are not independent of each other, so no
    p-value is given. Functions that were not trained do not count.
    """
    ours, random = trained(content.trials), trained(content.control)
    if not ours or not random:
        return ""
    return (
        f"Mean reward {statistics.fmean(ours):.4g} over {len(ours)} functions "
        f"trained for {content.policy} (best {max(ours):.4g}), "
        f"{statistics.fmean(random):.4g} over {len(random)} random functions "
        f"(best {max(random):.4g}). Proposals of a policy that learns are not "
        "independent, so there is no test of the difference."
    )


def counts(trials: Sequence[Result]) -> str:
    """Says how many trials ended how."""
    found = Counter(trial.status for trial in trials)
    return ", ".join(f"{number} {status}" for status, number in found.items())


def trained(trials: Sequence[Result]) -> list[float]:
    """Returns the rewards of the functions that were trained."""
    return [t.reward for t in trials if t.status != "cached"]


def mean(row: Row) -> float:
    """Returns the mean score; NaN if there is none."""
    return statistics.fmean(row.scores) if row.scores else math.nan


def deviation(row: Row) -> float:
    """Returns the standard deviation over seeds; NaN for a single one."""
    if len(row.scores) < 2 or not all(map(math.isfinite, row.scores)):
        return math.nan
    return statistics.stdev(row.scores)


def versions() -> str:
    """Returns the versions and the machine, for a footnote."""
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return (
        f"{', '.join(found)}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}."
    )


def _line(function: str, *cells: str) -> str:
    *numbers, note = cells
    numbers = "".join(f"{cell:>11}" for cell in numbers)
    return f"{numbers}   {function}  ({note})" if note else numbers + function


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"
