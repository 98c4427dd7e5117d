"""Which functions a search hands to the confirmation."""

from __future__ import annotations

from collections.abc import Sequence

from actfn.expressions.expression import Expression, parameters
from actfn.search.books.results import Result
from actfn.search.books.rows import best_functions
from actfn.search.books.standings import Standings
from actfn.search.candidates import expression_of, key_of
from actfn.spaces.families import same_family, same_start
from actfn.spaces.groups import GroupedExpression, parse_functions


def finalists(
    trials: Sequence[Result],
    count: int,
    racing: bool = False,
    known: Sequence[str] = (),
) -> dict[str, float]:
    """Returns the best functions that differ, with their rewards.

    A function is left out if a better one is the same for some values of the
    parameters, or the other way round (`same_family`), or where they begin
    (`same_start`); one without parameters also if a known one is it.

    Args:
        trials: Of the search.
        count: How many at most.
        racing: Whether functions had several seeds; then their mean counts,
            and those that survive the race come first, see
            `Standings.ranked`.
        known: Functions that are confirmed anyway, which are left out.
    """
    names = {key_of(name) for name in known}
    fixed = [f for f in map(expression_of, known) if _is_fixed(f)]
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
        others = [*map(parse_functions, chosen)]
        beginnings = [*others, *(fixed if _is_fixed(function) else ())]
        if any(same_start(function, each) for each in beginnings):
            continue
        if not any(same_family(function, each) for each in others):
            chosen[text] = reward
    return chosen


def _is_fixed(function: Expression | GroupedExpression) -> bool:
    groups = dict(getattr(function, "functions", ()))
    return not any(map(parameters, groups.values() or [function]))
