"""Finds a function of the table, in whatever words it is asked for."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actfn import catalog
from actfn.analysis import curve
from actfn.expressions import words
from actfn.expressions.expression import Call, Expression, inputs
from actfn.spaces.canonical import canonicalize

_POINTS = 32
QUANTILES = np.array(
    [
        statistics.NormalDist().inv_cdf((place + 0.5) / _POINTS)
        for place in range(_POINTS)
    ]
)
"""Where the table has the values of each function: quantiles of the normal."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the table says of an expression.

    Attributes:
        asked: The expression as it was given.
        function: The row of `Table.functions`, as a dictionary; None if the
            table does not have the function.
        scores: The rows of `Table.summary` of that function, by task.
        epsilon: Whether the row differs from what was asked by the epsilon of
            ``a / b``, which is a / (b + 1e-6) in the paper's functions.
        nearest: The text of the function whose values under normal inputs are
            nearest, where the table does not have the one that was asked for.
        note: What a reader must know beside, in sentences.
    """

    asked: str
    function: Mapping[str, Any] | None
    scores: Mapping[str, Mapping[str, Any]]
    epsilon: bool = False
    nearest: str | None = None
    note: str = ""

    def __str__(self) -> str:
        lines = [f"asked for   {self.asked}"]
        if self.function is not None:
            lines.append(f"function    {self.function['function']}")
            lines.append(f"form        {self.function['form']}")
        for task, row in self.scores.items():
            lines.append(
                f"{task:<12}{row['mean']:.6g}, rank {row['rank']}, "
                f"runs {row['runs']}, {row['diverged']} of them diverged"
            )
        return "\n".join([*lines, *[self.note] * bool(self.note)])


class Forms:
    """The functions of a table by their forms.

    Args:
        rows: Of `Table.functions`.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]]):
        self._rows = rows
        self._named: dict[str, int] = {}
        self._forms: dict[str, list[int]] = {}
        self._exact: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            for name in row["names"]:
                self._named.setdefault(name, place)
            self._forms.setdefault(row["form"], []).append(place)
            if row["exact"] is not None:
                self._exact.setdefault(row["exact"], []).append(place)
        for places in (*self._forms.values(), *self._exact.values()):
            # Parameters that start at 1, as they do in a text, come first.
            places.sort(key=lambda place: bool(rows[place]["initial"]))
        self._values = _compressed(
            [[_number(v) for v in row["values"]] for row in rows]
        )

    def find(self, asked: str | Expression) -> tuple:
        """Returns the place of the row, or None, and the rest of an `Answer`.

        Raises:
            ExpressionError: The text is no expression.
            ValueError: It has two inputs.
        """
        entry = catalog.find(asked) if isinstance(asked, str) else None
        place = self._named.get(entry.name if entry else str(asked))
        if place is not None:
            return place, {}
        expression = catalog.get(asked).expression
        if inputs(expression) == 2:
            raise ValueError(
                "`expression` must be of one input; the table has no others. "
                f"Received: {str(asked)!r}"
            )
        form = canonicalize(expression)
        if places := self._forms.get(str(form)):
            return places[0], {"note": self._started(places)}
        exact = str(canonicalize(without_epsilon(expression)))
        places = self._forms.get(exact) or self._exact.get(exact)
        if places:
            return places[0], {
                "epsilon": True,
                "note": "It differs from what was asked by the epsilon: a / b "
                "is a / (b + 1e-6). " + self._started(places),
            }
        nearest = self._rows[self._nearest(expression)]["function"]
        return None, {
            "nearest": nearest,
            "note": "The table does not have it, with the epsilon of a / b or "
            f"without; its form is {form}. Nearest under normal inputs: "
            f"{nearest}.",
        }

    def _started(self, places: Sequence[int]) -> str:
        """Says where parameters start that do not start at 1."""
        initial = [", ".join(self._rows[p]["initial"]) for p in places]
        notes = []
        if initial[0]:
            notes.append(
                f"Its parameters start at {initial[0]}; those of a text start "
                "at 1."
            )
        others = [
            f"{self._rows[place]['function']} (parameters start at {start})"
            for place, start in zip(places[1:], initial[1:], strict=True)
        ]
        if others:
            notes.append(f"Of the same form: {'; '.join(others)}.")
        return " ".join(notes)

    def _nearest(self, expression: Expression) -> int:
        with np.errstate(all="ignore"):
            values, _ = curve(expression, QUANTILES)
        gaps = (self._values - _compressed(values)) ** 2
        return int(np.argmin(np.mean(gaps, axis=1)))


def without_epsilon(expression: Expression) -> Expression:
    """Returns a function with each ``a / b`` as an exact quotient.

    Example:
        >>> str(without_epsilon(parse("x / (1 + abs(x))")))
        'x * reciprocal(1 + abs(x))'
    """
    expression = words.expand(expression)
    if not isinstance(expression, Call):
        return expression
    arguments = tuple(map(without_epsilon, expression.arguments))
    if expression.operator != "div":
        return Call(expression.operator, arguments)
    dividend, divisor = arguments
    return Call("mul", (dividend, Call("reciprocal", (divisor,))))


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _compressed(values) -> np.ndarray:
    """Returns values on a scale where large ones differ less; NaN is far."""
    values = np.asarray(values, float)
    small = np.sign(values) * np.log1p(np.abs(values))
    return np.nan_to_num(small, nan=1e3, posinf=1e3, neginf=-1e3)
