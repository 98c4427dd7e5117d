"""Keras Tuner's chief, which outlives its workers and ends with the search."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures

import grpc
import keras_tuner
from keras_tuner.src import protos

from actfn.search.lease import HEARTBEAT, LEASE
from actfn.search.service import Service

_THREADS = 512  # a worker has two calls at most: its own and its heartbeat
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # else two chiefs would share a port in silence
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5000),
)


class Chief:
    """A server of oracles, for workers on this machine or others.

    Args:
        address: Where to listen, ``host:port``; port 0 is any that is free.
            Whoever reaches the port can take part in the search.
        lease: Seconds without a sign of life after which a trial goes to
            another worker.

    Attributes:
        address: Where it listens.
        service: What it tells the workers.

    Raises:
        OSError: It cannot listen there.
    """

    def __init__(self, address: str = "127.0.0.1:0", lease: float = LEASE):
        self.service = Service(lease)
        pool = futures.ThreadPoolExecutor(_THREADS, "chief")
        self._server = grpc.server(pool, options=_OPTIONS)
        protos.get_service_grpc().add_OracleServicer_to_server(
            self.service, self._server
        )
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"Cannot listen on {address}: {error}") from error
        self.address = f"{address.rpartition(':')[0]}:{port}"
        self._server.start()

    def run(
        self,
        oracle: keras_tuner.Oracle,
        name: str = "",
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Serves an oracle until all its trials have ended.

        Args:
            oracle: Whose trials; its project folder is set.
            name: Tells its trials from those of other oracles; a late answer
                to one of those is ignored.
            watch: Called some times a second.

        Raises:
            Exception: What a method of the oracle or `watch` has raised. What
                a worker raised, `PolicyOracle` raises.
        """
        self.service.begin(oracle, name)
        try:
            while not self.service.is_done(timeout=0.2):
                watch()
        finally:
            self.service.begin(None)

    def close(self) -> None:
        """Tells the workers that there is nothing left to do, and ends."""
        self.service.dismiss(timeout=HEARTBEAT + 1)
        self._server.stop(grace=1).wait()

    def __enter__(self) -> Chief:
        return self

    def __exit__(self, *_) -> None:
        self.close()
