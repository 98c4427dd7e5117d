"""The phases of a search: policy, control, confirmation, report."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
from collections.abc import Callable

import keras_tuner
import numpy as np
from tqdm import tqdm

import actfn
from actfn import search
from actfn.search.books.tables import CsvLog, read_rows
from actfn.search.executors import Executor
from experiments.search import report, workers
from experiments.search.rows import (
    TRIAL_COLUMNS,
    Confirmed,
    best_functions,
    trial_row,
)
from experiments.tasks.image.child import ChildTrainer
from experiments.tasks.image.recipe import Recipe

POLICIES: dict[str, Callable[..., search.Policy]] = {
    "ppo": search.PPOPolicy,
    "reinforce": search.ReinforcePolicy,
    "evolution": search.EvolutionPolicy,
    "surrogate": search.SurrogatePolicy,
    "exhaustive": search.ExhaustivePolicy,
    "random": search.RandomPolicy,
}
BASELINES = ("relu", "swish_1", "swish")
_RUN_COLUMNS = ("expression", "run", "seed", "accuracy")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What makes a search what it is.

    Attributes:
        recipe: How children are trained.
        reward: What the policy is told of a child, a key of
            `workers.DIRECTIONS`; the loss with a minus.
        policy: A key of `POLICIES`.
        core_units: Of the search space.
        unary: Names of its unary functions; None for the paper's.
        binary: Names of its binary functions; None for the paper's.
        wiring: Of its units.
        trials: Functions to train.
        seed: Of the policy, the children and the repeats.
        control: Whether as many random functions are trained.
        finalists: How many functions are retrained.
        repeats: How often.
    """

    recipe: Recipe
    reward: str
    policy: str
    core_units: int
    unary: list[str] | None
    binary: list[str] | None
    wiring: str
    trials: int
    seed: int
    control: bool
    finalists: int
    repeats: int

    def to_json(self) -> dict[str, object]:
        """Returns the settings as flat JSON data."""
        settings = json.loads(json.dumps(dataclasses.asdict(self)))
        return settings.pop("recipe") | settings


