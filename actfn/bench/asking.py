"""Finds a function of the table, in whatever words it is asked for."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actfn import catalog
from actfn.expressions import words
from actfn.expressions.expression import Call, Expression, inputs, parameters
from actfn.expressions.parsing import parse
from actfn.spaces.canonical import canonicalize

_POINTS = 32
QUANTILES = np.array(
    [
        statistics.NormalDist().inv_cdf((place + 0.5) / _POINTS)
        for place in range(_POINTS)
    ]
)
"""Where the table has the values of each function: quantiles of the normal."""
_WIDE = np.linspace(-20, 20, 401)
_SAME = 1e-5
"""How far functions may differ that are the same but for rounding."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the table says of an expression.

    Attributes:
        asked: The expression as it was given.
        function: The row of `Table.functions`, as a dictionary; None if the
            table does not have the function.
        scores: The rows of `Table.summary` of that function, by task.
        epsilon: Whether the row differs from what was asked, by its form, by
            the epsilon of ``a / b``, which is a / (b + 1e-6) in the paper's
            functions.
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
        self._values = np.array([row["values"] for row in rows], float)
        self._fixed = np.array([not row["parameters"] for row in rows])

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
        values = _at(QUANTILES, expression)
        if same := self._same(expression, values):
            gap, place = min(same)
            return place, {
                "note": "The same but for rounding or epsilon: under normal "
                f"inputs the two differ by {gap:.1g} at most."
            }
        nearest = self._rows[self._nearest(values)]["function"]
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

    def _same(
        self, expression: Expression, values: np.ndarray
    ) -> list[tuple[float, int]]:
        """Returns who has the same values: the largest difference, the place.

        None of an expression with parameters: its values at their first ones
        say nothing of others. None either where a value is not finite.
        """
        if parameters(expression) or not np.isfinite(values).all():
            return []
        # Of small functions the difference must be as much smaller.
        within = {"rtol": _SAME, "atol": _SAME * min(1, np.abs(values).max())}
        near = np.isclose(self._values, values, **within).all(axis=1)
        wide = _at(_WIDE, expression)
        found = []
        for place in map(int, np.flatnonzero(near & self._fixed)):
            other = parse(self._rows[place]["form"])
            alike = np.isclose(
                _at(_WIDE, other), wide, **within, equal_nan=True
            )
            if alike.all():
                gap = np.abs(_at(QUANTILES, other) - values).max()
                found.append((float(gap), place))
        return found

    def _nearest(self, values: np.ndarray) -> int:
        gaps = (_compressed(self._values) - _compressed(values)) ** 2
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


def _at(points: np.ndarray, expression: Expression) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.broadcast_to(expression(points), points.shape)


def _compressed(values: np.ndarray) -> np.ndarray:
    """Returns values on a scale where large ones differ less; NaN is far."""
    small = np.sign(values) * np.log1p(np.abs(values))
    return np.nan_to_num(small, nan=1e3, posinf=1e3, neginf=-1e3)
