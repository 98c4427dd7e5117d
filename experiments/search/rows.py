"""The rows of a search's two tables, results.csv and confirmed.csv."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence

from actfn.search import Result


@dataclasses.dataclass(frozen=True)
class Confirmed:
    """A function trained again with fresh seeds, on the test images.

    Attributes:
        expression: A name of the catalog or expression text.
        role: "finalist" or "baseline".
        search_reward: What the search saw of it, NaN for a baseline.
        accuracies: Test accuracy of each run, 0 where one diverged. Run n
            has the same seed for every function.
        relu: Those of ReLU.
    """

    expression: str
    role: str
    search_reward: float
    accuracies: tuple[float, ...]
    relu: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean accuracy."""
        return statistics.fmean(self.accuracies)

    @property
    def std(self) -> float:
        """The standard deviation over runs; NaN for a single run."""
        return _deviation(self.accuracies)

    @property
    def gain(self) -> float:
        """The mean difference to ReLU's run of the same seed."""
        return statistics.fmean(self._differences)

    @property
    def gain_error(self) -> float:
        """The standard error of `gain`; NaN for a single run."""
        differences = self._differences
        return _deviation(differences) / math.sqrt(len(differences))

    @property
    def _differences(self) -> list[float]:
        return [
            ours - relu
            for ours, relu in zip(self.accuracies, self.relu, strict=True)
        ]

    def row(self) -> dict[str, object]:
        """Returns the row of confirmed.csv."""
        return {
            "expression": self.expression,
            "role": self.role,
            "search_reward": self.search_reward,
            "runs": len(self.accuracies),
            "mean": self.mean,
            "std": self.std,
            "gain_over_relu": self.gain,
            "gain_error": self.gain_error,
            "accuracies": " ".join(f"{a:.6g}" for a in self.accuracies),
        }


TRIAL_COLUMNS = (
    "trial",
    "expression",
    "canonical",
    "reward",
    "status",
    "seconds",
    "seed",
    "order",
    "message",
)
CONFIRMED_COLUMNS = (
    "expression",
    "role",
    "search_reward",
    "runs",
    "mean",
    "std",
    "gain_over_relu",
    "gain_error",
    "accuracies",
)


def trial_row(result: Result) -> dict[str, object]:
    """Returns the row of results.csv."""
    return {name: getattr(result, name) for name in TRIAL_COLUMNS}


def best_functions(trials: Sequence[Result], count: int) -> list[Result]:
    """Returns the best completed trial of each of the best functions."""
    best: dict[str, Result] = {}
    for trial in sorted(trials, key=lambda t: (-t.reward, t.order)):
        if trial.status == "completed":
            best.setdefault(trial.canonical, trial)
    return list(best.values())[:count]


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else math.nan
