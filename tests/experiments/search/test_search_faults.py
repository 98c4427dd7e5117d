"""A search of several processes, some of which get killed."""

import os
import pathlib
import signal
import time

import pytest

from experiments.search import __main__ as search
from tests.searching import ROOT, TINY, rows, run, start, wait_for_rows

WORDS = [*TINY, "--no-control", "--finalists", "1", "--repeats", "1"]
WORDS += ["--task", "implicit", "--no-specials"]


def command(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()


def workers_of(process):
    path = f"/proc/{process.pid}/task/{process.pid}/children"
    children = map(int, pathlib.Path(path).read_text().split())
    return [pid for pid in children if b"popen_loky" in command(pid)]


def trained(folder):
    """Returns the trials that were trained; each must be there once."""
    results = rows(folder / "results.csv")
    assert len({row["trial"] for row in results}) == len(results)
    return [row for row in results if row["status"] != "cached"]


def is_alive(pid):
    status = pathlib.Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().split()[2] != "Z"


@pytest.mark.slow
def test_a_killed_worker_is_replaced(tmp_path):
    process = start(
        "--trials", 4, *WORDS, "--workers", 2, "--directory", tmp_path
    )
    wait_for_rows(tmp_path, 1, process)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert len(trained(tmp_path)) == 4


@pytest.mark.parametrize(
    "kill", [os.kill, pytest.param(os.killpg, marks=pytest.mark.slow)]
)
def test_all_killed_and_resumed(kill, tmp_path):
    words = ["--trials", 4, *WORDS, "--workers", 2, "--directory", tmp_path]
    process = start(*words, start_new_session=True)
    wait_for_rows(tmp_path, 1, process)
    workers = workers_of(process)
    kill(process.pid, signal.SIGKILL)  # the workers follow by themselves
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
import experiments.tasks.implicit


def build(self, setting, data, child):
    return undefined_name


experiments.tasks.implicit.Implicit.build = build
"""


@pytest.mark.parametrize(
    "workers", [1, pytest.param(2, marks=pytest.mark.slow)]
)
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


@pytest.mark.parametrize("name", ["TUNER_ID", "ORACLE_IP", "ORACLE_PORT"])
def test_a_chief_of_keras_tuner_is_shown_to_ray(
    name, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv(f"KERASTUNER_{name}", "chief")
    with pytest.raises(SystemExit) as ended:
        search.main(["--directory", str(tmp_path / "search")])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert "use --executor ray" in err and f"KERASTUNER_{name}=chief" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "search").exists()
