"""What every executor does: jobs end once, errors and messages get home."""

import os
import signal
import threading
import time

import keras_tuner
import numpy as np
import pytest

from actfn.search import executors
from actfn.search.executors import processes


def drive(executor, function, payloads, on_message=None):
    """Runs a job for each payload; returns their ends by key."""
    jobs = iter(list(enumerate(payloads)))
    ended = []

    def next_job():
        found = next(jobs, None)
        return found and (f"job {found[0]}", found[1])

    executors.drive(executor, function, next_job, ended.append, on_message)
    assert len({end.key for end in ended}) == len(ended) == len(payloads)
    return {end.key: end for end in ended}


@pytest.fixture(scope="module", params=["here", "processes"])
def executor(request):
    workers = 1 if request.param == "here" else 2
    return executors.make(request.param, workers)


def test_a_closure_its_errors_and_its_messages(executor):
    factor = np.arange(3.0)

    def function(payload, ask):
        if payload == 2:
            raise LookupError("of two")
        return factor * ask(payload)

    heard = []

    def on_message(key, message):
        heard.append((key, message))
        return 10 * message

    ended = drive(executor, function, [0, 1, 2, 3], on_message)
    assert sorted(heard) == [("job 0", 0), ("job 1", 1), ("job 3", 3)]
    np.testing.assert_array_equal(ended["job 3"].value, [0, 30, 60])
    assert ended["job 2"].value is None
    assert ended["job 2"].kind == "LookupError"
    assert ended["job 2"].error.startswith("Traceback")
    assert "LookupError: of two" in ended["job 2"].error


def test_an_executor_can_be_started_again(executor):
    for number in range(2):
        ended = drive(executor, lambda x, ask, n=number: x + n, [1, 2])
        assert [end.value for end in ended.values()] == [1 + number, 2 + number]


def test_what_cannot_travel_is_refused_in_one_line():
    lock = threading.Lock()
    with pytest.raises(ValueError, match="must be picklable") as raised:
        drive(executors.make("processes", 2), lambda x, ask: lock, [1])
    assert len(str(raised.value).splitlines()) == 1


def test_the_data_travel_once_and_are_mapped(executor):
    if executor.workers == 1:
        return

    class Counted:
        def __init__(self):
            self.calls = 0

        def __call__(self, payload, ask):
            self.calls += 1
            with open("/proc/self/maps") as maps:
                mapped = "/data" in maps.read()
            self.array[0] += 1  # each process has its own copy when written
            time.sleep(0.2)
            return os.getpid(), self.calls, mapped, float(self.array[0])

    function = Counted()
    function.array = np.zeros(1 << 20)
    ended = drive(executor, function, range(6))
    values = [end.value for end in ended.values()]
    assert os.getpid() not in {pid for pid, *_ in values}
    for pid in {pid for pid, *_ in values}:
        calls = [count for p, count, *_ in values if p == pid]
        assert calls == list(range(1, len(calls) + 1))
    assert all(mapped and first == calls for _, calls, mapped, first in values)
    assert function.array[0] == 0


def test_each_process_has_one_thread(executor):
    names = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS")
    ended = drive(
        executor, lambda x, ask: [os.environ.get(name) for name in names], [0]
    )
    if executor.workers > 1:
        assert ended["job 0"].value == ["1", "1"]


def test_a_killed_process_loses_no_job_and_repeats_none(tmp_path):
    def function(payload, ask):
        if payload == 3 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        with (tmp_path / "done").open("a") as file:
            file.write(f"{payload}\n")
        return payload

    ended = drive(executors.make("processes", 2), function, range(8))
    assert [ended[f"job {n}"].value for n in range(8)] == list(range(8))
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_a_job_that_always_kills_its_process_ends_the_search(monkeypatch):
    monkeypatch.setattr(processes, "_DEATHS", 2)

    def function(payload, ask):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(keras_tuner.errors.FatalRuntimeError, match="killed"):
        drive(executors.make("processes", 1), function, [0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("threads",), "must be one of here, processes, ray"),
        (("here", 2), "must be 1"),
        (("processes", 0), "integer from 1"),
        (("processes", 2, "head:6379"), "needs executor='ray'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        executors.make(*arguments)


def test_the_default_follows_the_workers():
    assert type(executors.make()).__name__ == "Here"
    assert type(executors.make(workers=2)).__name__ == "Processes"
    executor = executors.make("here")
    assert executors.make(executor) is executor


def test_an_idle_process_that_was_killed_is_replaced(executor):
    (ended,) = drive(executor, lambda x, ask: os.getpid(), [0]).values()
    if ended.value != os.getpid():
        os.kill(ended.value, signal.SIGKILL)
        time.sleep(1)
    ended = drive(executor, lambda x, ask: x, range(4))
    assert sorted(end.value for end in ended.values()) == [0, 1, 2, 3]
