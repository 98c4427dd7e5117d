"""The books of a search: what runs, what is known, who waits for whom.

Between a policy and whatever trains the children. Equivalent functions are
trained once: a proposal whose function has a known reward is answered at once,
one whose function is being trained waits for that. Everything that happens is
an event; it is written to a journal first and applied then, and going on after
a kill is applying the journal again.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from actfn.expressions.expression import Expression, Variable
from actfn.search.books.journal import Journal
from actfn.search.books.results import Result, Task
from actfn.search.books.standings import Standings
from actfn.search.checks import check_finite
from actfn.search.files import as_json, read_json, write_atomically
from actfn.search.policies.base import Policy, Proposal
from actfn.search.seeds import derived_seed
from actfn.spaces.canonical import canonicalize
from actfn.spaces.groups import canonical_text, parse_functions

SNAPSHOT_EVERY = 40
"""Events between two snapshots of the policy: so many at most are replayed."""


class Ledger:
    """Asks a policy for functions and tells it their rewards, once each.

    Args:
        policy: The search method; from here on nobody else may use it.
        seed: From it and the trial's number each child's seed is made.
        cache: Whether equivalent functions share one reward.
        max_repeats: After so many proposals in a row that need no training
            the space counts as exhausted.
        on_result: Called with each new `Result`.
        canonical: Returns the text that equivalent functions share; that of
            `canonicalize` by default.
        racing: Whether promising functions get further children with further
            seeds, see `Standings`; the policy is told of their mean. The k-th
            child of each function then has the k-th seed.

    Attributes:
        results: All results so far, in the order of ending.
        running: The tasks to be finished, by trial.
        standings: Of the functions, if they race.

    Raises:
        ValueError: `racing` is no bool, or goes with a policy that cannot be
            told of a mean, or without `cache`.
    """

    def __init__(
        self,
        policy: Policy,
        seed: int,
        cache: bool = True,
        max_repeats: int = 500,
        on_result: Callable[[Result], None] | None = None,
        canonical: Callable[[Expression], str] = canonical_text,
        racing: bool = False,
    ):
        check_racing(racing, policy, cache)
        self.policy = policy
        self.seed = seed
        self.cache = cache
        self.max_repeats = max_repeats
        self.on_result = on_result
        self.racing = racing
        self._canonical = canonical
        self.journal = Journal()
        self._directory: pathlib.Path | None = None
        self._clear()

    def _clear(self) -> None:
        self.results: list[Result] = []
        self.running: dict[str, Task] = {}
        self._rewards: dict[str, float] = {}  # of canonical forms
        self._waiting: dict[str, list[Task]] = {}  # by canonical form
        self.standings = Standings()
        self._first: dict[str, Task] = {}  # by canonical form
        self._texts: dict[str, dict[str, None]] = {}  # of each, as proposed
        self._proposals = 0
        self._repeats = 0
        self._range: tuple[float, float] | None = None  # of finite rewards
        self._untold: list[Task] = []  # without a reward, nor one to be below
        self._unwritten: list[Proposal] = []  # what a full disk did not take
        self._saved = 0  # events that the policy's snapshot has seen
        self._live = True  # whether `on_result` is to be called
        self._teaching = True  # whether the policy still has to hear of it

    def ask(self) -> Task | None:
        """Returns the next function that has to be trained.

        None if there is none: either the space is exhausted or, as long as
        tasks run, the policy cannot say more without their rewards.
        """
        if task := self._further():
            return task
        while self._repeats < self.max_repeats:
            proposals = self._unwritten or self.policy.propose(1)
            if not proposals and self._untold and not self.running:
                self._commit({"event": "floor", "reward": 0.0})
                proposals = self.policy.propose(1)
            if not proposals:
                break
            self._unwritten = proposals
            task = self._task(proposals[0])
            self._commit({"event": "propose", **task.to_event()})
            if task.trial in self.running:
                return task
        return self._further(spare=True)

    def finish(
        self,
        trial: str,
        reward: float,
        status: str,
        seconds: float,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Ends a running task; its waiting twins get the same reward.

        Args:
            trial: A key of `running`.
            reward: Higher is better; NaN for a child that has none, of which
                the policy is told that it is worse than all others so far.
            status: As in `Result`.
            seconds: How long it took.
            details: JSON data to be kept with it in the journal; its
                ``message`` goes into the `Result`.

        Raises:
            ValueError: The trial does not run or the reward is infinite.
        """
        if trial not in self.running:
            raise ValueError(
                f"`trial` must be one of {list(self.running)}. "
                f"Received: {trial!r}"
            )
        self._commit(
            {
                "event": "finish",
                "trial": trial,
                "reward": None
                if math.isnan(reward)
                else check_finite("reward", reward),
                "status": status,
                "seconds": round(seconds, 3),
                "details": details or {},
            }
        )

    def open(self, directory: str | os.PathLike, identity: dict) -> None:
        """Keeps the books in a folder; goes on with those found there.

        Args:
            directory: Holds ``journal.jsonl`` and ``policy.json``.
            identity: JSON data that tells this search from others.

        Raises:
            ValueError: The folder holds another search, or the policy does
                not propose again what the journal says that it did.
        """
        self._directory = pathlib.Path(directory)
        self.journal = Journal(self._directory / "journal.jsonl")
        self._clear()
        canonicalize(Variable())  # makes its tables before a worker waits
        if not len(self.journal):
            self._save_policy(covered=1)  # it may have been told things before
            self.journal.append({"event": "search", **identity})
            return
        found = next(iter(self.journal))
        found.pop("event")
        if found != as_json(identity):
            raise ValueError(
                f"The folder {self._directory} must hold the search "
                f"{identity}. Received: {found}"
            )
        snapshot = read_json(
            self._directory / "policy.json",
            "restore it, or begin in another folder",
        )
        self.policy.set_state(snapshot["policy"])
        self._saved = snapshot["events"]
        self._replay(self.journal, heard=self._saved)

    def save(self) -> None:
        """Writes a snapshot of the policy if it is out of date.

        Not while it has proposed what the journal does not know of.
        """
        if (
            self._directory is not None
            and self._saved < len(self.journal)
            and not self._unwritten
        ):
            self._save_policy(covered=len(self.journal))

    def get_state(self) -> dict[str, Any]:
        """Returns the books and the policy's state as JSON data."""
        return {
            "events": list(self.journal),
            "policy": self.policy.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` returned."""
        self.policy.set_state(state["policy"])
        self.journal.replace(state["events"])
        self._clear()
        self._replay(state["events"], heard=len(state["events"]))
        self.save()

    def _save_policy(self, covered: int) -> None:
        self.journal.sync()
        state = {"events": covered, "policy": self.policy.get_state()}
        write_atomically(self._directory / "policy.json", json.dumps(state))
        self._saved = covered

    def _task(self, proposal: Proposal) -> Task:
        number = self._proposals
        own = self._seed(3, number)
        return Task(
            trial=f"{number:05d}",
            proposal=proposal.id,
            expression=str(proposal.expression),
            canonical=self._canonical(proposal.expression),
            seed=self._seed(11, 0) if self.racing else own,
            draw=own if self.racing else None,
        )

    def _further(self, spare: bool = False) -> Task | None:
        """Returns a further child of a known function, if one is due."""
        if not self.racing:
            return None
        busy = {task.canonical for task in self.running.values()}
        form = self.standings.next(busy, spare)
        if form is None:
            return None
        first, run = self._first[form], self.standings.runs(form)
        task = dataclasses.replace(
            first,
            trial=f"{first.trial}-{run}",
            seed=self._seed(11, run),
            run=run,
        )
        self._commit({"event": "repeat", **task.to_event()})
        return task

    def _seed(self, stream: int, number: int) -> int:
        return derived_seed(self.seed, stream, number)

    def _commit(self, event: dict[str, Any]) -> None:
        self.journal.append(event)
        if event["event"] == "propose":
            self._unwritten = []
        self._apply(event)
        if (
            self._directory is not None
            and len(self.journal) - self._saved >= SNAPSHOT_EVERY
        ):
            self.save()

    def _replay(self, events: Iterable[dict[str, Any]], heard: int) -> None:
        self._live = False
        for number, event in enumerate(events):
            self._teaching = number >= heard
            if self._teaching and event["event"] == "propose":
                self._propose_again(event)
            self._apply(event)
        self._live = self._teaching = True

    def _propose_again(self, event: dict[str, Any]) -> None:
        expected = (event["proposal"], event["expression"])
        found = [(p.id, str(p.expression)) for p in self.policy.propose(1)]
        if found != [expected]:
            raise ValueError(
                f"The policy must propose {expected} again, as the journal in "
                f"{self._directory} says. Received: {found}"
            )

    def _apply(self, event: dict[str, Any]) -> None:
        if event["event"] == "propose":
            self._proposed(Task.from_event(event))
        elif event["event"] == "repeat":
            self._start(Task.from_event(event))
        elif event["event"] == "finish":
            self._finished(event)
        elif event["event"] == "floor":
            self._tell_untold(event["reward"])

    def _proposed(self, task: Task) -> None:
        self._proposals += 1
        self._repeats += 1
        if self.racing:
            self._texts.setdefault(task.canonical, {})[task.expression] = None
        if self.cache and task.canonical in self._rewards:
            reward = self._rewards[task.canonical]
            self._tell([task], reward)
            self._record(task, reward, "cached")
        elif self.cache and task.canonical in self._waiting:
            self._waiting[task.canonical].append(task)
        else:
            self._first[task.canonical] = task
            self._waiting[task.canonical] = []
            self._start(task)

    def _start(self, task: Task) -> None:
        self.running[task.trial] = task
        self.standings.start(task.run)
        self._repeats = 0

    def _finished(self, event: dict[str, Any]) -> None:
        task, reward = self.running.pop(event["trial"]), event["reward"]
        reward = self._floor() if reward is None else self._known(reward)
        twins = self._waiting.pop(task.canonical, [])
        self._repeats = 0
        completed = event["status"] == "completed"
        self.standings.add(task.canonical, reward, completed)
        if task.run:
            self._revise(task.canonical)
        else:
            self._rewards[task.canonical] = reward
            self._tell([task, *twins], reward)
        details = event["details"]
        self._record(
            task,
            reward,
            event["status"],
            event["seconds"],
            details.get("message") or "",
            details.get("others", {}),
        )
        for twin in twins:
            self._record(twin, reward, "cached")

    def _revise(self, form: str) -> None:
        """Tells the policy a function's mean, by each of its texts."""
        mean, runs = self.standings.mean(form), self.standings.runs(form)
        self._rewards[form] = mean
        for text in self._texts[form] if self._teaching else ():
            self.policy.revise(parse_functions(text), mean, runs)

    def _known(self, reward: float) -> float:
        """Takes a finite reward and returns it."""
        low, high = self._range or (reward, reward)
        self._range = min(low, reward), max(high, reward)
        self._tell_untold(self._floor())
        return reward

    def _floor(self) -> float:
        """A reward below all so far; NaN if there are none yet.

        It is as far below the worst as the best is above it.
        """
        if self._range is None:
            return math.nan
        low, high = self._range
        return low - (high - low or abs(low) or 1.0)

    def _tell(self, tasks: list[Task], reward: float) -> None:
        """Tells the policy, once there is something to tell."""
        if math.isnan(reward):
            self._untold += tasks
        else:
            self._teach([(task.proposal, reward) for task in tasks])

    def _tell_untold(self, reward: float) -> None:
        tasks, self._untold = self._untold, []
        for task in tasks:
            self._rewards[task.canonical] = reward
            self._teach([(task.proposal, reward)])

    def _teach(self, rewards: list[tuple[int, float]]) -> None:
        if self._teaching:
            self.policy.update(rewards)

    def _record(
        self,
        task: Task,
        reward: float,
        status: str,
        seconds: float = 0.0,
        message: str = "",
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        result = Result(
            trial=task.trial,
            expression=task.expression,
            canonical=task.canonical,
            reward=reward,
            status=status,
            seconds=seconds,
            seed=task.seed,
            order=len(self.results),
            message=message,
            values=dict(values),
            run=task.run,
        )
        self.results.append(result)
        if self._live and self.on_result is not None:
            self.on_result(result)


def check_racing(racing: bool, policy: Policy, cache: bool = True) -> None:
    """Checks that functions can race.

    Raises:
        ValueError: They cannot.
    """
    if not isinstance(racing, bool):
        raise ValueError(f"`racing` must be a bool. Received: {racing!r}")
    if racing and not cache:
        raise ValueError(
            "`cache` must be True with `racing`, which knows the children of "
            "a function by its canonical form. Received: False"
        )
    if racing and not hasattr(policy, "revise"):
        raise ValueError(
            "`policy` must have a method `revise(expression, reward, runs)` "
            "with `racing`, as `BasePolicy` has. "
            f"Received: {type(policy).__name__}"
        )