class Session:
    """Runs the phases in a folder; each goes on where it stopped.

    Args:
        settings: What to search.
        folder: For the results; nothing is written before `run`.
        data_dir: Where TFDS sets lie.
        executor: Who trains.
        command: To be shown in the report.

    Raises:
        ValueError: The settings name data, a model or a space that is not
            there.
    """

    def __init__(
        self,
        settings: Settings,
        folder: pathlib.Path,
        data_dir: str | None,
        executor: Executor,
        command: str,
    ):
        self.settings = settings
        self.folder = folder
        self.command = command
        self._executor = executor
        self._space = actfn.SearchSpace(
            settings.core_units,
            settings.unary,
            settings.binary,
            settings.wiring,
        )
        self._trainer = ChildTrainer(settings.recipe, data_dir)

    def run(self) -> None:
        """Does what has not been done yet, then writes the report."""
        settings = self.settings
        policy = POLICIES[settings.policy](self._space, seed=settings.seed)
        trials = self._search(settings.policy, policy, "results.csv")
        control = []
        if settings.control:
            random = search.RandomPolicy(self._space, seed=settings.seed + 1)
            control = self._search("random", random, "random.csv")
        confirmed = self._confirm(trials)
        report.write(
            self.folder,
            report.Outcome(
                trials=trials,
                control=control,
                confirmed=confirmed,
                movement=policy.statistics()
                | {"uniform_entropy": math.log(self._space.size)},
            ),
            policy=settings.policy,
            setting=self._setting(),
            command=self.command,
            provenance=self._trainer.provenance,
        )

    def _setting(self) -> str:
        recipe, settings = self.settings.recipe, self.settings
        return (
            f"{settings.trials} functions of up to {settings.core_units} core "
            f"units ({len(self._space.unary)} unary and "
            f"{len(self._space.binary)} binary functions, {settings.wiring} "
            f"wiring), proposed by {settings.policy} (seed {settings.seed}), "
            f"which was told the validation {settings.reward}; "
            f"each trained in {recipe.model} of width {recipe.width} on "
            f"{recipe.dataset} for {recipe.steps} steps of "
            f"{recipe.batch_size} images."
        )

    def _search(
        self, name: str, policy: search.Policy, file: str
    ) -> list[search.Result]:
        """Trains the functions that a policy proposes."""
        log = CsvLog(self.folder / file, TRIAL_COLUMNS)
        best = -math.inf
        with _bar(name, self.settings.trials) as bar:

            def show(result: search.Result) -> None:
                nonlocal best
                if result.reward > best:
                    best = result.reward
                    bar.set_postfix_str(
                        f"best {best:.3f} {result.expression}",
                        refresh=False,
                    )
                bar.update(result.status != "cached")

            def on_result(result: search.Result) -> None:
                log.append(trial_row(result))
                show(result)

            oracle = search.PolicyOracle(
                policy,
                self._objective(),
                max_trials=self.settings.trials,
                floor=self._floor(),
                halving=search.SuccessiveHalving()
                if self.settings.recipe.rungs
                else None,
                on_result=on_result,
                verbose=0,
            )
            project = self.folder / "state" / name
            oracle._set_project_dir(project.parent, project.name)
            oracle.reload()
            log.rewrite(trial_row(result) for result in oracle.results)
            for result in oracle.results:
                show(result)
            _count_from_here(bar)
            if len(oracle.end_order) < self.settings.trials:
                workers.search(oracle, self._trainer, self._executor)
        return list(oracle.results)

    def _objective(self) -> keras_tuner.Objective:
        name = self.settings.reward
        return keras_tuner.Objective(name, workers.DIRECTIONS[name])

    def _floor(self) -> float:
        """The reward of who diverges: far worse than guessing."""
        if self.settings.reward == workers.METRIC:
            return 0.0
        return -2 * math.log(self._trainer.classes)

    def _confirm(self, trials: list[search.Result]) -> list[Confirmed]:
        """Retrains the best functions and the baselines on fresh seeds."""
        finalists = best_functions(trials, self.settings.finalists)
        rewards = dict.fromkeys(BASELINES, math.nan)
        for result in finalists:
            rewards.setdefault(result.expression, result.reward)
        log = CsvLog(self.folder / "retrained.csv", _RUN_COLUMNS)
        found = {
            (row["expression"], int(row["run"])): float(row["accuracy"])
            for row in read_rows(log.path)
        }
        missing = [
            (text, run)
            for run in range(self.settings.repeats)
            for text in rewards
            if (text, run) not in found
        ]
        total = len(rewards) * self.settings.repeats
        with _bar("retraining", total) as bar:
            bar.update(total - len(missing))
            _count_from_here(bar)
            self._retrain(missing, found, log, bar)
        relu = [found["relu", run] for run in range(self.settings.repeats)]
        confirmed = [
            Confirmed(
                expression=text,
                role="baseline" if text in BASELINES else "finalist",
                search_reward=reward,
                accuracies=tuple(
                    found[text, run] for run in range(self.settings.repeats)
                ),
                relu=tuple(relu),
            )
            for text, reward in rewards.items()
        ]
        return sorted(confirmed, key=lambda row: -row.mean)

    def _retrain(self, missing, found, log: CsvLog, bar: tqdm) -> None:
        seeds = [self._fresh_seed(run) for _, run in missing]

        def on_run(index: int, accuracy: float) -> None:
            text, run = missing[index]
            log.append(
                {
                    "expression": text,
                    "run": run,
                    "seed": seeds[index],
                    "accuracy": accuracy,
                }
            )
            found[text, run] = accuracy
            bar.update()

        runs = [
            (text, seed) for (text, _), seed in zip(missing, seeds, strict=True)
        ]
        if runs:
            workers.retrain(runs, self._trainer, self._executor, on_run)

    def _fresh_seed(self, run: int) -> int:
        """A seed that no trial has and that all functions share."""
        sequence = np.random.SeedSequence((self.settings.seed, 5, run))
        return int(sequence.generate_state(1)[0] >> 1)


def _bar(name: str, total: int) -> tqdm:
    """A progress bar with the time left, from the mean time of a child."""
    return tqdm(
        total=total,
        desc=f"{name:>12}",
        unit="child",
        dynamic_ncols=True,
        smoothing=0,
    )


def _count_from_here(bar: tqdm) -> None:
    """Has the time left reckoned without what an earlier run has done."""
    bar.initial = bar.n
    bar.start_t = bar.last_print_t = bar._time()
