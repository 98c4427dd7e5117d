"""Runs jobs as tasks of Ray, on this machine or a cluster."""

import asyncio
import contextlib
import math
import socket
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from actfn.search.executors import shipping
from actfn.search.executors.base import RETRIES, Executor


class RayCluster(Executor):
    """Tasks of Ray; see `Executor`, and `make` for the arguments.

    Ray runs a task again whose worker or machine is lost, shares out CPUs and
    GPUs, and keeps the function and its data in memory once a machine. A
    connection that the program has already made (``ray.init``) is used, and
    left open.
    """

    def __init__(self, workers: int, address: str | None, cpus, gpus):
        try:
            import ray
        except ImportError:
            raise ValueError(
                "executor='ray' needs Ray: pip install \"ray[default]\""
            ) from None
        super().__init__(workers)
        variables = shipping.environment(max(1, math.ceil(cpus)))
        self._options = {"num_cpus": cpus, "num_gpus": gpus}
        self._options |= {"runtime_env": {"env_vars": variables}}
        self._ray = ray
        if not ray.is_initialized():
            _connect(ray, address)

    @contextlib.contextmanager
    def open(self, function):
        """Puts the function into the object store, and listens for messages."""
        ray = self._ray
        shipping.to_bytes(function)  # Ray's own message is a page long
        task = ray.remote(max_retries=RETRIES, **self._options)(_task(ray))
        # In a list, or Ray would unpack the function for each task anew.
        function = [ray.put(function)]
        on = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        mailbox = ray.remote(
            num_cpus=0,
            max_concurrency=10_000,
            # Who falls silent with the driver's machine is not missed. Machines
            # that have just met may put it elsewhere, and be lost: it starts
            # anew, and who has no answer asks again.
            scheduling_strategy=on(ray.get_runtime_context().get_node_id(), 1),
            max_restarts=-1,
            max_task_retries=-1,
        )(_mailbox()).remote()

        def submit(key: str, payload: Any) -> Future:
            return task.remote(function, mailbox, key, payload).future()

        words = {"args": (mailbox,), "daemon": True}
        listener = threading.Thread(target=self._listen, **words)
        listener.start()
        try:
            yield submit
        finally:
            for future in self.running:
                ray.cancel(future.object_ref, force=True)
            mailbox.close.remote()
            listener.join(1)  # unless nobody answers any more
            ray.kill(mailbox)

    def _listen(self, mailbox: Any) -> None:
        answer: tuple = ()
        with contextlib.suppress(self._ray.exceptions.RayError):  # it is killed
            while letter := self._ray.get(mailbox.next.remote(*answer)):
                answer = letter[0], self.hear(*letter[1:])


def _connect(ray, address: str | None) -> None:
    """Connects to a cluster, or starts one on this machine."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    try:
        if host:  # Ray itself would try for minutes
            socket.create_connection((host.strip("[]"), int(port)), 5).close()
        place = address or "local"
        ray.init(place, log_to_driver=False, logging_level="error")
    except (OSError, RuntimeError, ValueError) as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            "`address` must be that of a running Ray cluster, as `ray start "
            f"--head` prints it. Received: {address!r} ({first})"
        ) from error


# What these return travels by value: no worker has to import this module.


def _mailbox() -> type:
    class Mailbox:
        """Takes messages of tasks to the driver, and the answers back."""

        def __init__(self):
            self._letters, self._answers = asyncio.Queue(), {}

        async def ask(self, *letter: Any) -> Any:
            name, answer = uuid.uuid4(), asyncio.Future()
            self._answers[name] = answer
            await self._letters.put((name, *letter))
            return await answer

        async def next(self, name: Any = None, value: Any = None) -> tuple:
            if name in self._answers:  # or it was lost with a mailbox
                self._answers.pop(name).set_result(value)
            return await self._letters.get()

        async def close(self) -> None:
            await self._letters.put(())

    return Mailbox


def _task(ray) -> Callable:
    loaded: dict = {}

    def task(function: list, mailbox, key: str, payload: Any) -> tuple:
        if function[0] not in loaded:
            loaded.clear()
            loaded[function[0]] = ray.get(function[0])
        return loaded[function[0]](
            payload, lambda message: ray.get(mailbox.ask.remote(key, message))
        )

    return task
