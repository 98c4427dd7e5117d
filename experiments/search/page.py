"""One HTML page that shows a search and needs no other file."""

from __future__ import annotations

import base64
import html
import io
import math
import pathlib
import statistics
import string
from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from scipy import stats

from actfn.search import Result
from experiments.search.rows import Confirmed

_TEMPLATE = pathlib.Path(__file__).with_name("page.html")


def render(
    facts: Mapping[str, str],
    trials: Sequence[Result],
    control: Sequence[Result],
    confirmed: Sequence[Confirmed],
    movement: Mapping[str, float],
    figures: Mapping[str, Figure],
) -> str:
    """Returns the page.

    Args:
        facts: title, setting, command, provenance, versions, policy; text.
        trials: Those of the policy.
        control: As many random functions, empty for the random policy.
        confirmed: Finalists and baselines, best first.
        movement: `Policy.statistics()` at the end.
        figures: rewards, distributions, functions and confirmation.
    """
    escaped = {name: html.escape(text) for name, text in facts.items()}
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        escaped,
        verdict=html.escape(verdict(confirmed)),
        confirmation_note=html.escape(_confirmation_note(confirmed)),
        leaderboard=_leaderboard(confirmed),
        learning=html.escape(
            learning(facts["policy"], trials, control, movement)
        ),
        counts=html.escape(_counts(trials, control)),
        trials=_trials(trials),
        **{name: _data_uri(figure) for name, figure in figures.items()},
    )


def verdict(confirmed: Sequence[Confirmed]) -> str:
    """Says in one sentence what the finalists are worth beside ReLU."""
    finalists = [row for row in confirmed if row.role == "finalist"]
    if not finalists:
        return "No function completed its training: nothing was found."
    best = max(finalists, key=lambda row: row.mean)
    runs = len(best.accuracies)
    gain = f"{100 * best.gain:+.1f} points"
    if math.isfinite(best.gain_error):
        gain += f" (standard error {100 * best.gain_error:.1f})"
    text = (
        f"Best of {len(finalists)} finalists: {best.expression}, mean test "
        f"accuracy {100 * best.mean:.1f} % over {runs} runs, {gain} against "
        "ReLU trained with the same seeds. "
    )
    if runs < 2:
        return text + "One run cannot tell a discovery from luck."
    error = best.gain_error or math.inf
    p = stats.t.sf(best.gain / error, runs - 1) * len(finalists)
    if p < 0.05:
        return text + (
            "A paired one-sided t-test, corrected for the number of "
            f"finalists, gives p = {p:.2g}."
        )
    return text + (
        f"With {runs} runs that is not evidence of a better function "
        f"(paired t-test, corrected for the number of finalists, p = "
        f"{min(p, 1):.2g}); repeat with more --repeats."
    )


def learning(
    policy: str,
    trials: Sequence[Result],
    control: Sequence[Result],
    movement: Mapping[str, float],
) -> str:
    """Says how far the policy has moved and what its rewards are worth."""
    if "kl_from_start" in movement:
        text = (
            f"After {movement['results']:.0f} rewards and "
            f"{movement['updates']:.0f} updates, the policy is "
            f"{movement['kl_from_start']:.2f} nats (Kullback-Leibler "
            "divergence) from where it started, and its entropy is "
            f"{movement['entropy']:.1f} nats; the uniform distribution over "
            f"all strings has {movement['uniform_entropy']:.1f}. "
        )
    else:
        text = f"The {policy} policy does not learn a distribution. "
    if not control:
        return text + (
            "It is the random control itself."
            if policy == "random"
            else "No random functions were trained to compare it with."
        )
    ours = [trial.reward for trial in trials]
    random = [trial.reward for trial in control]
    later = ours[len(ours) // 2 :]
    p = stats.mannwhitneyu(later, random, alternative="greater").pvalue
    text += (
        f"Mean reward: {statistics.fmean(ours):.3f} over the policy's "
        f"{len(ours)} trials, {statistics.fmean(later):.3f} over their second "
        f"half, {statistics.fmean(random):.3f} over {len(random)} random "
        f"functions; best reward {max(ours):.3f} against {max(random):.3f}. "
    )
    if p < 0.05:
        return text + (
            "The second half is better than random (one-sided Mann-Whitney "
            f"test, p = {p:.2g})."
        )
    return text + (
        "The second half is not shown to be better than random (one-sided "
        f"Mann-Whitney test, p = {p:.2g}): at this number of trials, take "
        "the search for a random one."
    )


def _confirmation_note(confirmed: Sequence[Confirmed]) -> str:
    runs = len(confirmed[0].accuracies) if confirmed else 0
    return (
        f"Each function was trained {runs} times from scratch, with seeds that "
        "the search did not use and that all functions share, and measured on "
        "the test images, which the search never saw. The search's own "
        "reward, the best of many lucky runs, stands beside."
    )


def _leaderboard(confirmed: Sequence[Confirmed]) -> str:
    head = (
        "function",
        "mean",
        "deviation",
        "against ReLU",
        "its error",
        "reward in the search",
    )
    rows = [
        (
            row.role,
            [
                row.expression,
                _percent(row.mean),
                _percent(row.std),
                _percent(row.gain, "+"),
                _percent(row.gain_error),
                _number(row.search_reward),
            ],
        )
        for row in confirmed
    ]
    return _table(head, rows)


def _trials(trials: Sequence[Result]) -> str:
    head = ("function", "reward", "status", "seconds", "trial", "seed")
    rows = [
        (
            trial.status,
            [
                trial.expression,
                f"{trial.reward:.4f}",
                f"{trial.status}: {trial.message}"
                if trial.message
                else trial.status,
                f"{trial.seconds:.1f}",
                trial.trial,
                str(trial.seed),
            ],
        )
        for trial in sorted(trials, key=lambda t: (-t.reward, t.order))
    ]
    return _table(head, rows)


def _table(head, rows) -> str:
    cells = "".join(
        f'<th class="{"f" if index == 0 else ""}">{html.escape(name)}</th>'
        for index, name in enumerate(head)
    )
    body = "".join(
        f'<tr class="{kind}"><td class="f">{html.escape(first)}</td>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        + "</tr>\n"
        for kind, (first, *rest) in rows
    )
    return (
        f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    )


def _counts(trials: Sequence[Result], control: Sequence[Result]) -> str:
    def of(rows):
        counted = Counter(row.status for row in rows)
        return ", ".join(f"{n} {name}" for name, n in counted.most_common())

    text = f"Policy: {of(trials)}."
    return f"{text} Random: {of(control)}." if control else text


def _percent(share: float, sign: str = "") -> str:
    return f"{100 * share:{sign}.2f}" if math.isfinite(share) else ""


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else ""


def _data_uri(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/png;base64,{data}"
