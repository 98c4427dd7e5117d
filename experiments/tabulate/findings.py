"""The blocks of docs/findings.md: what the open table says.

Functions are compared by the first seed, which all share, so that none is
favoured by having more runs; what did not complete has the floor. To compare
tasks a score becomes its share: of the functions of the task that it beats,
ties counting half.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from actfn.bench import Table
from actfn.search.confirmation import LEVEL, holm
from experiments.tabulate import effects
from experiments.tabulate.effects import Effect
from experiments.tabulate.stages import RUNS
from experiments.tabulate.summary import sign_of
from models import markdown

TOP = 0.1
SEEDS = RUNS[-1]
ALL = "all tasks"
FINDINGS = (
    ("simpler functions win", "one unit, not two", True),
    ("the best take the raw x into the last operation", "raw x", True),
    ("periodic functions are among the best", "periodic", True),
    ("division does badly", "division", False),
)
EARLY = {
    "loss_1": ("loss in the first tenth of the steps", np.negative),
    "gradient_norm": ("norm of the first gradient", np.positive),
    "snip": ("SNIP, of the first gradient", np.positive),
}
"""Of runs: what they are called, and how they are turned to be the better,
the higher."""
NAMES = (
    *("findings", "strings", "correlations", "pareto", "variance", "signs"),
)


def blocks(table: Table | None) -> dict[str, str]:
    """Returns the text of each block; without a table, that it is not made."""
    if table is None:
        return {f"table {name}": "Not made yet.\n" for name in NAMES}
    data = Data(table)
    made = (_findings, _strings, _correlations, _pareto, _variance, _signs)
    return {
        f"table {name}": render(data)
        for name, render in zip(NAMES, made, strict=True)
    }


class Data:
    """The table as arrays over its functions, in the order of the list.

    Attributes:
        tasks: Names of the tasks.
        texts: Of the functions.
        signs: Of each task, 1 if higher is better.
        missing: How many runs of those it declares each task lacks.
        completed: Whether each function's first run did on each task:
            (functions, tasks).
        trained: Whether its score is better than the floor, likewise.
    """

    def __init__(self, table: Table):
        self.tasks = table.task_names
        self.texts = table.functions["function"].to_pylist()
        self._rows = table.functions.to_pylist()
        place = {text: n for n, text in enumerate(self.texts)}
        self.signs = np.array([*map(sign_of, table.tasks.values())])
        self.missing = {n: task["missing"] for n, task in table.tasks.items()}
        shape = len(self.texts), len(self.tasks)
        self._runs = np.full((*shape, SEEDS), np.nan)
        self._early = {name: np.full(shape, np.nan) for name in EARLY}
        self.completed = np.zeros(shape, bool)
        names = ["task", "function", "run", "status", "score", *EARLY]
        for row in table.runs.select(names).to_pylist():
            task = self.tasks.index(row["task"])
            score = row["score"]
            if row["status"] != "completed":
                score = table.tasks[row["task"]]["floor"]
            at = place[row["function"]], task
            self._runs[(*at, row["run"])] = self.signs[task] * score
            if row["run"] == 0:
                self.completed[at] = row["status"] == "completed"
                for name, of in self._early.items():
                    of[at] = np.nan if row[name] is None else row[name]
        floors = [task["floor"] for task in table.tasks.values()]
        self.trained = self._runs[:, :, 0] > self.signs * floors
        self._beyond = np.zeros(len(self.texts), bool)
        for task in table.tasks.values():
            self._beyond[[place[text] for text in task["beyond"]]] = True

    def column(self, name: str) -> np.ndarray:
        """Returns a column of the functions; NaN for what is not there."""
        values = [row[name] for row in self._rows]
        return np.array([np.nan if v is None else v for v in values])

    @functools.cached_property
    def of_space(self) -> np.ndarray:
        """Whether each is a function of the paper's space, as it trains it."""
        start = np.array([bool(row["initial"]) for row in self._rows])
        return np.isfinite(self.column("units").astype(float)) & ~start

    @functools.cached_property
    def shares(self) -> np.ndarray:
        """What each function beats by its first seed: (functions, tasks)."""
        return _shares(self._runs[:, :, 0])

    def share(self, task: str) -> np.ndarray:
        """Returns those of a task, or the means over all tasks."""
        if task == ALL:
            return self.shares.mean(axis=1)
        return self.shares[:, self.tasks.index(task)]

    def first(self, task: str) -> np.ndarray:
        """Returns the scores of a task by the seed that all functions share."""
        place = self.tasks.index(task)
        return self.signs[place] * self._runs[:, place, 0]

    @property
    def views(self) -> tuple[str, ...]:
        """The tasks, and all of them if there are several."""
        return (*self.tasks, *[ALL] * (len(self.tasks) > 1))

    def early(self, task: str) -> dict[str, np.ndarray]:
        """Returns what is known of each function's child before its end.

        Higher should be better; of a child that has no such number, as it
        diverged before or was rejected, minus infinity. NaN where there is no
        run.
        """
        place = self.tasks.index(task)
        there = np.isfinite(self._runs[:, place, 0])
        found = {}
        for name, (text, turned) in EARLY.items():
            value = turned(self._early[name][:, place])
            value = np.where(np.isfinite(value), value, -math.inf)
            found[text] = np.where(there, value, math.nan)
        return found

    def repeated(self, fewest: int) -> np.ndarray:
        """Whether each has so many runs on every task, as the stages give."""
        counts = np.isfinite(self._runs).sum(axis=2)
        return (counts >= fewest).all(axis=1) & ~self._beyond

    def runs(self, chosen: np.ndarray) -> np.ndarray:
        """Returns the runs of functions: (functions, tasks, seeds)."""
        return self._runs[chosen]


