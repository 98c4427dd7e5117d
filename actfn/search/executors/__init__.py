"""Executors: who runs the trials of a search, and where."""

from actfn.search.executors.base import Executor
from actfn.search.executors.here import Here
from actfn.search.executors.processes import Processes
from actfn.search.executors.ray_cluster import RayCluster

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
        workers: How many trials run at a time; Ray queues what finds no room.
        address: Of a Ray cluster, ``host:port`` or ``"auto"``; by default Ray
            is started on this machine.
        cpus: What a trial takes of a machine on Ray.
        gpus: Likewise; may be a fraction.

    Raises:
        ValueError: There is no such executor, an argument does not fit it, Ray
            is not installed or its cluster is out of reach.
    """
    if isinstance(executor, Executor):
        return executor
    name, wrong = executor or ("here" if workers == 1 else "processes"), None
    if not isinstance(workers, int) or workers < 1:
        wrong = "`workers` must be an integer from 1"
    elif name not in NAMES:
        wrong = f"`executor` must be one of {', '.join(NAMES)}"
    elif name == "here" and workers > 1:
        wrong = "`workers` of executor 'here' must be 1: it is this process"
    elif name != "ray" and address is not None:
        wrong = "`address` is of a Ray cluster: it needs executor='ray'"
    if wrong:
        values = f"executor={executor!r}, {workers=}, {address=}"
        raise ValueError(f"{wrong}. Received: {values}")
    if name == "ray":
        return RayCluster(workers, address, cpus, gpus)
    return Processes(workers) if name == "processes" else Here(workers)
