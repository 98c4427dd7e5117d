"""The search program as a user runs it: in a process of its own."""

import html
import math
import os
import re
import resource
import signal

import pytest

from experiments.search import __main__ as search
from tests.searching import (
    TINY,
    rows,
    run,
    start,
    wait_for_rows,
    without_seconds,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search") / "a"
    status, out, err = run("--trials", 3, *TINY, "--directory", folder)
    assert status == 0, err
    return folder, out


def test_it_writes_what_it_promises(finished):
    folder, out = finished
    results = rows(folder / "results.csv")
    columns = "trial expression canonical reward status seconds seed order "
    columns += "message"
    assert list(results[0]) == columns.split()
    trained = [row for row in results if row["status"] != "cached"]
    assert len(trained) == 3
    assert {r["status"] for r in results} <= {
        "completed", "diverged", "rejected", "cached", "failed",
    }  # fmt: skip
    assert all(0 <= float(row["reward"]) <= 1 for row in results)
    confirmed = rows(folder / "confirmed.csv")
    names = {row["expression"] for row in confirmed}
    assert {"relu", "swish_1", "swish"} <= names
    assert all(int(row["runs"]) == 2 for row in confirmed)
    relu = next(row for row in confirmed if row["expression"] == "relu")
    assert float(relu["gain"]) == 0
    assert len(rows(folder / "random.csv")) >= 3
    assert "Holm-corrected p" in out and "search.html" in out


def test_the_page_needs_no_other_file(finished):
    folder, _ = finished
    page = (folder / "search.html").read_text()
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert set(sources) == {"data:,", "#frame"}
    assert page.count("<figure") == 2
    for words in (
        "Kullback-Leibler",
        "Random choice: ",
        "Holm-corrected p",
    ):
        assert words in page
    for row in rows(folder / "confirmed.csv"):
        assert html.escape(row["expression"]) in page
    assert "{{" not in page and "data-running" not in page


@pytest.mark.slow
def test_stopped_killed_and_resumed_equals_uninterrupted(finished, tmp_path):
    reference, _ = finished
    folder = tmp_path / "b"
    words = ["--trials", 3, *TINY, "--directory", folder]
    process = start(*words)
    wait_for_rows(folder, 1, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in err and "Traceback" not in err
    process = start(*words, "--resume")
    wait_for_rows(folder, 2, process)
    finished_rows = without_seconds(folder / "results.csv")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    status, _, err = run(*words, "--resume")
    assert status == 0, err
    resumed = without_seconds(folder / "results.csv")
    assert resumed[: len(finished_rows)] == finished_rows
    for name in ("results.csv", "random.csv"):
        expected = without_seconds(reference / name)
        assert without_seconds(folder / name) == expected
    assert rows(folder / "confirmed.csv") == rows(reference / "confirmed.csv")


@pytest.mark.slow
def test_full_disk_and_resumed_equals_uninterrupted(finished, tmp_path):
    reference, _ = finished
    folder = tmp_path / "full"
    words = ["--trials", 3, *TINY, "--directory", folder]
    process = start(*words)
    wait_for_rows(folder, 1, process)
    journal = folder / "state" / "ppo" / "journal.jsonl"
    room = journal.stat().st_size + 10  # and no byte more from here on
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, room))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "journal.jsonl" in err.splitlines()[-1]
    assert "Traceback" not in err
    finished_rows = without_seconds(folder / "results.csv")
    status, _, err = run(*words, "--resume")
    assert status == 0, err
    resumed = without_seconds(folder / "results.csv")
    assert resumed[: len(finished_rows)] == finished_rows
    for name in ("results.csv", "random.csv"):
        expected = without_seconds(reference / name)
        assert without_seconds(folder / name) == expected


@pytest.mark.slow
def test_the_loss_of_two_children_with_halving(tmp_path):
    words = ["--trials", 3, *TINY, "--no-control", "--policy", "random"]
    more = ["--reward", "loss", "--children", 2, "--halving", "--steps", 4]
    status, _, err = run(*words, *more, "--directory", tmp_path / "d")
    assert status == 0, err
    rewards = [float(r["reward"]) for r in rows(tmp_path / "d" / "results.csv")]
    assert len(rewards) >= 3 and all(reward < 0 for reward in rewards)
    assert min(rewards) >= -2 * math.log(10) - 1e-6
    page = (tmp_path / "d" / "search.html").read_text()
    assert "which was told the validation loss" in page


