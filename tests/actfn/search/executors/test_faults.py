"""Searches of which a worker, the driver or all is killed, or the disk full."""

import errno
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

import actfn
from actfn.search import executors
from actfn.search.executors.trials import run_trials
from tests.actfn.search.executors import one_search
from tests.actfn.search.executors.test_trials import journal, oracle_in

TRIALS = [f"{number:05d}" for number in range(one_search.TRIALS)]


def start(folder, name):
    paths = str(pathlib.Path(actfn.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, one_search.__file__, str(folder), name],
        env=os.environ | {"PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(found):
    end = time.monotonic() + 120
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return value


def finished(folder):
    """Returns the rewards of the trials that ended; each did so once."""
    if not (folder / "project" / "journal.jsonl").exists():
        return {}
    text = (folder / "project" / "journal.jsonl").read_text()
    lines = [line for line in text.splitlines(True) if line.endswith("\n")]
    ends = [e for e in map(json.loads, lines) if e["event"] == "finish"]
    found = {event["trial"]: event["reward"] for event in ends}
    assert len(found) == len(ends)
    return found


def workers(folder):
    return {int(path.suffix[1:]) for path in folder.glob("0*.*")}


def is_alive(pid):
    status = pathlib.Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().split()[2] != "Z"


def results(process, folder):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    found = json.loads(out.splitlines()[-1])
    assert sorted(trial for trial, _ in found) == TRIALS
    assert dict(found) == finished(folder)
    return dict(found)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The rewards of a search that nobody disturbs."""
    folder = tmp_path_factory.mktemp("calm")
    return results(start(folder, "here"), folder)


@pytest.mark.slow
def test_a_worker_is_killed(tmp_path, expected):
    process = start(tmp_path, "processes")
    wait_until(lambda: len(finished(tmp_path)) >= 3)
    os.kill(max(workers(tmp_path)), signal.SIGKILL)
    assert results(process, tmp_path) == expected


def test_the_driver_is_killed_and_its_workers_follow(tmp_path, expected):
    process = start(tmp_path, "processes")
    wait_until(lambda: len(finished(tmp_path)) >= 3)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(is_alive, workers(tmp_path))))
    before = finished(tmp_path)
    assert 3 <= len(before) < len(TRIALS)
    after = results(start(tmp_path, "processes"), tmp_path)
    assert before.items() <= after.items()
    assert after == expected


@pytest.mark.slow
def test_all_is_killed(tmp_path, expected):
    process = start(tmp_path, "processes")
    wait_until(lambda: len(finished(tmp_path)) >= 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = finished(tmp_path)
    after = results(start(tmp_path, "here"), tmp_path)
    assert before.items() <= after.items()
    assert after == expected


class FullDisk:
    """A file that takes nothing more."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    def truncate(self, size):
        self.file.truncate(size)

    def close(self):
        self.file.close()


def test_a_full_disk_ends_the_search_and_loses_nothing(tmp_path):
    def run_trial(trial, report):
        return {"accuracy": 0.5}

    def fill_the_disk(result):
        if len(oracle.results) == 3:
            events = oracle._ledger.journal
            events._file = FullDisk(events._file)

    oracle = oracle_in(tmp_path, 6, on_result=fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        run_trials(oracle, run_trial, executors.make("here"))
    ended = {event["trial"] for event in journal(tmp_path)}
    assert len(ended) == 3
    again = oracle_in(tmp_path, 6)
    run_trials(again, run_trial, executors.make("here"))
    trials = [event["trial"] for event in journal(tmp_path)]
    assert sorted(trials) == TRIALS[:6] and ended < {*trials}
