"""A worker's line to its chief: short calls, a heartbeat, one clear error."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import keras_tuner
from keras_tuner.engine import trial as trial_module
from keras_tuner.src import protos
from keras_tuner.src.distribute import oracle_client

from actfn.search.distributed import ChiefError, address
from actfn.search.lease import HEARTBEAT, PATIENCE
from actfn.search.service import MESSAGE

FIRST_PATIENCE = 120.0
"""Seconds that a worker waits for the first answer: it may be there first."""
_DEADLINE = 10.0
_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5000),
)


class Line:
    """The methods of Keras Tuner's service, called until they answer.

    Args:
        address: The chief's ``host:port``.
        patience: Seconds to wait for an answer; `FIRST_PATIENCE` for the
            first one, if that is longer.

    Raises:
        ChiefError: By each method, if the chief is out of reach for too long
            or has ended the search with an error.
    """

    def __init__(self, address: str, patience: float = PATIENCE):
        self.address = address
        self._patience = patience
        self._heard: float | None = None
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._stub = protos.get_service_grpc().OracleStub(self._channel)

    def __getattr__(self, name: str) -> Callable:
        return functools.partial(self._call, getattr(self._stub, name))

    def close(self) -> None:
        """Hangs up."""
        self._channel.close()

    def _call(self, method: Callable, request, metadata=None, **_) -> Any:
        # What is ignored is the stock client's deadline, an hour.
        start = time.monotonic()
        while True:
            left = self._left(start)
            try:
                answer = method(
                    request,
                    metadata=metadata,
                    timeout=max(0.1, min(_DEADLINE, left)),
                    wait_for_ready=True,
                )
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.ABORTED:
                    raise ChiefError(error.details()) from None
                if error.code() not in _AGAIN:
                    raise ChiefError(
                        f"The chief at {self.address} failed: {error}"
                    ) from error
                if self._left(start) <= 0:
                    raise ChiefError(self._complaint()) from None
                time.sleep(0.1)
            else:
                self._heard = time.monotonic()
                return answer

    def _left(self, start: float) -> float:
        """Returns the seconds until patience ends; any answer renews it."""
        if self._heard is None:
            return (
                start + max(self._patience, FIRST_PATIENCE) - time.monotonic()
            )
        return max(start, self._heard) + self._patience - time.monotonic()

    def _complaint(self) -> str:
        if self._heard is None:
            return (
                f"No chief has answered at {self.address} for "
                f"{max(self._patience, FIRST_PATIENCE):.0f} seconds"
            )
        return (
            f"The chief at {self.address} has not answered for "
            f"{time.monotonic() - self._heard:.0f} seconds"
        )


class Client(oracle_client.OracleClient):
    """Keras Tuner's client of an oracle, which does not wait an hour.

    It tells the chief every `HEARTBEAT` seconds that it lives, by `GetTrial`
    of its trial. An error in a trial is sent along when the trial ends.

    Args:
        oracle: The worker's own, of which the objective is used.
        on_lost: Called with the reason, from another thread, when a heartbeat
            finds no chief or the search ended by an error.
        patience: See `Line`.
    """

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        on_lost: Callable[[Exception], None] = lambda error: None,
        patience: float = PATIENCE,
    ):
        super().__init__(oracle)
        self.stub = Line(address(), patience)
        self._on_lost = on_lost
        self._trial: trial_module.Trial | None = None
        self._has_ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Client:
        self._heart.start()
        return self

    def __exit__(self, *_) -> None:
        self._has_ended.set()
        self.stub.close()

    def create_trial(self, tuner_id: str) -> trial_module.Trial:
        """Returns the next trial; see `keras_tuner.Oracle`."""
        trial = super().create_trial(tuner_id)
        if trial.status == trial_module.TrialStatus.RUNNING:
            self._trial = trial
        return trial

    def update_trial(
        self, trial_id: str, metrics: dict[str, float], step: int = 0
    ) -> trial_module.Trial:
        """Sends metrics, and keeps them to be sent again with the end."""
        updated = super().update_trial(trial_id, metrics, step)
        if self._trial is not None and self._trial.trial_id == trial_id:
            mine = self._trial.metrics
            for name, value in metrics.items():
                if not mine.exists(name):
                    known = updated.metrics.metrics.get(name)
                    mine.register(name, known and known.direction)
                mine.metrics[name].update(float(value), step)
        return updated

    def end_trial(self, trial: trial_module.Trial) -> None:
        """Ends a trial; see `keras_tuner.Oracle`."""
        self._trial = None
        if self.should_report:
            text = (trial.message or "")[-4000:].encode()
            request = protos.get_service().EndTrialRequest(
                trial=trial.to_proto()
            )
            self.stub.EndTrial(request, metadata=[(MESSAGE, text)])

    def give_up(self, message: str) -> None:
        """Ends the trial at hand, if any, by an error that ends the worker."""
        trial, self._trial = self._trial, None
        if trial is not None:
            trial.status = trial_module.TrialStatus.INVALID
            trial.message = message
            with contextlib.suppress(ChiefError):
                self.end_trial(trial)

    def _beat(self) -> None:
        service = protos.get_service()
        while not self._has_ended.wait(HEARTBEAT):
            trial = self._trial
            try:
                if trial is None:
                    self.stub.GetSpace(service.GetSpaceRequest())
                else:
                    request = service.GetTrialRequest(trial_id=trial.trial_id)
                    self.stub.GetTrial(request)
            except (ChiefError, ValueError) as error:  # or it was closed
                if not self._has_ended.is_set():
                    self._on_lost(error)
                return
