"""Where children are trained: here, in processes, on a Ray cluster."""

from __future__ import annotations

from actfn.search.checks import check_count
from actfn.search.executors.base import Ended, Executor, drive
from actfn.search.executors.here import Here
from actfn.search.executors.processes import Processes

__all__ = ["Choice", "Ended", "Executor", "drive", "make"]

Choice = str | Executor | None
NAMES = ("here", "processes", "ray")


def make(
    executor: Choice = None,
    workers: int = 1,
    address: str | None = None,
    cpus: float = 1,
    gpus: float = 0,
) -> Executor:
    """Returns an executor.

    Args:
        executor: One of `NAMES`, or an `Executor`, which is returned; None
            for this process if there is one worker, and processes for more.
        workers: Calls at the same time.
        address: Of a Ray cluster; None for one on this machine.
        cpus: CPUs a call, for Ray.
        gpus: GPUs, or a fraction of one, a call, for Ray.

    Raises:
        ValueError: There is no such executor, or Ray is not installed or does
            not answer.
    """
    if isinstance(executor, Executor):
        return executor
    check_count("workers", workers)
    if executor is None:
        executor = "processes" if workers > 1 else "here"
    if executor == "here":
        if workers > 1:
            raise ValueError(
                '`workers` must be 1 where `executor` is "here". '
                f"Received: {workers}"
            )
        return Here()
    if executor == "processes":
        return Processes(workers)
    if executor == "ray":
        from actfn.search.executors.ray_cluster import RayCluster

        return RayCluster(workers, address, cpus, gpus)
    raise ValueError(
        f"`executor` must be one of {', '.join(NAMES)}, or an Executor. "
        f"Received: {executor!r}"
    )
