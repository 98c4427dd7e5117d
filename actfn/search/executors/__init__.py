"""Executors: who runs the trials of a search, and where."""

from __future__ import annotations

from actfn.search.executors.base import Ended, Executor, drive

__all__ = ["NAMES", "Ended", "Executor", "drive", "make"]

NAMES = ("here", "processes", "ray")


def make(
    executor: str | Executor | None = None,
    workers: int = 1,
    address: str | None = None,
    cpus: float = 1,
    gpus: float = 0,
) -> Executor:
    """Returns an executor.

    Args:
        executor: ``"here"``, this process; ``"processes"`` of one thread on
            this machine; ``"ray"``, tasks on a Ray cluster; an executor, which
            is returned; None for this process if there is one worker, and for
            processes if there are more.
        workers: How many trials run at a time.
        address: Of a Ray cluster, ``host:port`` or ``"auto"``; by default Ray
            is started on this machine.
        cpus: What a trial takes of a machine on Ray.
        gpus: Likewise; may be a fraction.

    Raises:
        ValueError: There is no such executor, an argument does not fit it, Ray
            is not installed or its cluster is out of reach.
    """
    if executor is not None and not isinstance(executor, str):
        return executor
    if not isinstance(workers, int) or workers < 1:
        raise ValueError(
            f"`workers` must be an integer from 1. Received: {workers!r}"
        )
    name = executor or ("here" if workers == 1 else "processes")
    if name not in NAMES:
        raise ValueError(
            f"`executor` must be one of {', '.join(NAMES)}. "
            f"Received: {executor!r}"
        )
    if name == "ray":
        from actfn.search.executors.ray_cluster import RayCluster

        return RayCluster(workers, address, cpus, gpus)
    if address is not None:
        raise ValueError(
            "`address` is of a Ray cluster: it needs executor='ray'. "
            f"Received: {address!r} for {name!r}"
        )
    if name == "processes":
        from actfn.search.executors.processes import Processes

        return Processes(workers)
    if workers > 1:
        raise ValueError(
            "`workers` of executor 'here' must be 1: it is this process. "
            f"Received: {workers}"
        )
    from actfn.search.executors.here import Here

    return Here()
