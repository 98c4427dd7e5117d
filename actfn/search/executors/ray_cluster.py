"""Runs jobs as tasks of Ray, on this machine or a cluster."""

from __future__ import annotations

import asyncio
import itertools
import math
import socket
from collections.abc import Callable
from typing import Any

import keras_tuner

from actfn.search.executors import shipping
from actfn.search.executors.base import Ended, Function, OnMessage

_RETRIES = 10
_SECONDS_TO_CONNECT = 5


class RayCluster:
    """Tasks of Ray; see `Executor`.

    Ray runs a task again whose worker or machine is lost, shares out CPUs and
    GPUs, and keeps the function and its data in memory once a machine. A
    connection that the program has already made (``ray.init``) is used, and
    left open.

    Args:
        workers: Tasks at a time; Ray queues those that find no room.
        address: ``host:port`` of the head, ``"auto"`` for the cluster of this
            machine; None starts Ray on this machine.
        cpus: That a task takes.
        gpus: Likewise; may be a fraction.

    Raises:
        ValueError: Ray is not installed, or `address` does not answer.
    """

    def __init__(
        self,
        workers: int,
        address: str | None = None,
        cpus: float = 1,
        gpus: float = 0,
    ):
        try:
            import ray
        except ImportError:
            raise ValueError(
                "executor='ray' needs Ray: pip install \"actfn[ray]\""
            ) from None
        self.workers = workers
        self._ray = ray
        self._environment = shipping.environment(max(1, math.ceil(cpus)))
        self._resources = {"num_cpus": cpus, "num_gpus": gpus}
        if not ray.is_initialized():
            _connect(ray, address)

    def start(
        self, function: Function, on_message: OnMessage | None = None
    ) -> None:
        """Puts the function into the object store."""
        ray = self._ray
        shipping.to_bytes(function, [])  # Ray's own message is a page long
        # In a list, or Ray would unpack the function for each task anew.
        self._function = [ray.put(function)]
        self._on_message = on_message
        self._running: dict[Any, str] = {}
        self._mailbox = self._letter = None
        if on_message is not None:
            self._open_mailbox()
        self._work = ray.remote(
            max_retries=_RETRIES,
            runtime_env={"env_vars": self._environment},
            **self._resources,
        )(_task())

    def submit(self, key: str, payload: Any) -> None:
        """Gives a task to Ray."""
        task = self._work.remote(self._function, self._mailbox, key, payload)
        self._running[task] = key

    def wait(self, timeout: float | None = None) -> Ended | None:
        """Returns the next job to end; answers messages until then."""
        while self._running:
            awaited = [*self._running]
            if self._letter is not None:
                awaited.append(self._letter)
            ready, _ = self._ray.wait(awaited, num_returns=1, timeout=timeout)
            if not ready:
                return None
            if ready[0] == self._letter:
                self._answer()
            else:
                return self._end(ready[0])
        return None

    def stop(self) -> None:
        """Cancels what runs; lets go of the function."""
        for task in self._running:
            self._ray.cancel(task, force=True)
        self._running = {}
        if self._mailbox is not None:
            self._ray.kill(self._mailbox)
        self._function = self._mailbox = self._letter = None

    def _end(self, task) -> Ended:
        key = self._running.pop(task)
        try:
            return Ended(key, *self._ray.get(task))
        except self._ray.exceptions.RayTaskError as error:
            return Ended.by_error(key, error)
        except self._ray.exceptions.RayError as error:
            raise keras_tuner.errors.FatalRuntimeError(
                f"Ray has lost the trial {key} {_RETRIES + 1} times: {error}"
            ) from error

    def _open_mailbox(self) -> None:
        from ray.util.scheduling_strategies import (
            NodeAffinitySchedulingStrategy,
        )

        here = self._ray.get_runtime_context().get_node_id()
        actor = self._ray.remote(
            num_cpus=0,
            max_concurrency=10_000,
            # Who falls silent with the driver's machine is not missed.
            scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=True),
        )(_Mailbox)
        self._mailbox = actor.remote()
        self._letter = self._mailbox.next.remote()

    def _answer(self) -> None:
        number, key, message = self._ray.get(self._letter)
        self._letter = self._mailbox.next.remote()
        self._mailbox.answer.remote(number, self._on_message(key, message))


def _connect(ray, address: str | None) -> None:
    """Connects to a cluster, or starts one on this machine."""
    place = address and address.removeprefix("ray://")
    try:
        if place and ":" in place:
            host, _, port = place.rpartition(":")
            pair = (host.strip("[]"), int(port))
            socket.create_connection(pair, _SECONDS_TO_CONNECT).close()
        ray.init(
            address=address or "local",
            log_to_driver=False,
            configure_logging=True,
            logging_level="error",
        )
    except (OSError, RuntimeError, ValueError) as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            "`address` must be that of a running Ray cluster, as `ray start "
            f"--head` prints it. Received: {address!r} ({first})"
        ) from error


class _Mailbox:
    """Takes messages of tasks to the driver, and the answers back."""

    def __init__(self):
        self._letters: asyncio.Queue = asyncio.Queue()
        self._answers: dict[int, asyncio.Future] = {}
        self._numbers = itertools.count()

    async def ask(self, key: str, message: Any) -> Any:
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._letters.put((number, key, message))
        return await answer

    async def next(self) -> tuple[int, str, Any]:
        return await self._letters.get()

    async def answer(self, number: int, value: Any) -> None:
        self._answers.pop(number).set_result(value)


def _task() -> Callable:
    """Returns what a worker of Ray does.

    It uses nothing of this module: thus it travels by value, and a worker
    imports no more than the function that it runs.
    """
    loaded: dict[Any, Any] = {}

    def work(function: list, mailbox, key: str, payload: Any) -> tuple:
        import traceback

        import ray

        def ask(message: Any) -> Any:
            if mailbox is None:
                raise RuntimeError(f"Nobody hears the messages of {key}")
            return ray.get(mailbox.ask.remote(key, message))

        reference = function[0]
        if reference not in loaded:
            loaded.clear()
            loaded[reference] = ray.get(reference)
        try:
            return loaded[reference](payload, ask), None, None
        except Exception as error:
            return None, traceback.format_exc(), type(error).__name__

    return work
