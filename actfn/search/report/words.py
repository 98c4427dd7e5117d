"""What a report says, and a report in text alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from actfn.search import confirmation
from actfn.search.books.results import Result
from actfn.search.report.content import Content, Row
from actfn.search.report.numbers import (
    best,
    duration,
    finite,
    mean,
    number,
    probability,
    ranked,
    reached,
    score,
    trained,
)

_WIDEST = 60


def learning(content: Content) -> str:
    """Says how far the policy has moved and what its rewards are.

    Only trained functions count. There is no test: what a learning policy
    proposes depends on what it has seen, so its rewards are not independent.
    """
    if not content.policy:  # known functions are compared
        return ""
    ours, random = trained(content.trials), trained(content.control)
    text = _movement(content)
    if not ours:
        return text + "No function has been trained yet."
    text += f"{_rewards(f'The {content.policy} policy', ours)} "
    if not random:
        return text + (
            "It is the random control itself."
            if content.policy == "random"
            else "No random functions have been trained yet."
            if content.running
            else "No random functions were trained to compare it with."
        )
    return text + (
        f"{_rewards('Random choice', random)} Cached twins and failures are "
        "left out. What a learning policy proposes depends on its earlier "
        "rewards, so these are no independent observations and no test is "
        "made of them: one search is one observation of a policy."
    )


def _movement(content: Content) -> str:
    moved = content.movement
    if "kl_from_start" not in moved:
        return ""
    text = (
        f"After {moved['results']:.0f} rewards and {moved['updates']:.0f} "
        f"updates, the policy is {moved['kl_from_start']:.2f} nats "
        "(Kullback-Leibler divergence) from where it started, and its entropy "
        f"is {moved['entropy']:.1f} nats"
    )
    if "uniform_entropy" in moved:
        text += (
            "; the uniform distribution over all strings has "
            f"{moved['uniform_entropy']:.1f}"
        )
    return f"{text}. "


def _rewards(who: str, rows: Sequence[Result]) -> str:
    top = best(rows)
    if not top:
        return f"{who}: {len(rows)} trained; none completed."
    done = finite(map(reached, rows))
    return (
        f"{who}: {len(done)} of {len(rows)} completed, mean reward "
        f"{number(mean(done))}; the best is {number(top.reward)}."
    )


def counts(rows: Sequence[Result]) -> str:
    """Returns how many trials ended in which way."""
    counted = Counter(row.status for row in rows).most_common()
    return ", ".join(f"{n} {name}" for name, n in counted) or "none yet"


def reasons(rows: Sequence[Result]) -> list[tuple[int, str]]:
    """Returns why trials did not complete: how often, which reason."""
    counted = Counter(
        row.message.strip().splitlines()[-1]
        if row.message.strip()
        else row.status
        for row in rows
        if row.status not in ("completed", "cached")
    )
    return [(n, reason) for reason, n in counted.most_common(8)]


def runs(row: Row) -> str:
    """Returns how many runs a row has, and how many of them diverged."""
    lost = len(row.scores) - len(finite(row.scores))
    told = f"{len(row.scores)} run" + "s" * (len(row.scores) != 1)
    return told + (f", {lost} diverged" if lost else "")


def interval(row: Row) -> str:
    """Returns the interval of the gain; nothing if there is none."""
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return ""
    return f"{number(row.low, sign=True)} to {number(row.high, sign=True)}"


def found_and_known(content: Content) -> str:
    """Says what the best that was found gains over each known function.

    Each of these is the incumbent of a test of its own; p is corrected (Holm)
    for the finalists.
    """
    rows = [row for row in ranked(content.confirmed) if row.scores]
    found = {r.expression: r.scores for r in rows if r.role == "finalist"}
    known = {r.expression: r.scores for r in rows if r.role != "finalist"}
    seeds = max((len(row.scores) for row in rows), default=0)
    whole = [name for name, scores in found.items() if len(scores) == seeds]
    if content.running or len(known) < 2 or not whole:
        return ""
    name, parts = whole[0], []
    tests = confirmation.against_each(known, found, seeds)
    for rival, compared in tests.items():
        (row,) = (each for each in compared if each.expression == name)
        if not math.isfinite(row.low):
            continue
        apart = row.high < 0 or row.p < confirmation.LEVEL
        parts.append(
            f"{rival} {number(row.gain, sign=True)} "
            f"({number(row.low, sign=True)} to {number(row.high, sign=True)}"
            + (")" if apart else ", not told apart)")
        )
    return f"The best that was found, {name}, gains over {'; '.join(parts)}."


def text(content: Content) -> str:
    """Returns the verdict and the leaderboard, for a terminal."""
    lines = [content.title, ""]
    if content.running:
        lines += [
            f"{phase.name}: {phase.done} of {phase.total}"
            + (
                f", {left} left"
                if (left := duration(phase.seconds_left))
                else ""
            )
            for phase in content.phases
        ]
    else:
        lines.append(content.verdict or "There is no verdict.")
    if content.confirmed:
        lines += ["", *_leaderboard(content)]
    if told := found_and_known(content):
        lines += ["", told]
    if content.note:
        lines += ["", content.note]
    return "\n".join([*lines, "", learning(content)]).rstrip()


def _leaderboard(content: Content) -> list[str]:
    head = ("function", content.metric, "gain", "interval", "p", "")
    table = [head] + [
        (
            _short(row.expression),
            number(score(content, row)),
            number(row.gain, sign=True),
            interval(row),
            probability(row.p),
            ", ".join(
                part
                for part in (
                    "" if row.role == "finalist" else row.role,
                    runs(row),
                    row.note,
                )
                if part
            ),
        )
        for row in ranked(content.confirmed)
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place in (0, 5) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _short(expression: str) -> str:
    if len(expression) <= _WIDEST:
        return expression
    return expression[: _WIDEST - 1] + "\u2026"
