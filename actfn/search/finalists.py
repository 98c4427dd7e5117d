"""Which functions a search hands to the confirmation."""

from __future__ import annotations

from collections.abc import Sequence

from actfn.search.books.results import Result
from actfn.search.books.rows import best_functions
from actfn.search.books.standings import Standings
from actfn.search.candidates import key_of
from actfn.spaces.families import same_family
from actfn.spaces.groups import parse_functions


def finalists(
    trials: Sequence[Result],
    count: int,
    racing: bool = False,
    known: Sequence[str] = (),
) -> dict[str, float]:
    """Returns the best functions that differ, with their rewards.

    A function is left out if a better one is the same for some values of the
    parameters, or the other way round: see `same_family`.

    Args:
        trials: Of the search.
        count: How many at most.
        racing: Whether functions had several seeds; then their mean counts,
            and those that survive the race come first, see
            `Standings.ranked`.
        known: Functions that are confirmed anyway, which are left out.
    """
    names = {key_of(name) for name in known}
    best = {trial.canonical: trial for trial in best_functions(trials)}
    rewards = {form: trial.reward for form, trial in best.items()}
    if racing:
        standings = Standings.of(trials)
        ranked = standings.ranked()
        rewards = {form: standings.mean(form) for form in ranked}
    chosen: dict[str, float] = {}
    for form, reward in rewards.items():
        if len(chosen) == count:
            break
        if form in names:
            continue
        text = best[form].expression
        function = parse_functions(text)
        others = map(parse_functions, chosen)
        if not any(same_family(function, other) for other in others):
            chosen[text] = reward
    return chosen
