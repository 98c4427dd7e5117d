"""Writes what a search came to: CSV, pictures, a page, a few lines of text."""

from __future__ import annotations

import dataclasses
import pathlib
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata

from actfn.search import Result
from actfn.search.books.journal import write_atomically
from actfn.search.books.tables import CsvLog
from experiments.search import figures, page
from experiments.search.rows import (
    CONFIRMED_COLUMNS,
    Confirmed,
    best_functions,
)

_CURVES = 9
_PACKAGES = ("tensorflow", "keras", "keras-tuner", "numpy")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """All that a search found.

    Attributes:
        trials: Those of the policy.
        control: As many random functions, or none.
        confirmed: Finalists and baselines, best first.
        movement: `Policy.statistics()` at the end, and ``uniform_entropy``.
    """

    trials: Sequence[Result]
    control: Sequence[Result]
    confirmed: Sequence[Confirmed]
    movement: Mapping[str, float]


def write(
    folder: pathlib.Path,
    outcome: Outcome,
    *,
    policy: str,
    setting: str,
    command: str,
    provenance: str,
) -> None:
    """Writes confirmed.csv, the pictures and search.html; prints the best.

    Args:
        folder: Where to.
        outcome: What was found.
        policy: Its name.
        setting: One sentence on what was done.
        command: How to repeat it.
        provenance: Which data were used.
    """
    CsvLog(folder / "confirmed.csv", CONFIRMED_COLUMNS).rewrite(
        row.row() for row in outcome.confirmed
    )
    drawn = _draw(outcome, policy)
    for name, figure in drawn.items():
        figures.save(figure, folder / f"{name}.png")
    facts = {
        "title": "Search for activation functions",
        "policy": policy,
        "setting": setting,
        "command": command,
        "provenance": f"Data: {provenance}.",
        "versions": versions(),
    }
    text = page.render(
        facts,
        outcome.trials,
        outcome.control,
        outcome.confirmed,
        outcome.movement,
        drawn,
    )
    write_atomically(folder / "search.html", text)
    _print(outcome, policy, folder)


def versions() -> str:
    """Returns the versions and the machine, for a footnote."""
    packages = ", ".join(
        f"{name} {metadata.version(name)}" for name in _PACKAGES
    )
    return (
        f"{packages}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}."
    )


def _draw(outcome: Outcome, policy: str) -> dict:
    best = best_functions(outcome.trials, _CURVES)
    return {
        "rewards": figures.rewards_over_trials(
            outcome.trials, outcome.control, policy
        ),
        "distributions": figures.reward_distributions(
            outcome.trials, outcome.control, policy
        ),
        "functions": figures.function_curves(
            [result.expression for result in best],
            [f"{r.reward:.3f}  {r.expression}" for r in best],
        ),
        "confirmation": figures.confirmation(outcome.confirmed),
    }


def _print(outcome: Outcome, policy: str, folder: pathlib.Path) -> None:
    print("\ntest accuracy   against ReLU   function")
    for row in outcome.confirmed:
        print(
            f"{100 * row.mean:6.2f} ±{100 * row.std:5.2f}"
            f"{100 * row.gain:+9.2f} ±{100 * row.gain_error:5.2f}"
            f"   {row.expression}"
            f"{'  (baseline)' if row.role == 'baseline' else ''}"
        )
    print()
    print(page.verdict(outcome.confirmed))
    print(
        page.learning(policy, outcome.trials, outcome.control, outcome.movement)
    )
    print(f"See {folder / 'search.html'}")
