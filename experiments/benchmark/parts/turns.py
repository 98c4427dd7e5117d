"""Times of programs that take turns."""

from __future__ import annotations

import collections
import random
from collections.abc import Callable, Mapping


def milliseconds(
    programs: Mapping[str, Callable],
    inputs: tuple,
    rounds: int,
    clock: Callable[[], float],
) -> dict[str, list[float]]:
    """Returns the time of each program in each round, after two to warm up.

    The order is another in each round: who comes after a heavy one pays for
    its memory.

    Args:
        programs: By name; each returns once all is computed.
        inputs: Of all of them.
        rounds: How many are timed.
        clock: In seconds.
    """
    times = collections.defaultdict(list)
    order, shuffle = list(programs), random.Random(0).shuffle
    for turn in range(rounds + 2):
        shuffle(order)
        for name in order:
            start = clock()
            found = programs[name](*inputs)
            if turn > 1:
                times[name].append(1000 * (clock() - start))
            del found
    return {name: times[name] for name in programs}
