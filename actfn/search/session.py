"""The phases of a search, each of which goes on where it stopped.

Search and control train what a policy proposes; the confirmation trains the
best functions and the baselines with fresh seeds that all of them share; the
report shows it all, from the first trial on. A session knows nothing of models
or data: it has a child, which is called with hyperparameters and the name of a
split and returns metrics.
"""

from __future__ import annotations

import contextlib
import json
import math
import pathlib
from collections.abc import Mapping

import keras_tuner

from actfn.search import confirmation, report, tuning
from actfn.search.books.folder import claim
from actfn.search.books.results import Result
from actfn.search.books.rows import (
    CONFIRMED_COLUMNS,
    RUN_COLUMNS,
    TRIAL_COLUMNS,
    confirmed_row,
    trial_row,
)
from actfn.search.books.tables import CsvLog, read_rows, write_rows
from actfn.search.candidates import of_x
from actfn.search.executors import Executor
from actfn.search.executors.trials import run_trials
from actfn.search.finalists import finalists
from actfn.search.oracle import PolicyOracle
from actfn.search.others import SharedValues, TuningTrial, tuner_of
from actfn.search.plan import Child, Outcome, Plan, Texts
from actfn.search.policies.base import Policy
from actfn.search.progress import Progress
from actfn.search.provenance import versions
from actfn.search.racing import Rounds
from actfn.search.report.content import Content, Row
from actfn.search.scoring import completed
from actfn.search.seeds import derived_seed
from actfn.search.time_left import TimeLeft


