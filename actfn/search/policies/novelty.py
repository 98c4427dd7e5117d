"""What was proposed already is not worth another proposal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from actfn.expressions.expression import Expression

_Memory = TypeVar("_Memory")


class Proposed:
    """The functions that a policy has proposed or was told about.

    Told apart by their text, which is cheap: functions that are equal but
    written otherwise are left to the `Ledger`.
    """

    def __init__(self):
        self._texts: dict[str, None] = {}

    def add(self, expression: Expression) -> None:
        """Enters a function."""
        self._texts[str(expression)] = None

    def first_new(
        self, draws: Iterable[tuple[Expression, _Memory]]
    ) -> tuple[Expression, _Memory]:
        """Returns and enters the first draw that is new, else the last.

        Args:
            draws: At least one function, each with what belongs to it.
        """
        for expression, memory in draws:  # noqa: B007
            if str(expression) not in self._texts:
                break
        self.add(expression)
        return expression, memory

    def get_state(self) -> list[str]:
        """Returns the texts as JSON data."""
        return list(self._texts)

    def set_state(self, state: list[str]) -> None:
        """Goes on from what `get_state` returned."""
        self._texts = dict.fromkeys(state)
