"""The hyperparameters of a model beside its activation function."""

from __future__ import annotations

import json
import pathlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner
from keras_tuner.engine import hyperparameters as hp_module
from keras_tuner.engine import trial as trial_module

from actfn.search.files import write_atomically
from actfn.search.plan import Plan
from actfn.search.report.numbers import settings
from actfn.search.scoring import completed

OURS = ("activation", "seed", "note")
"""The hyperparameters that a search sets itself."""

_UNTUNED = (
    "No trial completed whose other hyperparameters could be shared: all "
    "functions have the defaults of the model, which may not suit them."
)


def names_of(space: keras_tuner.HyperParameters) -> list[str]:
    """Returns the names of what can be chosen beside the activation."""
    return list(
        dict.fromkeys(
            hp.name
            for hp in space.space
            if hp.name not in OURS and not isinstance(hp, hp_module.Fixed)
        )
    )


def without_ours(
    space: keras_tuner.HyperParameters,
) -> keras_tuner.HyperParameters:
    """Returns a space without what a search sets itself.

    What is fixed in a space stays as it is, whatever is set later.
    """
    ours = {
        hp.name
        for hp in space.space
        # Those of groups; another one may be the user's.
        if hp.name in OURS
        or (
            hp.name.startswith("activation_")
            and isinstance(hp, hp_module.Fixed)
        )
    }
    config = space.get_config()
    config["space"] = [
        each for each in config["space"] if each["config"]["name"] not in ours
    ]
    config["values"] = {
        name: value
        for name, value in config["values"].items()
        if name not in ours
    }
    return keras_tuner.HyperParameters.from_config(config)


def values_in(hp: keras_tuner.HyperParameters) -> dict[str, Any]:
    """Returns what was chosen beside the activation, by name."""
    return {name: hp.values[name] for name in names_of(hp) if name in hp.values}


def check_names(
    values: Mapping[str, Any], space: keras_tuner.HyperParameters
) -> None:
    """Checks that values are of a model's hyperparameters.

    Raises:
        ValueError: One is not.
    """
    known = names_of(space)
    for name in values:
        if name not in known:
            raise ValueError(
                "Values must be given for hyperparameters of the model, which "
                f"are {', '.join(known) or 'none'}. Received: {name!r}"
            )


def check_how(
    how: str | Mapping[str, Any],
    space: keras_tuner.HyperParameters,
    *,
    draws: bool,
) -> None:
    """Checks how the other hyperparameters of a search are to be chosen.

    Args:
        how: ``"shared"``, ``"default"``, ``"draw"`` or values by name.
        space: Of the model.
        draws: Whether there are trials that may draw their own.

    Raises:
        ValueError: `how` is none of these.
    """
    if isinstance(how, Mapping):
        check_names(how, space)
        return
    known = ("shared", "default", *(["draw"] if draws else []))
    if how not in known:
        raise ValueError(
            f"`hyperparameters` must be one of {', '.join(known)}, or a "
            f"dictionary of values. Received: {how!r}"
        )


class Others:
    """Chooses the other hyperparameters of a trial.

    Args:
        how: ``"draw"``, ``"default"`` or values by name.

    Raises:
        ValueError: `how` is neither.
    """

    def __init__(self, how: str | Mapping[str, Any]):
        if isinstance(how, Mapping):
            how = dict(how)
        elif how not in ("draw", "default"):
            raise ValueError(
                '`others` must be "draw", "default" or a dictionary of values. '
                f"Received: {how!r}"
            )
        self.how = how

    def choose(self, hp: keras_tuner.HyperParameters, seed: int) -> None:
        """Sets the values of a trial.

        Args:
            hp: Of the trial, with its space; defaults where nothing is set.
            seed: Of the trial: the same one draws the same values.

        Raises:
            ValueError: A given name is none of the model's hyperparameters.
        """
        if self.how == "default":
            return
        if self.how == "draw":
            self._draw(hp, seed)
            return
        check_names(self.how, hp)
        hp.values |= self.how

    @staticmethod
    def _draw(hp: keras_tuner.HyperParameters, seed: int) -> None:
        # In the order of definition: a condition's parent comes first.
        for place, one in enumerate(hp.space):
            free = one.name not in OURS and not isinstance(one, hp_module.Fixed)
            if free and hp.is_active(one):
                hp.values[one.name] = one.random_sample(seed + place)


