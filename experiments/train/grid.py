"""A grid of runs that several processes may share."""

import contextlib
import dataclasses
import fcntl
import itertools
import pathlib
import re
import zlib
from collections.abc import Iterator, Sequence

from actfn import catalog


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run of a grid."""

    activation: str
    learning_rate: float
    seed: int

    def folder(self, config: str) -> str:
        """Returns a name for the run's folder that no other cell has."""
        activation = self.activation
        if activation not in catalog.names():
            words = re.sub(r"\W+", "_", activation).strip("_")[:40]
            number = zlib.crc32(activation.encode())
            activation = f"{words}_{number:08x}"
        config = re.sub(r"[^\w.+=-]+", "_", config)
        return f"{config}-{activation}-{self.learning_rate:g}-{self.seed}"


def cells(
    activations: Sequence[str],
    learning_rates: Sequence[float],
    seeds: Sequence[int],
) -> list[Cell]:
    """Returns all combinations, one seed after the other.

    Activations of one seed thus have the same start and order of examples,
    and are there to be compared as early as possible.
    """
    combined = itertools.product(seeds, activations, learning_rates)
    return [Cell(activation, rate, seed) for seed, activation, rate in combined]


@contextlib.contextmanager
def lock(path: pathlib.Path, wait: bool = False) -> Iterator[bool]:
    """Holds a file's lock; yields whether it was got.

    The system takes the lock from a process that ends, however it ends, so
    that none is ever stale. Machines exclude one another if they share the
    folder on a file system with locks, as NFS 4 is.

    Args:
        path: The file; made, with its folder, if need be, and left there.
        wait: Whether to wait until another process gives the lock free.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
