"""A search on several machines, by Keras Tuner's environment variables."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import keras_tuner
from keras_tuner.src.distribute import utils

from actfn.search.lease import LEASE, PATIENCE


class ChiefError(keras_tuner.errors.FatalRuntimeError):
    """A worker cannot go on: for its chief's sake, not for its trial's.

    The chief does not answer, or has ended the search by an error, or wants
    other trials than this worker can make.
    """


def role() -> str | None:
    """Returns ``"chief"``, ``"worker"`` or, for a search of one process, None.

    As in Keras Tuner, ``KERASTUNER_ORACLE_IP`` and ``KERASTUNER_ORACLE_PORT``
    say where the chief is, and ``KERASTUNER_TUNER_ID`` who this process is.

    Raises:
        ValueError: Only some of the three variables are set.
    """
    try:
        if not utils.has_chief_oracle():
            return None
    except RuntimeError as error:
        raise ValueError(str(error)) from None
    return "chief" if utils.is_chief_oracle() else "worker"


def address() -> str:
    """Returns the chief's ``host:port`` from the environment."""
    host = os.environ["KERASTUNER_ORACLE_IP"]
    return f"{host}:{os.environ['KERASTUNER_ORACLE_PORT']}"


def run(
    tuner: keras_tuner.Tuner,
    *args: Any,
    lease: float = LEASE,
    patience: float = PATIENCE,
    on_lost: Callable[[Exception], None] | None = None,
    **kwargs: Any,
) -> None:
    """Does what ``tuner.search(*args, **kwargs)`` does, and survives faults.

    In a search of one process there is no difference. With a chief and
    workers: a trial whose worker is gone is retried by another one, the chief
    ends with the search, an error in a trial ends the search with its text
    (for `PolicyOracle`), and a worker ends soon after its chief is gone. Chief
    and workers must all call this function.

    The chief listens on the address ``KERASTUNER_ORACLE_IP`` alone. Its port
    asks for no password.

    Args:
        tuner: Any tuner, with any oracle.
        *args: For `search`.
        lease: Seconds without a sign of life after which the chief takes a
            worker for dead.
        patience: Seconds without an answer after which a worker takes the
            chief for dead.
        on_lost: Called in a worker with the reason, from another thread, when
            the chief is gone or has ended the search by an error. By default
            the main thread is interrupted, and `run` raises the reason.
        **kwargs: For `search`.

    Raises:
        ChiefError: In a worker: the chief is gone, or the search was ended by
            an error.
        OSError: The chief cannot listen.

    Example:
        >>> import keras_tuner
        >>> from actfn import SearchSpace, search
        >>> policy = search.RandomPolicy(SearchSpace(core_units=1), seed=0)
        >>> oracle = search.PolicyOracle(policy, max_trials=20)
        >>> def build(hp): ...
        >>> tuner = keras_tuner.Tuner(oracle, build)  # doctest: +SKIP
        >>> search.run(tuner, x, y)  # doctest: +SKIP
    """
    part = role()
    if part == "chief":
        _serve(tuner, lease, kwargs.get("verbose"))
    elif part == "worker":
        _work(tuner, patience, on_lost, args, kwargs)
    else:
        tuner.search(*args, **kwargs)


# gRPC is imported by those alone who need it, as in Keras Tuner.


def _serve(tuner, lease: float, verbose: int | None) -> None:
    from actfn.search.chief import Chief

    if verbose is not None:
        tuner.oracle.verbose = verbose
    tuner.save()
    with Chief(address(), lease) as chief:
        chief.run(tuner.oracle)


def _work(
    tuner,
    patience: float,
    on_lost: Callable | None,
    args: tuple,
    kwargs: dict,
) -> None:
    from actfn.search.worker import Client

    reasons: list[Exception] = []

    def interrupt(reason: Exception) -> None:
        reasons.append(reason)
        _thread.interrupt_main()

    stock = tuner.oracle
    with (
        _interruptible(reasons),
        Client(stock._oracle, on_lost or interrupt, patience) as client,
    ):
        client.multi_worker = stock.multi_worker
        client.should_report = stock.should_report
        tuner.oracle = client
        try:
            tuner.search(*args, **kwargs)
        except ChiefError:
            raise
        except keras_tuner.errors.FatalError:
            client.give_up(traceback.format_exc())
            raise
        except KeyboardInterrupt:
            if not reasons:
                raise
            raise reasons[0] from None
        finally:
            tuner.oracle = stock


@contextlib.contextmanager
def _interruptible(reasons: list[Exception]) -> Iterator[None]:
    """Lets `_thread.interrupt_main` through where SIGINT is ignored.

    A shell ignores it for what a script starts in the background, and then
    the interruption of the main thread does nothing. Ctrl-C is still ignored:
    only with a reason there is an interruption.
    """

    def handle(*_) -> None:
        if reasons:
            raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
