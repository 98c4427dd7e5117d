"""Executors: who runs the trials of a search, and where."""

import math

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
    elif name != "ray" and (address is not None or (cpus, gpus) != (1, 0)):
        wrong = "`address`, `cpus` and `gpus` are of a Ray cluster, which "
        wrong += "needs executor='ray'"
    elif not all(_is_amount(each) for each in (cpus, gpus)):
        wrong = "`cpus` and `gpus` must be numbers from 0"
    if wrong:
        values = f"executor={executor!r}, {workers=}, {address=}, {cpus=}, "
        values += f"{gpus=}"
        raise ValueError(f"{wrong}. Received: {values}")
    if name == "ray":
        return RayCluster(workers, address, cpus, gpus)
    return Processes(workers) if name == "processes" else Here(workers)


def _is_amount(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < math.inf
