"""One bar for all phases of a search, with the time left for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tqdm import tqdm

from actfn.search.report.content import Phase
from actfn.search.time_left import TimeLeft

_SECONDS = 3.0
"""At least so long lies between two writings of the report."""
_SHARE = 20
"""A writing that takes long is followed by so many times its time without."""


class _Bar(tqdm):
    """A bar that shows the time left of `Progress`, not tqdm's own."""

    left = ""

    @property
    def format_dict(self) -> dict[str, Any]:
        """What the format of the bar may name."""
        return super().format_dict | {"left": self.left or "?"}


class Progress:
    """Counts the children of all phases together.

    The time left is that of the children left in each phase; see `TimeLeft`.

    Args:
        phases: How many children each has, by name.
        time_left: Knows these phases.
        visible: Whether a bar is drawn.
    """

    def __init__(
        self, phases: Mapping[str, int], time_left: TimeLeft,
        visible: bool = True,
    ):  # fmt: skip
        self._left = time_left
        self._bar = _Bar(
            total=sum(phases.values()),
            unit="child",
            dynamic_ncols=True,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} "
            "[{elapsed}, {left} left{postfix}]",
            disable=not visible,
            delay=0.1,
        )
        # By phase, how many children have ended and how many there are.
        self._counts = {name: [0, count] for name, count in phases.items()}
        self._entered: list[str] = []
        self._best = -float("inf")
        self._next = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()

    def enter(self, phase: str) -> None:
        """Begins a phase."""
        self._entered.append(phase)
        self._left.begin()
        self._bar.set_description_str(phase)

    def recall(self, children: int, results: Iterable[Any] = ()) -> None:
        """Counts children of this phase that an earlier run has trained.

        Args:
            children: How many.
            results: Their results, if they have a reward.
        """
        for result in results:
            self._note(result)
        self._counts[self._entered[-1]][0] += children
        self._bar.update(children)
        self._left.begin()

    def advance(self, trained: bool = True, result: Any = None) -> None:
        """Counts a child that has ended."""
        if result is not None:
            self._note(result)
        if trained:
            phase = self._entered[-1]
            self._counts[phase][0] += 1
            if result is None:
                self._left.end(phase)
            else:
                full = result.status == "completed"
                self._left.end(phase, result.seconds, full)
            self._tell()
            self._bar.update()

    def _note(self, result: Any) -> None:
        """Shows the best result so far."""
        if result.reward > self._best:
            self._best = result.reward
            text = f"best {result.reward:.4g} {result.expression}"
            self._bar.set_postfix_str(text, refresh=False)

    def expect(self, phase: str, children: int) -> None:
        """Corrects how many children a phase has."""
        change = children - self._counts[phase][1]
        if change:
            self._counts[phase][1] = children
            self._bar.total += change
            self._tell()
            self._bar.refresh()

    def seconds_left(self) -> float | None:
        """Returns the time left for all phases; None if there is no telling."""
        each = [
            self._left.of(name, total - done)
            for name, (done, total) in self._counts.items()
            if total > done
        ]
        return None if None in each else sum(each)

    def _tell(self) -> None:
        seconds = self.seconds_left()
        if seconds is not None:
            self._bar.left = tqdm.format_interval(seconds)

    def phases(self) -> list[Phase]:
        """Returns how far each phase is that was entered, for the report."""
        return [
            Phase(name, done, total, self._left.of(name, total - done))
            for name in self._entered
            if name in self._counts
            for done, total in [self._counts[name]]
        ]

    def write(self, report: Callable[[], None], force: bool = False) -> None:
        """Has the report written unless that was done a moment ago."""
        begin = time.monotonic()
        if force or begin >= self._next:
            report()
            end = time.monotonic()
            self._next = end + max(_SECONDS, _SHARE * (end - begin))
