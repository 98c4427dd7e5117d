"""A search on one of the tasks, as a session of the library."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
from typing import Any

import keras_tuner

import actfn
from actfn.search import confirmation
from actfn.search.books.tables import read_rows, write_rows
from actfn.search.executors import Executor
from actfn.search.files import as_json
from actfn.search.halving import SuccessiveHalving
from actfn.search.plan import Plan, Texts
from actfn.search.session import Session
from experiments import tasks
from experiments.search.settings import SearchSettings
from experiments.tasks.base import cost, key, with_steps
from experiments.tasks.child import REDUCTION, RUNG_AT, TaskChild

_JUDGED = ("expression", "gain", "low", "high", "p", "pairs", "note")
_OF_OTHERS = (
    " Functions that are written name(setting=value) are published ones with "
    "an initialisation and a learning rate of their own (tuned.csv); the "
    "others are text for actfn.get."
)
COLUMNS = ("expression", "rival", "role", *_JUDGED[1:-1], "margin", "note")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(SearchSettings):
    """What makes a search on a task what it is.

    Attributes:
        task: A name of `experiments.tasks.names`; the reward is one of its
            metrics.
        specials: Whether published functions, as published and as tuned, are
            compared too.
        steps: Of a child in both settings; None for the task's.
        halving: Whether children that do badly are stopped on the way.
    """

    task: str
    specials: bool
    steps: int | None
    halving: bool = False

    def identity(self) -> dict[str, Any]:
        """Returns the fields that tell a search from others, as JSON data."""
        found = super().identity()
        if not self.halving:  # as in folders from before it was there
            del found["halving"]
        return found


def make_session(
    settings: Settings, folder: pathlib.Path, executor: Executor, command: str
) -> Session:
    """Returns the session that runs a search in a folder.

    What is compared with what is fixed here: the finalists, in the larger
    setting, with each baseline and each published function.

    Args:
        settings: What to search.
        folder: For the results; nothing is written yet.
        executor: Trains the children.
        command: To be shown in the report.

    Raises:
        ValueError: The settings name a task, a reward or a space that is not
            there, or a file of the task is missing or damaged.
    """
    task = tasks.get(settings.task)
    if settings.reward not in task.metrics:
        raise ValueError(
            f"--reward must be one of {', '.join(task.metrics)} for the task "
            f"{settings.task}. Received: {settings.reward}"
        )
    space = settings.space()
    child = TaskChild(
        task,
        functools.partial(with_steps, settings.steps),
        settings.reward if settings.halving else None,
    )
    metric = task.metrics[settings.reward]
    plan = _plan(settings, child, space)
    # What is compared with what does not change once something is compared.
    identity = settings.identity() | {
        split: key(setting) for split, setting in child.settings.items()
    }
    identity |= {
        "baselines": plan.baselines,
        "candidates": plan.candidates,
        "families": sorted(plan.families),
    }
    return Session(
        plan,
        child,
        folder,
        executor,
        Texts(
            title=f"Search for activation functions: {task.title}",
            policy=settings.policy,
            setting=_text(settings, child, space),
            command=command,
            provenance=f"Data: {task.provenance}.",
            metric=f"{settings.reward} ({metric.unit})",
            note="Confirmed in the larger setting, on data that the search "
            "never saw." + (_OF_OTHERS if settings.specials else ""),
        ),
        as_json(identity),
        page="search.html",
    )


def _plan(
    settings: Settings, child: TaskChild, space: actfn.SearchSpace
) -> Plan:
    task = child.task
    metric = task.metrics[settings.reward]
    families = {f.name: tuple(f.members) for f in task.families}
    return settings.plan(
        space,
        settings.task,
        objective=keras_tuner.Objective(settings.reward, metric.direction),
        baselines=task.baselines,
        candidates=tuple(task.specials) if settings.specials else (),
        families=families if settings.specials else {},
        floor=metric.sign * metric.floor,
        halving=SuccessiveHalving(REDUCTION) if settings.halving else None,
        confirmation_cost=_confirmation_cost(child),
    )


def _confirmation_cost(child: TaskChild) -> float:
    return cost(child.settings["test"]) / cost(child.settings["validation"])


def write_rivals(folder: pathlib.Path) -> list[dict[str, object]]:
    """Compares each finalist with each rival; writes rivals.csv.

    The test is the library's, see `confirmation.against_each`. A finalist that
    was dropped before it had all seeds is worth no switch.

    Args:
        folder: Of a search that has ended.

    Returns:
        The rows, rival by rival; `margin` is what a gain is tested to exceed.
    """
    repeats = json.loads((folder / "settings.json").read_text())["repeats"]
    roles = {
        row["expression"]: row["role"]
        for row in read_rows(folder / "confirmed.csv")
    }
    scores: dict[str, dict[int, float]] = {name: {} for name in roles}
    for row in read_rows(folder / "retrained.csv"):
        # Further ones are of the same folder with more repeats.
        if row["expression"] in scores and int(row["run"]) < repeats:
            scores[row["expression"]][int(row["run"])] = float(row["score"])
    runs = {n: [s[i] for i in sorted(s)] for n, s in scores.items()}
    found = {n: runs[n] for n, role in roles.items() if role == "finalist"}
    known = {n: each for n, each in runs.items() if n not in found}
    tests = confirmation.against_each(known, found, repeats)
    rows = [
        {
            "rival": rival,
            "role": roles[rival],
            "margin": confirmation.smallest_of_interest(known[rival]),
        }
        | {name: getattr(row, name) for name in _JUDGED}
        for rival, compared in tests.items()
        for row in compared
    ]
    write_rows(folder / "rivals.csv", COLUMNS, rows)
    return rows


def _text(settings: Settings, child: TaskChild, space) -> str:
    def told(split: str) -> str:
        words = dataclasses.asdict(child.settings[split]).items()
        return ", ".join(f"{name} {value}" for name, value in words)

    where = "of the training" if settings.reward == "area" else ""
    where = where or "on held-out data"
    stopped = (
        f", three of four stopped after {RUNG_AT:.0%} of the steps"
        if settings.halving
        else ""
    )
    return (
        f"{settings.trials} functions of up to {settings.core_units} core "
        f"units ({len(space.unary)} unary and {len(space.binary)} binary "
        f"functions, {settings.wiring} wiring), proposed by "
        f"{settings.proposer}, which was told the {settings.reward} "
        f"{where} ({told('validation')}{stopped}); confirmed with "
        f"{settings.repeats} paired seeds ({told('test')})."
    )
