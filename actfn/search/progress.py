"""One bar for all phases of a search, with the time left for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from actfn.search.report.content import Phase

_SECONDS = 3.0
"""At least so long lies between two writings of the report."""
_SHARE = 20
"""A writing that takes long is followed by so many times its time without."""


class Progress:
    """Counts the children of all phases together.

    The time left is that of the children left, at the mean pace of those that
    were trained since the start, whichever phase they belong to.

    Args:
        children: How many there are in all.
        visible: Whether a bar is drawn.
    """

    def __init__(self, children: int, visible: bool = True):
        self._bar = tqdm(
            total=children,
            unit="child",
            dynamic_ncols=True,
            smoothing=0,
            disable=not visible,
            delay=0.1,
        )
        self._phases: dict[str, list[int]] = {}
        self._phase = ""
        self._best = -float("inf")
        self._trained, self._begin, self._next = 0, time.monotonic(), 0.0

    def __enter__(self) -> Progress:
        self._begin = time.monotonic()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()

    def enter(self, phase: str, children: int = 0) -> None:
        """Begins a phase of so many children."""
        self._phase = phase
        if children:
            self._phases[phase] = [0, children]
        self._bar.set_description(phase)

    def recall(self, children: int) -> None:
        """Counts children of this phase that an earlier run has trained."""
        self._phases[self._phase][0] += children
        self._bar.update(children)
        if not self._bar.disable:  # the time left is reckoned without them
            self._bar.initial += children

    def advance(self, trained: bool = True, result: Any = None) -> None:
        """Counts a child that has ended."""
        if result is not None and result.reward > self._best:
            self._best = result.reward
            text = f"best {result.reward:.4g} {result.expression}"
            self._bar.set_postfix_str(text, refresh=False)
        if trained:
            self._trained += 1
            self._phases[self._phase][0] += 1
            self._bar.update()

    def expect(self, phase: str, children: int) -> None:
        """Corrects how many children a phase has."""
        change = children - self._phases[phase][1]
        if change:
            self._phases[phase][1] = children
            self._bar.total += change
            self._bar.refresh()

    def phases(self) -> list[Phase]:
        """Returns how far each phase is, for the report."""
        passed = time.monotonic() - self._begin
        pace = passed / self._trained if self._trained else None
        return [
            Phase(
                name,
                done,
                total,
                None if pace is None else pace * (total - done),
            )
            for name, (done, total) in self._phases.items()
        ]

    def write(self, report: Callable[[], None], force: bool = False) -> None:
        """Has the report written unless that was done a moment ago."""
        begin = time.monotonic()
        if force or begin >= self._next:
            report()
            end = time.monotonic()
            self._next = end + max(_SECONDS, _SHARE * (end - begin))