def _shares(scores: np.ndarray) -> np.ndarray:
    """Returns the share that each beats in its column; NaN stays."""
    found = np.full(scores.shape, np.nan)
    for column in range(scores.shape[1]):
        known = np.isfinite(scores[:, column])
        ranks = stats.rankdata(scores[known, column])
        found[known, column] = (ranks - 0.5) / max(1, known.sum())
    return found


def groups(data: Data, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns who is compared in a finding, and who of them is a member."""
    units = data.column("units").astype(float)
    if number == 0:
        return data.of_space, units == 1
    name = ("raw_x", "periodic", "division")[number - 1]
    return data.of_space & (units == 1), data.column(name).astype(bool)


def effects_of(data: Data) -> list[tuple[int, str, str, Effect]]:
    """Returns the effects of all findings: number, view, measure, effect."""
    found = []
    for number, view in itertools.product(range(len(FINDINGS)), data.views):
        compared, member = groups(data, number)
        share = data.share(view)
        known = compared & np.isfinite(share)
        share, member = share[known], member[known]
        if not member.any() or member.all():
            continue
        top = share >= np.quantile(share, 1 - TOP)
        for measure, effect in (
            ("superiority", effects.superiority(share, member)),
            ("odds of the top", effects.odds(top, member)),
        ):
            found.append((number, view, measure, effect))
    return found


def _findings(data: Data) -> str:
    found = effects_of(data)
    corrected = holm([effect.p for *_, effect in found])
    rows = []
    for (number, view, measure, effect), p in zip(
        found, corrected, strict=True
    ):
        finding, group, more = FINDINGS[number]
        none = 0.5 if measure == "superiority" else 1.0
        verdict = "not shown"
        if p < LEVEL:
            as_said = (effect.size > none) == more
            verdict = "holds" if as_said else "the contrary holds"
        cells = (
            finding,
            group,
            view,
            measure,
            *_effect(effect),
            _p(p),
            verdict,
        )
        rows.append(cells)
    head = (
        "finding", "group", "task", "measure", "effect", "95% interval",
        "functions", "p, Holm", "verdict",
    )  # fmt: skip
    return markdown.table(
        head, rows, ("finding", "group", "task", "measure", "verdict")
    )


def _strings(data: Data) -> str:
    """Says of the first finding what equal sampling of strings makes of it."""
    compared, member = groups(data, 0)
    strings = data.column("strings").astype(float)
    rows, gone = [], []
    for view in data.views:
        share = data.share(view)
        known = compared & np.isfinite(share)
        if not member[known].any() or member[known].all():
            continue
        shown = []
        for name, weights in (("once", None), ("by its strings", strings)):
            found = effects.superiority(
                share[known],
                member[known],
                None if weights is None else weights[known],
            )
            rows.append((view, name, *_effect(found)))
            shown.append(not found.low <= 0.5 <= found.high)
        if shown == [True, False]:
            gone.append(view)
    if not rows:
        return "There are functions of one unit or of two alone.\n"
    head = (
        "task", "a one-unit function counts", "superiority", "95% interval",
        "functions",
    )  # fmt: skip
    text = markdown.table(head, rows, head[:2])
    if gone:
        text += (
            f"\nOn {', '.join(gone)} the effect is owed to that: drawn alike, "
            "none is shown.\n"
        )
    return text


def _correlations(data: Data) -> str:
    rows = []
    for first, second in itertools.combinations(data.tasks, 2):
        pair = np.array([data.share(first), data.share(second)])
        known = np.isfinite(pair).all(axis=0)
        # Chosen by one of them alone: by both would bend the correlation.
        best = known & (pair >= np.median(pair[:, known], axis=1)[:, None])
        both = [data.tasks.index(name) for name in (first, second)]
        for name, chosen in (
            ("all", known),
            (f"better half on {first}", best[0]),
            (f"better half on {second}", best[1]),
            ("above the floor on both", data.trained[:, both].all(axis=1)),
        ):
            found = effects.correlation(*pair[:, chosen])
            rows.append((f"{first}, {second}", name, *_effect(found)))
    if not rows:
        return "There is one task.\n"
    head = ("tasks", "of", "rank correlation", "95% interval", "functions")
    return markdown.table(head, rows, ("tasks", "of"))


def _of_incomplete(data: Data) -> str:
    """Returns a sentence if a task lacks further seeds; empty if none does.

    Who has them then is not who is good, but who came first in the list.
    """
    lacking = [
        f"of `{name}` {count:,} are missing"
        for name, count in data.missing.items()
        if count
    ]
    if not lacking:
        return ""
    return f"To be said when all runs are there: {', '.join(lacking)}.\n"


def _pareto(data: Data) -> str:
    whole = data.completed.all(axis=1)
    if not whole.any():
        return "No function completed on every task.\n"
    scores = data.runs(whole)[:, :, 0]
    inside = effects.pareto(scores)
    texts = np.array(data.texts)[whole][inside]
    ranks = np.stack([stats.rankdata(-c, "min") for c in scores.T], axis=1)
    order = np.argsort(ranks[inside].mean(axis=1), kind="stable")
    rows = [
        (f"`{texts[n]}`", *(f"{int(r):,}" for r in ranks[inside][n]))
        for n in order
    ]
    head = ("function", *(f"rank on {name}" for name in data.tasks))
    text = markdown.table(head, rows, ("function",))
    return f"Of {whole.sum():,} functions:\n\n{text}"


def _variance(data: Data) -> str:
    if said := _of_incomplete(data):
        return said
    whole = data.repeated(SEEDS)
    if whole.sum() < 2:
        return "No two functions have eight runs on every task.\n"
    runs = data.runs(whole)
    count, tasks, seeds = runs.shape
    flat = runs.swapaxes(1, 2).reshape(count * seeds, tasks)
    shares = _shares(flat).reshape(count, seeds, tasks).swapaxes(1, 2)
    rows = [
        (name, f"{100 * value:.1f}%")
        for name, value in effects.variance_shares(shares).items()
        if name != "task"  # None: a share has one mean in each.
    ]
    text = markdown.table(("of", "share"), rows, ("of",))
    named = (data.column("set")[whole] == "catalog").sum()
    return (
        f"{count} functions, {named} of them of the catalog, {tasks} tasks, "
        f"{seeds} seeds:\n\n{text}"
    )


def signs(data: Data) -> dict[str, np.ndarray]:
    """Returns what is known of functions untrained; higher should be better."""
    with np.errstate(all="ignore"):
        steep = np.log(data.column("normal_slope_square").astype(float))
        spread = np.log(data.column("normal_variance").astype(float))
        chaos = np.log(data.column("criticality").astype(float))
    return {
        "E f'(x)^2 near 1": -np.abs(steep),
        "edge of chaos: criticality near 1": -np.abs(chaos),
        "variance of f(x) near 1": -np.abs(spread),
        "mean of f(x) near 0": -np.abs(
            data.column("normal_mean").astype(float)
        ),
        "few operations": -data.column("operations").astype(float),
    }


def _signs(data: Data) -> str:
    early = {task: data.early(task) for task in data.tasks}
    first, *_ = (text for text, _ in EARLY.values())
    rows, floors = [], []
    for place, task in enumerate(data.tasks):
        share, own = data.share(task), data.completed[:, place]
        low = ~data.trained[np.isfinite(share), place]
        floors.append(f"{100 * low.mean():.0f}% on {task}")
        known = [(name, sign, own) for name, sign in early[task].items()]
        for number, other in enumerate(data.tasks):
            if other != task:
                both = own & data.completed[:, number]
                known += [
                    (f"the score on {other}", data.share(other), both),
                    (f"{first} on {other}", early[other][first], both),
                ]
        known += [(name, sign, own) for name, sign in signs(data).items()]
        for name, sign, completed in known:
            # Minus infinity, as of a slope of nothing, is the worst sign.
            usable = np.isfinite(share) & ~np.isnan(sign)
            found = [
                effects.correlation(sign[chosen], share[chosen])
                for chosen in (usable, usable & completed)
            ]
            rows.append((task, name, *_effect(found[0]), *_effect(found[1])))
    head = (
        "task", "sign", "of all", "95% interval", "functions", "of completed",
        "95% interval", "functions",
    )  # fmt: skip
    text = markdown.table(head, rows, ("task", "sign"))
    return f"{text}\nAt the floor are, of all functions, {', '.join(floors)}.\n"


def _effect(effect: Effect) -> Sequence[str]:
    if math.isnan(effect.size):
        return "", "", str(effect.count)
    size, low, high = (
        f"{value:.2f}" for value in (effect.size, effect.low, effect.high)
    )
    return size, f"{low} to {high}", f"{effect.count:,}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"
