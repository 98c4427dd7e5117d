"""Keras Tuner's service of an oracle, made to outlive its workers.

It speaks the protocol of Keras Tuner and works with any oracle. What it adds:
a trial has a lease that each `GetTrial` renews; one whose worker is gone goes
to the next worker that asks; of two answers the first counts; an exception of
the oracle ends the search; idle workers wait here instead of asking again and
again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import grpc
import keras_tuner
from keras_tuner.engine import trial as trial_module
from keras_tuner.src import protos
from keras_tuner.src.distribute import oracle_chief

from actfn.search.lease import ATTEMPTS, Leases

Status = trial_module.TrialStatus
MESSAGE = "message-bin"
"""The gRPC metadata of `EndTrial` with the error's text, not in the message."""
_IDLE_SECONDS = 1.0


class Service(oracle_chief.OracleServicer):
    """Answers the workers for one oracle after the other.

    Args:
        lease: Seconds without a sign of life after which a trial goes to
            another worker.

    Attributes:
        oracle: The oracle that is being served, or None.
        ended: How many trials have ended.
    """

    def __init__(self, lease: float):
        super().__init__(oracle=None)
        self.ended = 0
        self._leases = Leases(lease)
        self._turns = threading.Condition()  # all but heartbeats take turns
        self._name = ""
        self._error: Exception | None = None
        self._is_closing = False
        self._workers: set[str] = set()  # who will ask again

    def begin(self, oracle: keras_tuner.Oracle | None, name: str = "") -> None:
        """Serves another oracle from now on; see `Chief.run`."""
        if hasattr(oracle, "idle_seconds"):
            oracle.idle_seconds = 0.0  # who is idle waits here
        with self._turns:
            self.oracle, self._name = oracle, name
            self._turns.notify_all()

    def is_done(self, timeout: float) -> bool:
        """Waits for the end of all trials; raises what has gone wrong."""
        with self._turns:
            self._turns.wait_for(
                lambda: self.oracle is None or self._error, timeout
            )
            if self._error is not None:
                raise self._error
            return self.oracle is None

    def lose(self, tuner_id: str) -> None:
        """Tells it that a worker is gone: its trial need not wait."""
        with self._turns:
            self._workers.discard(tuner_id)
            if self.oracle is not None:
                self._take_from(tuner_id)
            self._turns.notify_all()

    def dismiss(self, timeout: float) -> None:
        """Tells all workers that there is nothing left to do."""
        with self._turns:
            self._is_closing = True
            self._turns.notify_all()
            self._turns.wait_for(lambda: not self._workers, timeout)

    # The protocol -----------------------------------------------------------

    def CreateTrial(self, request, context):  # noqa: N802
        """Hands out a trial; waits a while if there is none just now."""
        end = time.monotonic() + _IDLE_SECONDS
        while True:
            with self._turn(context):
                trial = self._next_trial(request.tuner_id)
                left = end - time.monotonic()
                if trial.status != Status.IDLE or left <= 0:
                    proto = self._to_proto(trial)
                    break
                self._turns.wait(left)
        return protos.get_service().CreateTrialResponse(trial=proto)

    def UpdateTrial(self, request, context):  # noqa: N802
        """Takes metrics, unless the trial has ended already."""
        with self._turn(context):
            trial = self._open_trial(request.trial_id)
            if trial is None:
                trial = _empty(Status.STOPPED)
            else:
                trial = self.oracle.update_trial(
                    trial.trial_id, request.metrics, step=request.step
                )
            proto = self._to_proto(trial)
        return protos.get_service().UpdateTrialResponse(trial=proto)

    def EndTrial(self, request, context):  # noqa: N802
        """Ends a trial; what it carries of metrics goes before updates."""
        with self._turn(context):
            mine = self._open_trial(request.trial.trial_id)
            if mine is not None:
                answer = trial_module.Trial.from_proto(request.trial)
                answer.trial_id = mine.trial_id
                if answer.metrics.metrics:
                    mine.metrics = answer.metrics
                sent = dict(context.invocation_metadata())
                answer.message = sent.get(MESSAGE, b"").decode() or None
                self._end(answer)
        return protos.get_service().EndTrialResponse()

    def GetTrial(self, request, context):  # noqa: N802
        """Returns a trial and renews its lease: the sign of life."""
        oracle, name = self.oracle, self._unnamed(request.trial_id)
        trial = oracle and oracle.trials.get(name)
        if trial and trial.status == Status.RUNNING:
            self._leases.renew(name)
        with self._short_turn(context) as is_free:
            if trial and is_free:
                self._adopt(name)
                proto = self._to_proto(trial)
            else:
                proto = _empty(Status.RUNNING).to_proto()
        return protos.get_service().GetTrialResponse(trial=proto)

    def GetSpace(self, request, context):  # noqa: N802
        """Returns the hyperparameters: a sign of life of the chief."""
        space = keras_tuner.HyperParameters()
        with self._short_turn(context) as is_free:
            if self.oracle is not None and is_free:
                space = self.oracle.get_space()
        response = protos.get_service().GetSpaceResponse
        return response(hyperparameters=space.to_proto())

    # In turn ----------------------------------------------------------------

    @contextlib.contextmanager
    def _turn(self, context) -> Iterator[None]:
        """One call at a time; an exception ends the search."""
        with self._turns:
            self._refuse_after_error(context)
            try:
                yield
            except Exception as error:
                self._error = error
                self._turns.notify_all()
                self._refuse_after_error(context)

    @contextlib.contextmanager
    def _short_turn(self, context) -> Iterator[bool]:
        """Does not wait for long; yields whether it is this call's turn.

        While a policy learns for a minute the workers must not believe that
        the chief is dead, nor the chief that they are.
        """
        is_free = self._turns.acquire(timeout=1.0)
        try:
            self._refuse_after_error(context)
            yield is_free
        finally:
            if is_free:
                self._turns.release()

    def _refuse_after_error(self, context) -> None:
        # The oracle may be in any state then: it is not asked again.
        if self._error is not None:
            text = str(self._error)[-2000:]
            context.abort(grpc.StatusCode.ABORTED, text)

    def _next_trial(self, tuner_id: str) -> trial_module.Trial:
        self._workers.add(tuner_id)
        if self.oracle is None:
            if not self._is_closing:
                return _empty(Status.IDLE)
            self._workers.discard(tuner_id)
            self._turns.notify_all()
            return _empty(Status.STOPPED)
        ongoing = self.oracle.ongoing_trials
        for other, trial in list(ongoing.items()):
            if self._leases.has_lapsed(trial.trial_id) and other != tuner_id:
                self._take_from(other)
        trial = self.oracle.create_trial(tuner_id)
        if trial.status == Status.RUNNING:
            self._leases.renew(trial.trial_id)
        elif trial.status == Status.STOPPED:
            if not ongoing:
                self.oracle = None
                self._turns.notify_all()
            return _empty(Status.IDLE)  # there may be another oracle
        return trial

    def _take_from(self, tuner_id: str) -> None:
        """Queues the trial of a worker that is gone for the next one."""
        trial = self.oracle.ongoing_trials.get(tuner_id)
        if trial is None:
            return
        self.oracle.tuner_ids.discard(tuner_id)
        losses = self._leases.lose(trial.trial_id)
        if losses < ATTEMPTS:
            del self.oracle.ongoing_trials[tuner_id]
            self.oracle._retry_queue.append(trial.trial_id)
        else:
            trial.status = Status.FAILED
            trial.message = f"{losses} workers died of it"
            self._end(trial)

    def _adopt(self, trial_id: str) -> None:
        """Takes a trial from the queue whose worker has it after all.

        That worker was out of reach for a while, or this chief has been
        started while it worked.
        """
        if self.oracle and trial_id in self.oracle._retry_queue:
            self.oracle._retry_queue.remove(trial_id)
            trial = self.oracle.trials[trial_id]
            self.oracle.ongoing_trials[f"worker of {trial_id}"] = trial
            self._leases.renew(trial_id)

    def _open_trial(self, name: str) -> trial_module.Trial | None:
        """Returns the trial if an answer is awaited, whoever gives it."""
        trial_id = self._unnamed(name)
        if self.oracle is None or trial_id is None:
            return None
        self._adopt(trial_id)
        for trial in self.oracle.ongoing_trials.values():
            if trial.trial_id == trial_id:
                return trial
        return None

    def _end(self, trial: trial_module.Trial) -> None:
        self.oracle.end_trial(trial)
        self._leases.forget(trial.trial_id)
        self.ended += 1
        self._turns.notify_all()

    def _to_proto(self, trial: trial_module.Trial):
        proto = trial.to_proto()
        if proto.trial_id:
            proto.trial_id = self._name + proto.trial_id
        return proto

    def _unnamed(self, name: str) -> str | None:
        if name.startswith(self._name):
            return name.removeprefix(self._name)
        return None


def _empty(status: str) -> trial_module.Trial:
    return trial_module.Trial(keras_tuner.HyperParameters(), "", status)
