"""A search of several processes, some of which get killed."""

import os
import pathlib
import signal
import socket
import time

import pytest

from experiments.search import __main__ as search
from tests.searching import ROOT, TINY, rows, run, start, wait_for_rows

WORDS = [*TINY, "--no-control", "--finalists", "1", "--repeats", "1"]


def workers_of(process):
    path = f"/proc/{process.pid}/task/{process.pid}/children"
    return [int(pid) for pid in pathlib.Path(path).read_text().split()]


def trained(folder):
    """Returns the trials that were trained; each must be there once."""
    results = rows(folder / "results.csv")
    assert len({row["trial"] for row in results}) == len(results)
    return [row for row in results if row["status"] != "cached"]


def is_alive(pid):
    status = pathlib.Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().split()[2] != "Z"


def test_a_killed_worker_is_replaced(tmp_path):
    process = start(
        "--trials", 4, *WORDS, "--workers", 2, "--directory", tmp_path
    )
    wait_for_rows(tmp_path, 1, process)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert len(trained(tmp_path)) == 4


def test_all_killed_and_resumed(tmp_path):
    words = ["--trials", 4, *WORDS, "--workers", 2, "--directory", tmp_path]
    process = start(*words)
    wait_for_rows(tmp_path, 1, process)
    workers = workers_of(process)
    os.kill(process.pid, signal.SIGKILL)  # the workers follow by themselves
    process.communicate()
    before = rows(tmp_path / "results.csv")
    end = time.monotonic() + 60
    while any(map(is_alive, workers)):
        assert time.monotonic() < end
        time.sleep(0.1)
    status, _, err = run(*words, "--resume")
    assert status == 0, err
    after = trained(tmp_path)
    assert len(after) == 4
    assert all(row in rows(tmp_path / "results.csv") for row in before)


BUG = """
import experiments.tasks.image.child


def build(self, activation):
    return undefined_name


experiments.tasks.image.child.ChildTrainer.build = build
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_ends_the_search_at_once_with_its_text(tmp_path, workers):
    (tmp_path / "sitecustomize.py").write_text(BUG)
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    folder = tmp_path / "search"
    status, _, err = run(
        *["--trials", 4, *WORDS, "--workers", workers, "--directory", folder],
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert status == 1
    assert "name 'undefined_name' is not defined" in err
    assert trained(folder) == []


@pytest.fixture
def take_part(tmp_path):
    """Starts a process of one search; all are killed at last."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    processes = []

    def take_part(name, *words):
        variables = {
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_PORT": str(port),
        }
        words = [*WORDS, "--directory", tmp_path, *words]
        processes.append(start(*words, env=os.environ | variables))
        return processes[-1]

    take_part.port = port
    yield take_part
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_chief_and_workers_by_the_environment(take_part, tmp_path):
    chief = take_part("chief", "--trials", 6)
    first = take_part("first")
    wait_for_rows(tmp_path, 1, chief)
    alien = take_part("alien", "--steps", 9)
    _, err = alien.communicate(timeout=600)
    assert alien.returncode == 1
    assert "same flags for the child" in err.splitlines()[-1]
    second = take_part("second")
    first.kill()
    out, err = chief.communicate(timeout=600)
    assert chief.returncode == 0, err
    assert f"listens on 127.0.0.1:{take_part.port}" in err
    assert "against ReLU" in out
    assert second.wait(timeout=60) == 0
    assert len(trained(tmp_path)) == 6


@pytest.mark.slow
def test_a_killed_chief_is_missed_and_started_again(take_part, tmp_path):
    chief = take_part("chief", "--trials", 4)
    worker = take_part("worker")
    wait_for_rows(tmp_path, 1, chief)
    chief.kill()
    chief.communicate()
    before = rows(tmp_path / "results.csv")
    _, err = worker.communicate(timeout=120)
    assert worker.returncode == 1
    message = f"The chief at 127.0.0.1:{take_part.port} has not answered for"
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err
    chief = take_part("chief", "--trials", 4, "--resume")
    take_part("another")
    _, err = chief.communicate(timeout=600)
    assert chief.returncode == 0, err
    assert len(trained(tmp_path)) == 4
    assert rows(tmp_path / "results.csv")[: len(before)] == before


def test_a_chief_that_cannot_listen_says_so(tmp_path, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
        monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("KERASTUNER_ORACLE_PORT", port)
        with pytest.raises(SystemExit) as ended:
            search.main(["--directory", str(tmp_path)])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert f"Cannot listen on 127.0.0.1:{port}" in err
    assert len(err.strip().splitlines()) == 1
