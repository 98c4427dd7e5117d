"""What a child's metrics are worth to the search."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable

import keras_tuner
from keras_tuner.engine import trial as trial_module

from actfn.search.checks import check_finite
from actfn.search.halving import SuccessiveHalving

RUNG = "rung"
"""The metric by which a child reports how it does while it trains."""


def completed(values: Iterable[float]) -> bool:
    """Tells whether a child did not diverge, by all its metrics.

    A loss that is not finite leaves other metrics finite: the class of a
    prediction of NaN is the first one.
    """
    return all(map(math.isfinite, values))


class Scoring:
    """Makes rewards of metrics; see `PolicyOracle`, which asks it.

    Args:
        objective: Of the oracle.
        floor: The reward of children that diverge; None for one below all
            rewards so far, which the `Ledger` knows.
        halving: Decides at the rungs; without it all children go on.

    Raises:
        ValueError: `floor` is not finite.
    """

    def __init__(
        self,
        objective: keras_tuner.Objective,
        floor: float | None = None,
        halving: SuccessiveHalving | None = None,
    ):
        self.objective = objective
        self.sign = 1.0 if objective.direction == "max" else -1.0
        self.floor = None if floor is None else check_finite("floor", floor)
        self.halving = halving

    @property
    def worst(self) -> float:
        """The reward of a child without a score: the floor, if any, or NaN."""
        return math.nan if self.floor is None else self.floor

    def judge(
        self,
        trial: trial_module.Trial,
        score_trial: Callable[[trial_module.Trial], None],
    ) -> tuple[float, str]:
        """Scores a completed trial; returns its reward and the result's status.

        The reward of a child that diverged is the floor, NaN if none is given.

        Args:
            trial: Its score and best step are set; the score of a child that
                diverged is NaN.
            score_trial: Sets them from its metrics if these are all finite.
        """
        values = {
            name: [v for seen in metric.get_history() for v in seen.value]
            for name, metric in trial.metrics.metrics.items()
        }
        rejected = any(value >= 0.5 for value in values.pop("rejected", []))
        if not completed(itertools.chain(*values.values())):
            trial.score, trial.best_step = math.nan, 0
            return self.worst, "rejected" if rejected else "diverged"
        score_trial(trial)
        trial.score = float(trial.score)
        reward = self.sign * trial.score
        if self.floor is not None and reward < self.floor:
            warnings.warn(
                f"Trial {trial.trial_id} has the reward {reward:g}, which "
                f"is worse than the floor of {self.floor:g}; the policy is "
                "told the floor. Set `floor` below all usual rewards, or leave "
                "it away.",
                stacklevel=2,
            )
            reward = self.floor
        return reward, "rejected" if rejected else "completed"

    def goes_on(self, trial_id: str, step: int, value: float) -> bool:
        """Takes what a child has at a rung; returns whether it goes on."""
        if self.halving is None:
            return True
        return self.halving.add(step, self.sign * float(value), trial_id)

    def recall(self, trials: Iterable[trial_module.Trial]) -> None:
        """Takes the rungs of a search that goes on, in place of all so far."""
        if self.halving is None:
            return
        self.halving.clear()
        for trial in trials:
            if trial.metrics.exists(RUNG):
                for seen in trial.metrics.get_history(RUNG):
                    for value in seen.value:
                        self.goes_on(trial.trial_id, seen.step, value)

    def direction(self, metric: str) -> str | None:
        """Returns the direction of a metric, None if the metric decides."""
        objectives = getattr(self.objective, "objectives", [self.objective])
        if metric == RUNG:
            return self.objective.direction
        return next((o.direction for o in objectives if o.name == metric), None)


def objective_of(
    objective: str | keras_tuner.Objective,
) -> keras_tuner.Objective:
    """Returns an objective of validation data with its direction.

    Args:
        objective: One of Keras Tuner, a name such as "val_accuracy", or a name
            with the direction behind it, "val_r2:max".

    Raises:
        ValueError: It is no metric of validation data, or Keras Tuner cannot
            tell its direction.
    """
    if isinstance(objective, str) and ":" in objective:
        made = keras_tuner.Objective(*objective.rsplit(":", 1))
    elif isinstance(objective, str):
        try:
            made = keras_tuner.Oracle(objective).objective
        except ValueError:
            raise ValueError(
                "`objective` must say whether it is to be maximised: "
                f'"{objective}:max" or "{objective}:min". '
                f"Received: {objective!r}"
            ) from None
    else:
        made = objective
    name = getattr(made, "name", None)
    if not isinstance(name, str) or not name.startswith("val_"):
        raise ValueError(
            "`objective` must be one metric of the validation data, such as "
            f"'val_loss' or 'val_accuracy'. Received: {objective!r}"
        )
    if made.direction not in ("min", "max"):
        raise ValueError(
            '`objective` must have the direction "min" or "max". '
            f"Received: {made.direction!r}"
        )
    return made
