"""Chief and workers of a plain tuner, as processes that get killed."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

import actfn
from actfn.search import distributed
from tests.actfn.search import one_of_many
from tests.actfn.search.one_of_many import wait_for


@pytest.fixture
def start(tmp_path):
    """Starts a process of the search in `tmp_path`; all are killed at last."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    processes = []

    def start(name, *, before=(), **variables):
        environment = {
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(port),
            "PYTHONPATH": str(pathlib.Path(actfn.__file__).parents[1]),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        process = subprocess.Popen(
            [*before, sys.executable, one_of_many.__file__, str(tmp_path)],
            env=os.environ | environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ended(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def results(chief):
    """Returns rewards by trial; there must be each trial once."""
    status, out, err = ended(chief)
    assert status == 0, err
    found = json.loads(out.splitlines()[-1])
    expected = [f"{number:05d}" for number in range(one_of_many.TRIALS)]
    assert sorted(trial for trial, _ in found) == expected
    return dict(found)


def finished(folder):
    """Returns what the journal says of the trials that have ended."""
    journal = (folder / "project" / "journal.jsonl").read_text()
    events = map(json.loads, journal.splitlines())
    return {e["trial"]: e["reward"] for e in events if e["event"] == "finish"}


def test_killed_and_stopped_workers_stop_nobody(start, tmp_path):
    chief = start("chief")
    killed = start("killed", GATE="never")
    frozen = start("frozen", GATE="go")
    lost = wait_for(tmp_path / "killed.0*").suffix
    late = wait_for(tmp_path / "frozen.0*").suffix
    killed.kill()
    frozen.send_signal(signal.SIGSTOP)
    other = start("other")
    wait_for(tmp_path / f"other{late}")
    frozen.send_signal(signal.SIGCONT)
    (tmp_path / "go").touch()
    assert {lost[1:], late[1:]} < results(chief).keys()
    assert (tmp_path / f"other{lost}").exists()
    assert ended(other)[0] == 0
    assert ended(frozen)[0] == 0


def test_a_chief_killed_and_started_again(start, tmp_path):
    chief = start("chief")
    patient = start("patient", GATE="go")
    first = wait_for(tmp_path / "patient.0*").suffix[1:]
    hasty = start("hasty", PATIENCE="1", GATE="never", AT="00002")
    wait_for(tmp_path / "hasty.00002")
    before = finished(tmp_path)
    assert before
    chief.kill()
    status, _, err = ended(hasty)
    assert status == 1
    assert "ChiefError: The chief at 127.0.0.1:" in err
    assert "has not answered for" in err.splitlines()[-1]
    chief = start("chief")
    (tmp_path / "go").touch()
    after = results(chief)
    assert before.items() <= after.items()
    assert first in after
    assert ended(patient)[0] == 0
    assert finished(tmp_path) == after


def test_a_worker_in_the_background_of_a_script_ends_with_its_chief(
    start, tmp_path
):
    # A shell lets such a process ignore the signal of Ctrl-C.
    shell = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
    chief = start("chief")
    worker = start("worker", before=shell, PATIENCE="1", GATE="never")
    wait_for(tmp_path / "worker.0*")
    worker.send_signal(signal.SIGINT)
    chief.kill()
    status, _, err = ended(worker)
    assert status == 1
    assert "has not answered for" in err.splitlines()[-1]


def test_a_bug_in_a_worker_is_shown_by_the_chief(start, tmp_path):
    chief = start("chief")
    worker = start("worker", BUG="1")
    for process in (chief, worker):
        status, _, err = ended(process)
        assert status == 1
        assert "name 'undefined_name' is not defined" in err
    assert finished(tmp_path) == {}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"TUNER_ID": "chief"}, None),
        ({"TUNER_ID": "chief", "ORACLE_IP": "h", "ORACLE_PORT": "1"}, "chief"),
        ({"TUNER_ID": "a1", "ORACLE_IP": "h", "ORACLE_PORT": "1"}, "worker"),
    ],
)
def test_the_environment_tells_the_role(monkeypatch, variables, expected):
    for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT"):
        monkeypatch.delenv(f"KERASTUNER_{name}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(f"KERASTUNER_{name}", value)
    assert distributed.role() == expected


def test_half_an_environment_is_refused(monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.delenv("KERASTUNER_ORACLE_PORT", raising=False)
    with pytest.raises(ValueError, match="KERASTUNER_ORACLE_PORT"):
        distributed.role()