@pytest.mark.slow
def test_a_small_space_is_searched_completely(tmp_path):
    words = "--unary identity sin --binary add mul --core-units 1"
    status, _, err = run(
        "--trials", 50, *TINY, "--policy", "exhaustive", *words.split(),
        "--no-control", "--finalists", 1, "--repeats", 1,
        "--directory", tmp_path / "e",
    )  # fmt: skip
    assert status == 0, err
    # Of eight strings two are twins: the order of a sum or product.
    assert [row["expression"] for row in rows(tmp_path / "e/results.csv")] == [
        "x + x", "x * x", "x + sin(x)", "x * sin(x)", "sin(x) + sin(x)",
        "sin(x) * sin(x)",
    ]  # fmt: skip
    page = (tmp_path / "e" / "search.html").read_text()
    assert "2 unary and 2 binary functions" in page


@pytest.mark.slow
def test_two_workers_train_every_trial_once(tmp_path):
    folder = tmp_path / "c"
    words = ["--trials", 4, *TINY, "--no-control", "--workers", 2]
    status, _, err = run(*words, "--directory", folder)
    assert status == 0, err
    results = rows(folder / "results.csv")
    assert len([r for r in results if r["status"] != "cached"]) == 4
    assert len({row["trial"] for row in results}) == len(results)
    assert len({row["seed"] for row in results}) == len(results)
    assert not (folder / "random.csv").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--trials", "0"], ["--trials", "positive", "0"]),
        (["--trials", "many"], ["--trials", "many"]),
        (["--steps", "-1"], ["--steps", "-1"]),
        (["--learning-rate", "0"], ["--learning-rate", "above 0"]),
        (["--policy", "nosuch"], ["--policy", "ppo", "nosuch"]),
        (["--core-units", "99"], ["core_units", "from 1 to 8", "99"]),
        (["--unary", "sinus"], ["unary", "sinc", "sinus"]),
        (["--binary", "add", "add"], ["binary", "twice"]),
        (
            ["--dataset", "nosuch"],
            ["nosuch", "fashion_mnist_subset", "cifar100"],
        ),
        (
            ["--dataset", "cifar10", "--data-dir", "/nonexistent"],
            ["cifar10", "/nonexistent"],
        ),
        (["--directory", "/proc/nosuch/search"], ["/proc/nosuch"]),
        (["--nosuch"], ["--nosuch"]),
    ],
)
def test_bad_input_is_one_line_and_status_2(words, expected, tmp_path, capsys):
    folder = [] if "--directory" in words else ["--directory", str(tmp_path)]
    err = refused([*words, *folder], capsys)
    for word in expected:
        assert word in err
    assert list(tmp_path.iterdir()) == []


def refused(words, capsys):
    """Runs the program in this process; returns its one line of complaint."""
    with pytest.raises(SystemExit) as ended:
        search.main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    return err


def test_bad_input_of_a_real_process(tmp_path):
    status, out, err = run("--dataset", "nosuch", "--directory", tmp_path)
    assert (status, out) == (2, "")
    assert len(err.strip().splitlines()) == 1, err


def snapshot(folder):
    return {
        path: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "--resume"),
        (["--resume", "--seed", "6"], "seed 5 there, 6 here"),
        (["--resume", "--steps", "9"], "steps 8 there, 9 here"),
        (["--resume", "--policy", "random"], "policy"),
    ],
)
def test_the_folder_of_another_search_is_refused(
    finished, words, expected, capsys
):
    folder, _ = finished
    before = snapshot(folder)
    words = ["--trials", 3, *TINY, "--directory", folder, *words]
    assert expected in refused(words, capsys)
    assert snapshot(folder) == before


def test_a_folder_with_other_things_is_refused(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("precious")
    assert "thesis.tex" in refused(["--directory", tmp_path], capsys)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_two_searches_cannot_share_a_folder(tmp_path, capsys):
    folder = tmp_path / "e"
    words = ["--trials", 3, *TINY, "--no-control", "--directory", folder]
    process = start(*words)
    try:
        wait_for_rows(folder, 0, process)
        assert "in use" in refused([*words, "--resume"], capsys)
    finally:
        process.kill()
        process.communicate()


def test_help_teaches(capsys):
    with pytest.raises(SystemExit) as ended:
        search.main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for flag in (
        "--trials", "--steps", "--core-units", "--policy", "--dataset",
        "--data-dir", "--workers", "--directory", "--seed", "--resume",
    ):  # fmt: skip
        assert flag in out
    assert "default: " in out
