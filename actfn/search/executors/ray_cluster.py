"""Calls on a Ray cluster: many machines, or this one.

Ray retries the calls of workers and machines that are lost, keeps the
function with its data once a machine in its object store, and has a dashboard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cloudpickle
import keras_tuner

from actfn.search.executors.base import Ended, Function, call
from actfn.search.executors.processes import THREADS

_RETRIES = 10
_LOOK_SECONDS = 0.2
"""How often the driver looks whether a call asks something."""


class RayCluster:
    """Runs calls as tasks of Ray.

    Args:
        workers: Calls at the same time.
        address: Of a cluster, such as ``"auto"``, ``"10.0.0.1:6379"`` or
            ``"ray://host:10001"``; None for one on this machine. A connection
            that the program has made already is used as it is.
        cpus: CPUs a call.
        gpus: GPUs, or a fraction of one, a call.

    Raises:
        ValueError: Ray is not installed, or the cluster does not answer.
    """

    def __init__(
        self,
        workers: int,
        address: str | None = None,
        cpus: float = 1,
        gpus: float = 0,
    ):
        self.workers = workers
        self._ray = _connect(address)
        # A worker of one CPU computes in one thread, as a local process does.
        environment = {"env_vars": THREADS} if cpus <= 1 and not gpus else None
        self._task = self._ray.remote(
            num_cpus=cpus,
            num_gpus=gpus,
            max_retries=_RETRIES,
            runtime_env=environment,
        )(_work)
        self._running: dict[Any, str] = {}

    def start(
        self,
        function: Function,
        on_message: Callable[[str, Any], Any] | None = None,
    ) -> None:
        """See `Executor.start`; the function lies in Ray's object store."""
        self._function = self._ray.put(cloudpickle.dumps(function))
        self._on_message, self._mailbox = on_message, None
        if on_message is not None:
            actor = self._ray.remote(num_cpus=0, max_concurrency=1000)(_Mailbox)
            self._mailbox = actor.remote()

    def submit(self, key: str, payload: Any) -> None:
        """See `Executor.submit`."""
        packed = cloudpickle.dumps(payload)
        reference = self._task.remote(
            key, self._function, packed, self._mailbox
        )
        self._running[reference] = key

    def wait(self, timeout: float | None = None) -> Ended | None:
        """See `Executor.wait`."""
        waited = 0.0
        while self._running:
            self._answer()
            done, _ = self._ray.wait(list(self._running), timeout=_LOOK_SECONDS)
            if done:
                key = self._running.pop(done[0])
                return self._result(key, done[0])
            waited += _LOOK_SECONDS
            if timeout is not None and waited >= timeout:
                return None
        return None

    def stop(self) -> None:
        """See `Executor.stop`; the connection stays."""
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running.clear()
        if self._mailbox is not None:
            self._ray.kill(self._mailbox)
            self._mailbox = None

    def _result(self, key: str, reference) -> Ended:
        try:
            return cloudpickle.loads(self._ray.get(reference))
        except self._ray.exceptions.RayTaskError as error:
            return Ended(key, error=str(error), kind=type(error).__name__)
        except self._ray.exceptions.RayError as error:
            raise keras_tuner.errors.FatalRuntimeError(
                f"A call was lost {_RETRIES} times on the cluster: {error}"
            ) from error

    def _answer(self) -> None:
        if self._mailbox is None:
            return
        for number, key, message in self._ray.get(self._mailbox.take.remote()):
            answer = self._on_message(key, cloudpickle.loads(message))
            packed = cloudpickle.dumps(answer)
            self._ray.get(self._mailbox.answer.remote(number, packed))


class _Mailbox:
    """An actor that passes questions to the driver and answers back."""

    def __init__(self):
        import asyncio

        self._asyncio = asyncio
        self._questions: list[tuple[int, str, bytes]] = []
        self._answers: dict[int, Any] = {}
        self._number = 0

    async def ask(self, key: str, message: bytes) -> bytes:
        number, self._number = self._number, self._number + 1
        future = self._asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._questions.append((number, key, message))
        return await future

    async def take(self) -> list[tuple[int, str, bytes]]:
        taken, self._questions = self._questions, []
        return taken

    async def answer(self, number: int, value: bytes) -> None:
        self._answers.pop(number).set_result(value)


_loaded: dict[int, Function] = {}


def _work(key: str, function: bytes, payload: bytes, mailbox) -> bytes:
    """Runs one call, in a worker; the function is unpacked once."""
    digest = hash(function)
    if digest not in _loaded:
        _loaded.clear()
        _loaded[digest] = cloudpickle.loads(function)

    def ask(message: Any) -> Any:
        import ray

        packed = cloudpickle.dumps(message)
        return cloudpickle.loads(ray.get(mailbox.ask.remote(key, packed)))

    payload = cloudpickle.loads(payload)
    return cloudpickle.dumps(call(key, _loaded[digest], payload, ask))


def _connect(address: str | None):
    try:
        import ray
    except ImportError:
        raise ValueError(
            'The executor "ray" needs Ray: pip install "actfn[ray]".'
        ) from None
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False)
        except (ConnectionError, TimeoutError, ValueError, RuntimeError) as e:
            reason = (str(e).strip().splitlines() or [type(e).__name__])[0]
            raise ValueError(
                "`address` must be a Ray cluster that answers; start one with "
                f"`ray start --head`. Received: {address!r}, {reason}"
            ) from None
    return ray
