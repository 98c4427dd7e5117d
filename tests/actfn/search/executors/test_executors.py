"""What every executor does with a function and jobs, and how one is made."""

import os
import signal
import socket
import sys
import threading
import time

import keras_tuner
import numpy as np
import pytest

from actfn.search import executors
from actfn.search.executors import base

IN_WORKERS = pytest.mark.parametrize(
    "executor", ["processes", "ray"], indirect=True
)


def drive(executor, function, payloads):
    """Runs a job for each payload; returns their values in that order."""
    jobs, ended = iter([*enumerate(payloads)]), []
    executor.drive(
        function, lambda: next(jobs, None), lambda *end: ended.append(end)
    )
    assert [key for key, _ in sorted(ended)] == [*range(len(payloads))]
    return [value for _, value in sorted(ended)]


@IN_WORKERS
def test_what_cannot_travel_is_refused_in_one_line(executor):
    lock = threading.Lock()
    with pytest.raises(ValueError, match=r"^What .* must be picklable.*$"):
        drive(executor, lambda x, ask: lock, [1])


@IN_WORKERS
def test_data_travel_once_and_are_mapped_in_one_thread(executor):
    array, calls = np.zeros(1 << 20), []

    def function(payload, ask):
        calls.append(payload)
        with open("/proc/self/maps") as maps:
            text = maps.read()
        if array.flags.writeable:  # what is written is the process's own
            array[0] += 1
            assert array[0] == len(calls)
        time.sleep(0.2)
        mapped = "/actfn-" in text or "plasma" in text
        threads = os.environ["TF_NUM_INTRAOP_THREADS"]
        return os.getpid(), len(calls), mapped, threads

    ended = drive(executor, function, range(6))
    for pid in {end[0] for end in ended}:
        count = [end[1] for end in ended if end[0] == pid]
        assert sorted(count) == [*range(1, len(count) + 1)]
        assert pid != os.getpid()
    assert {end[2:] for end in ended} == {(True, "1")}
    os.kill(pid, signal.SIGKILL)  # an idle one, which is replaced
    time.sleep(1)
    assert drive(executor, lambda x, ask: x, range(4)) == [0, 1, 2, 3]


@pytest.mark.slow
def test_a_job_that_always_kills_its_process_ends_all(monkeypatch):
    monkeypatch.setattr(base, "RETRIES", 1)
    executor, kill = executors.make("processes", 1), signal.SIGKILL
    with pytest.raises(keras_tuner.errors.FatalRuntimeError, match="memory"):
        drive(executor, lambda x, ask: os.kill(os.getpid(), kill), [0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("threads",), "must be one of here, processes, ray"),
        (("here", 2), "must be 1"),
        (("processes", 0), "integer from 1"),
        (("processes", 2, "head:6379"), "needs executor='ray'"),
        (("ray",), r'pip install "ray\[default\]"$'),
    ],
)
def test_bad_arguments(arguments, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if not installed
    with pytest.raises(ValueError, match=message):
        executors.make(*arguments)


def test_the_default_follows_the_workers():
    executor = executors.make()
    assert type(executor) is executors.Here
    assert executors.make(executor) is executor
    assert type(executors.make(workers=2)) is executors.Processes


@pytest.mark.parametrize("executor", ["ray"], indirect=True)
def test_a_trial_takes_a_fraction_of_a_cpu(executor):
    import ray

    def function(payload, ask):
        return ray.get_runtime_context().get_assigned_resources()["CPU"]

    assert drive(executors.make("ray", 2, cpus=0.5), function, [0]) == [0.5]


def test_a_ray_cluster_out_of_reach_is_one_line():
    pytest.importorskip("ray").shutdown()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ValueError, match=r"^.* running Ray cluster.*$"):
        executors.make("ray", 2, f"127.0.0.1:{port}")