class SharedValues:
    """What all compared functions of a search have beside the activation.

    Args:
        plan: Says how it is chosen.
        space: The model's hyperparameters; None if it has none.

    Attributes:
        names: Of what can be chosen.
        values: What was chosen, by name.
        trials: In how many it is tuned; 0 for no tuning.
    """

    def __init__(self, plan: Plan, space: keras_tuner.HyperParameters | None):
        self._plan = plan
        self._space = without_ours(space or keras_tuner.HyperParameters())
        self.names = names_of(self._space)
        given = isinstance(plan.others, Mapping)
        self.values: dict[str, Any] = dict(plan.others) if given else {}
        self._untuned = False
        self.trials = 0
        if plan.others == "shared" and self.names:
            usual = min(30, 5 + 5 * len(self.names))
            self.trials = plan.others_trials or usual

    @property
    def space(self) -> keras_tuner.HyperParameters:
        """The hyperparameters that are known by now."""
        return self._space.copy()

    @property
    def in_search(self) -> str | Mapping[str, Any]:
        """How the trials of policies get theirs, see `Others`."""
        how = self._plan.others
        return self.values if how == "shared" else how

    def of(self, text: str, seed: int) -> keras_tuner.HyperParameters:
        """Returns all that a function is compared under."""
        hp = self._space.copy()
        hp.Fixed("activation", text)
        hp.Fixed("seed", seed)
        hp.values |= self.values | {"activation": text, "seed": seed}
        return hp

    def take_best(self, oracle: keras_tuner.Oracle) -> None:
        """Keeps those of the best trial; warns if none has completed.

        Some of them may be hyperparameters that no trial had before.
        """
        self._space = without_ours(oracle.get_space())
        self.names = names_of(self._space)
        self.values = best_values(oracle)
        self._untuned = bool(self.names) and not self.values
        if self._untuned:
            warnings.warn(_UNTUNED, stacklevel=2)

    def told(self) -> str:
        """Returns a sentence on them, after a space; "" if there are none."""
        if self._untuned:
            return f" {_UNTUNED}"
        if not self.values:
            return ""
        how = ""
        if self._plan.others == "shared":
            how = f", tuned with {self._plan.baselines[0]}"
        elif self._plan.others == "draw":
            how = ", those of the best trial"
        return (
            " Hyperparameters that all compared functions share: "
            f"{settings(self.values)}{how}."
        )


class TuningTrial:
    """A trial of the tuning; a child that diverged counts as failed.

    Args:
        run_trial: Returns the metrics of a trial.
    """

    def __init__(self, run_trial: Callable[..., Any]):
        self._run_trial = run_trial

    def __call__(self, trial, report):
        """Returns the metrics of a trial.

        Raises:
            FatalRuntimeError: The child raised an exception, as it would in
                the search as well.
        """
        try:
            found = self._run_trial(trial, report)
        except (
            keras_tuner.errors.FailedTrialError,
            keras_tuner.errors.FatalError,
        ):
            raise
        except Exception as error:
            values = settings(values_in(trial.hyperparameters))
            raise keras_tuner.errors.FatalRuntimeError(
                f"A child of the tuning ({values}) has failed. "
                f"Received: {type(error).__name__}: {error}"
            ) from error
        if not completed(found.values()):
            raise keras_tuner.errors.FailedTrialError("the child diverged")
        return found


class _Tuner(keras_tuner.oracles.BayesianOptimizationOracle):
    """Keras Tuner's, whose files are at each moment the old or the new."""

    def save(self):
        """Writes all but the trials."""
        write_atomically(self._get_oracle_fname(), json.dumps(self.get_state()))

    def _save_trial(self, trial):
        path = pathlib.Path(self._get_trial_dir(trial.trial_id), "trial.json")
        write_atomically(path, json.dumps(trial.get_state()))

    def reload(self):
        """Goes on from the files.

        A trial that had just begun, of which the oracle does not know yet, is
        no trial: Keras Tuner would count it and never run it. One that had
        just ended is not run again.
        """
        super().reload()
        known = {*self.start_order}
        self.trials = {k: t for k, t in self.trials.items() if k in known}
        ended = {*self.end_order}
        self._retry_queue = [k for k in self._retry_queue if k not in ended]


def tuner_of(
    space: keras_tuner.HyperParameters,
    objective: keras_tuner.Objective,
    trials: int,
    seed: int,
    folder: pathlib.Path,
) -> keras_tuner.Oracle:
    """Returns Keras Tuner's Bayesian optimisation of the other values.

    Args:
        space: With the activation fixed.
        objective: To judge by.
        trials: How many.
        seed: Of the sampler.
        folder: Its project folder, in which it goes on.

    Raises:
        ValueError: A file there is damaged.
    """
    oracle = _Tuner(
        objective=objective,
        max_trials=trials,
        num_initial_points=max(3, trials // 3),
        seed=seed + 1,  # it takes 0 for none
        hyperparameters=space,
        max_consecutive_failed_trials=trials + 1,
    )
    oracle.verbose = 0
    oracle._set_project_dir(folder.parent, folder.name)
    if pathlib.Path(oracle._get_oracle_fname()).exists():
        try:
            oracle.reload()
        except (ValueError, RuntimeError, KeyError, TypeError) as error:
            raise ValueError(
                f"{folder} must hold the tuning as it was written; name "
                "another directory, or restore it. "
                f"Received: {type(error).__name__} {error}"
            ) from error
    return oracle


def best_values(oracle: keras_tuner.Oracle) -> dict[str, Any]:
    """Returns the other hyperparameters of an oracle's best trial.

    Of trials that have completed: none if there is none, where Keras Tuner
    takes one of the others.
    """
    for best in oracle.get_best_trials(1):
        if best.status == trial_module.TrialStatus.COMPLETED:
            return values_in(best.hyperparameters)
    return {}