class Session:
    """Runs a plan in a folder.

    Args:
        plan: What to do.
        child: Trains one child; cloudpickle must be able to send it.
        directory: For the results; nothing is written before `run`.
        executor: Trains the children of all phases.
        texts: For the report.
        identity: JSON data that tell this search from others.
        hyperparameters: Of the child, beside the activation.
        page: The report's file name.
        verbose: Whether progress is shown.

    Attributes:
        shared: What all compared functions have beside the activation.
    """

    def __init__(
        self,
        plan: Plan,
        child: Child,
        directory: pathlib.Path,
        executor: Executor,
        texts: Texts,
        identity: Mapping[str, object],
        hyperparameters: keras_tuner.HyperParameters | None = None,
        page: str = "report.html",
        verbose: bool = True,
    ):
        self.plan, self.texts, self.page = plan, texts, directory / page
        self.directory = directory
        self._child, self._executor = child, executor
        self._identity = dict(identity)
        self.shared = SharedValues(plan, hyperparameters)
        phases = {"hyperparameters": self.shared.trials, **plan.children}
        costs = dict.fromkeys(phases, 1.0)
        costs["confirmation"] = plan.confirmation_cost
        time_left = TimeLeft(costs, ("search", "control"), executor.workers)
        self._progress = Progress(phases, time_left, verbose)
        self._results: dict[str, list[Result]] = {"search": [], "control": []}
        self._tuned: dict[str, float] = {}
        self._movement: dict[str, float] = {}
        self._rows: list[Row] = []
        self._verdict: confirmation.Verdict | None = None
        self._stopped = False

    def run(self, resume: bool = True) -> Outcome:
        """Does what has not been done yet, and returns what it came to.

        Args:
            resume: Whether to go on with what the directory holds.

        Raises:
            ValueError: The directory holds another search, or one that is
                running.
            OSError: The directory cannot be written.
            FatalError: The child raised an exception.
        """
        plan = self.plan
        with (
            claim(self.directory, self._identity, resume),
            self._progress,
        ):
            try:
                self._tune_shared()
                self._search_all()
                if plan.families:
                    self._tune()
                rewards = self._compared()
                verdict = self._confirm(rewards)
            except BaseException:
                # Also one that says that the disk is full.
                self._stopped = True
                with contextlib.suppress(OSError):
                    self._show(force=True)
                raise
            rows = self._write_confirmed(verdict, rewards)
            self._progress.enter("done")
            self._show(force=True)
        return Outcome(
            trials=self._results["search"],
            control=self._results["control"],
            verdict=verdict,
            rows=rows,
            values=self.shared.values,
            report=self.page,
        )

    def _search_all(self) -> None:
        """Trains what the policy proposes, and what the control does."""
        plan = self.plan
        if plan.policy is not None:
            self._search("search", plan.policy, plan.trials, "results.csv")
        if plan.control is not None:
            self._search(
                "control", plan.control, plan.control_trials, "random.csv"
            )

    def content(self) -> Content:
        """Returns what the report shows now."""
        verdict, texts = self._verdict, self.texts
        return Content(
            title=texts.title,
            verdict=verdict.text if verdict else "",
            phases=self._progress.phases(),
            setting=f"{texts.setting}{self.shared.told()}",
            command=texts.command,
            provenance=texts.provenance,
            versions=versions(),
            metric=self.plan.objective.name,
            higher_is_better=self.plan.sign > 0,
            trials=self._results["search"],
            values=[result.values for result in self._results["search"]],
            control=self._results["control"],
            confirmed=self._rows,
            movement=self._movement,
            policy=texts.policy,
            note=" ".join(
                filter(None, (texts.note, verdict.note if verdict else ""))
            ),
            stopped=self._stopped,
        )

    def _show(self, force: bool = False) -> None:
        def write() -> None:
            report.write(self.page, self.content())

        self._progress.write(write, force)

    def _tune_shared(self) -> None:
        """Finds what all functions share beside the activation."""
        plan, trials = self.plan, self.shared.trials
        if not trials:
            return
        seed = self._fresh_seed(0, 10)
        self._progress.enter("hyperparameters")
        oracle = tuner_of(
            self.shared.of(plan.baselines[0], seed),
            plan.objective,
            trials,
            plan.seed,
            self.directory / "state" / "hyperparameters",
        )
        self._progress.recall(len(oracle.end_order))
        self._show(force=True)

        def on_end(trial) -> None:
            self._progress.advance()
            self._show()

        child = TuningTrial(ChildTrial(self._child))
        if len(oracle.end_order) < trials:
            run_trials(oracle, child, self._executor, on_end)
        self.shared.take_best(oracle)
        # A space of few values may have been exhausted before.
        self._progress.expect("hyperparameters", len(oracle.end_order))

    def _search(
        self, phase: str, policy: Policy, trials: int, file: str
    ) -> None:
        """Trains the functions that a policy proposes."""
        racing = self.plan.racing and phase == "search"
        columns = (
            *TRIAL_COLUMNS,
            *(["run"] if racing else []),
            *(["values"] if self.shared.names else []),
        )
        log = CsvLog(self.directory / file, columns)
        found = self._results[phase]
        self._progress.enter(phase)

        def on_result(result: Result) -> None:
            log.append(trial_row(result, columns))
            found.append(result)
            self._progress.advance(result.status != "cached", result)
            self._movement = self._movement_of(policy)
            self._show()

        oracle = PolicyOracle(
            policy,
            self.plan.objective,
            max_trials=trials,
            floor=self.plan.floor,
            halving=self.plan.halving,
            racing=racing,
            hyperparameters=self.shared.space,
            others=self.shared.in_search,
            on_result=on_result,
            verbose=0,
        )
        project = (
            self.directory
            / "state"
            / (self.texts.policy if phase == "search" else phase)
        )
        oracle._set_project_dir(project.parent, project.name)
        oracle.reload()
        found[:] = oracle.results
        log.rewrite(trial_row(result, columns) for result in found)
        done = sum(result.status != "cached" for result in found)
        self._progress.recall(done, found)
        self._show(force=True)
        if len(oracle.end_order) < trials:
            run_trials(oracle, ChildTrial(self._child), self._executor)
        # A space may have fewer functions.
        trained = sum(result.status != "cached" for result in found)
        self._progress.expect(phase, trained)
        if phase == "search" and self.plan.others == "draw":
            self.shared.take_best(oracle)
        self._movement = self._movement_of(policy)
        self._show(force=True)

    def _movement_of(self, policy: Policy) -> dict[str, float]:
        if policy is not self.plan.policy:
            return self._movement
        uniform = math.log(policy.space.size)
        return policy.statistics() | {"uniform_entropy": uniform}

    def _tune(self) -> None:
        """Trains all members of the families, and keeps the best of each."""
        plan = self.plan
        log = self._runs("tuned.csv")
        scores = {
            (row["expression"], int(row["run"])): float(row["score"])
            for row in self._comparable(log)
        }
        jobs = tuning.pairs(plan.families, plan.tuning_runs)
        seeds = [self._fresh_seed(run, 9) for run in range(plan.tuning_runs)]
        self._progress.enter("tuning")
        self._progress.recall(len(scores))
        self._show(force=True)
        left = iter([job for job in jobs if job[1:] not in scores])

        def next_job():
            if (job := next(left, None)) is None:
                return None
            _, text, run = job
            return f"run {run} of {text}", self.shared.of(text, seeds[run])

        def on_end(key: str, metrics: Mapping[str, float]) -> None:
            text, run, score = self._ended(key, metrics, seeds, log)
            scores[text, run] = score
            self._progress.advance()
            self._show()

        if len(scores) < len(jobs):
            child = _Run(self._child, "validation")
            self._executor.drive(child, next_job, on_end)
        self._tuned = tuning.tuned(plan.families, scores, plan.tuning_runs)

    def _ended(
        self,
        key: str,
        metrics: Mapping[str, float],
        seeds: list[int],
        log: CsvLog,
    ) -> tuple[str, int, float]:
        """Logs a run that has ended; returns its function, run and score.

        The score of one that diverged is NaN, whatever metric is looked at.
        """
        _, number, _, text = key.split(" ", 3)
        run, score = int(number), math.nan
        if completed(metrics.values()):
            score = self.plan.sign * metrics[self.plan.objective.name]
        # All digits: a resumed search says the same to the last one.
        values = (text, run, seeds[run], repr(score))
        row = dict(zip(RUN_COLUMNS, values, strict=True))
        log.append(row | self._drawn())
        return text, run, score

    def _runs(self, file: str) -> CsvLog:
        return CsvLog(self.directory / file, (*RUN_COLUMNS, *self._drawn()))

    def _comparable(self, log: CsvLog) -> list[dict[str, str]]:
        """Returns the runs with the hyperparameters that are shared now.

        Where they are those of the best trial, more trials may change them.
        """
        now = self._drawn()
        return [
            row
            for row in read_rows(log.path)
            if all(row.get(name) == value for name, value in now.items())
        ]

    def _drawn(self) -> dict[str, str]:
        if self.plan.others != "draw" or not self.shared.names:
            return {}
        return {"values": json.dumps(self.shared.values, sort_keys=True)}

    def _compared(self) -> dict[str, float]:
        """Returns what is compared, with what the search saw of each."""
        names = (*self.plan.baselines, *self.plan.candidates)
        rewards = dict.fromkeys(names, math.nan)
        for name, reward in self._tuned.items():
            rewards.setdefault(name, reward)
        best = finalists(
            self._results["search"],
            self.plan.finalists,
            self.plan.racing,
            known=self.plan.baselines,
        )
        for text, reward in best.items():
            rewards.setdefault(of_x(text), reward)
        return rewards

    def _confirm(self, rewards: Mapping[str, float]) -> confirmation.Verdict:
        """Trains functions with fresh seeds that all of them share."""
        plan = self.plan
        log = self._runs("retrained.csv")
        rounds = Rounds(
            list(rewards),
            plan.repeats,
            plan.race,
            safe=plan.baselines[:1],
        )
        seeds = [self._fresh_seed(run) for run in range(plan.repeats)]
        for row in self._comparable(log):
            key = row["expression"], int(row["run"])
            rounds.add(*key, float(row["score"]))
        self._progress.enter("confirmation")
        # A finalist may be among what is compared anyway; some may be dropped.
        self._progress.expect("confirmation", rounds.expected)
        self._progress.recall(rounds.count)
        self._show(force=True)

        def next_job():
            job = rounds.next()
            if job is None:
                return None
            text, run = job
            return f"run {run} of {text}", self.shared.of(text, seeds[run])

        def on_end(key: str, metrics: Mapping[str, float]) -> None:
            text, run, score = self._ended(key, metrics, seeds, log)
            rounds.add(text, run, score)
            self._progress.advance()
            self._progress.expect("confirmation", rounds.expected)
            self._rows = self._judged(rounds, rewards)
            self._show()

        if rounds.expected > rounds.count:
            child = _Run(self._child, "test")
            self._executor.drive(child, next_job, on_end)
        self._rows = self._judged(rounds, rewards)
        return self._verdict

    def _judged(self, rounds, rewards: Mapping[str, float]) -> list[Row]:
        """Returns the report's rows; sets the verdict if all is known."""
        incumbent = self.plan.baselines[0]
        if not rounds.scores.get(incumbent):
            return []
        verdict = confirmation.judge(
            rounds.scores,
            incumbent,
            self.texts.metric,
            planned=None if rounds.expected > rounds.count else rounds.repeats,
        )
        if rounds.expected <= rounds.count:
            self._verdict = verdict
        first = sorted(
            verdict.comparisons, key=lambda row: row.expression != incumbent
        )
        return [self._row(row, rewards) for row in first if row.scores]

    def _row(self, row: confirmation.Comparison, rewards) -> Row:
        """Returns a line of the report; the incumbent is not compared."""
        name = row.expression
        alone = name == self.plan.baselines[0]
        return Row(
            expression=name,
            role=self._role(name),
            search_reward=rewards[name],
            scores=row.scores,
            gain=math.nan if alone else row.gain,
            low=math.nan if alone else row.low,
            high=math.nan if alone else row.high,
            p=row.p,
            note=row.note,
        )

    def _role(self, text: str) -> str:
        if text in self.plan.baselines:
            return "baseline"
        known = text in self.plan.candidates or text in self._tuned
        return "candidate" if known else "finalist"

    def _write_confirmed(self, verdict, rewards) -> list[dict[str, object]]:
        rows = [
            confirmed_row(each, self._role(name), rewards[name])
            for each in verdict.comparisons
            if (name := each.expression)
        ]
        path = self.directory / "confirmed.csv"
        write_rows(path, CONFIRMED_COLUMNS, rows)
        return rows

    def _fresh_seed(self, run: int, phase: int = 5) -> int:
        """A seed that no trial has and that all functions share."""
        return derived_seed(self.plan.seed, phase, run)


class ChildTrial:
    """A trial of an oracle as a call of a child, for `run_trials`.

    Args:
        child: What is called with the trial's hyperparameters.
    """

    def __init__(self, child: Child):
        self._child = child

    def __call__(self, trial, report):
        """Trains the trial's function and returns the child's metrics."""
        return self._child(trial.hyperparameters, "validation", report)


class _Run:
    """A run with a given seed as a call of the child."""

    def __init__(self, child: Child, split: str):
        self._child, self._split = child, split

    def __call__(self, hp: keras_tuner.HyperParameters, ask):
        try:
            return self._child(hp, self._split, None)
        except keras_tuner.errors.FailedTrialError:
            # What a user's build may raise, and a search takes for a failure.
            return {"failed": math.nan}
