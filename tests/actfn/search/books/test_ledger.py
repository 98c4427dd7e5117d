"""The books of a search: twins, repeats, resumption, files."""

import errno
import json
import math

import pytest

import actfn
from actfn import search
from actfn.search.books.journal import Journal
from actfn.search.books.ledger import SNAPSHOT_EVERY, Ledger
from actfn.search.files import write_atomically


class Listed:
    """A policy that proposes a given list of functions."""

    seed = 0
    space = actfn.SearchSpace(core_units=1)

    def __init__(self, *texts):
        self.texts = texts
        self.next_id = 0
        self.heard = []

    def propose(self, n=1):
        proposals = [
            search.Proposal(number, actfn.parse(self.texts[number]))
            for number in range(self.next_id, len(self.texts))[:n]
        ]
        self.next_id += len(proposals)
        return proposals

    def update(self, results):
        self.heard += results

    def tell(self, expression, reward):
        raise NotImplementedError

    def statistics(self):
        return {"results": len(self.heard), "updates": 0}

    def get_state(self):
        return {"next_id": self.next_id, "heard": [list(h) for h in self.heard]}

    def set_state(self, state):
        self.next_id = state["next_id"]
        self.heard = [tuple(h) for h in state["heard"]]


def test_an_identity_may_have_tuples(tmp_path):
    """As a policy's settings may, which its journal knows as lists."""
    for sizes in ((1, 2), [1, 2]):
        ledger = Ledger(Listed("x", "sin(x)"), seed=0)
        ledger.open(tmp_path, {"sizes": sizes})
    with pytest.raises(ValueError, match="must hold the search"):
        Ledger(Listed("x"), seed=0).open(tmp_path, {"sizes": (1, 3)})


def rows(ledger):
    return [(r.trial, r.status, r.reward, r.order) for r in ledger.results]


def test_known_function_is_answered_at_once():
    policy = Listed("x + sin(x)", "sin(x) + x", "x * sin(x)")
    ledger = Ledger(policy, seed=0)
    first = ledger.ask()
    ledger.finish(first.trial, 0.5, "completed", 2.0)
    second = ledger.ask()
    assert second.expression == "x * sin(x)"
    assert policy.heard == [(0, 0.5), (1, 0.5)]
    assert rows(ledger) == [
        ("00000", "completed", 0.5, 0),
        ("00001", "cached", 0.5, 1),
    ]
    assert [r.seconds for r in ledger.results] == [2.0, 0.0]


def test_twin_of_a_running_function_waits_for_it():
    policy = Listed("x + sin(x)", "sin(x) + x", "x + x", "sin(x) + x")
    ledger = Ledger(policy, seed=0)
    first, third = ledger.ask(), ledger.ask()
    assert (first.trial, third.trial) == ("00000", "00002")
    assert ledger.ask() is None  # the last twin waits too
    ledger.finish(third.trial, 0.25, "completed", 1.0)
    assert policy.heard == [(2, 0.25)]
    ledger.finish(first.trial, 0.75, "diverged", 1.0)
    assert policy.heard[1:] == [(0, 0.75), (1, 0.75), (3, 0.75)]
    assert [r.status for r in ledger.results[1:]] == [
        "diverged",
        "cached",
        "cached",
    ]
    assert not ledger.running


def test_cache_may_be_off():
    ledger = Ledger(Listed("x + x", "x + x"), seed=0, cache=False)
    first, second = ledger.ask(), ledger.ask()
    ledger.finish(second.trial, 0.5, "completed", 1.0)
    ledger.finish(first.trial, 0.25, "completed", 1.0)
    assert [r.reward for r in ledger.results] == [0.5, 0.25]


def test_repeats_in_a_row_are_bounded():
    policy = Listed(*["x + x"] * 50)
    ledger = Ledger(policy, seed=0, max_repeats=7)
    task = ledger.ask()
    assert ledger.ask() is None
    assert ledger.ask() is None
    assert policy.next_id == 8  # and no more, however often it is asked
    ledger.finish(task.trial, 0.5, "completed", 1.0)
    assert len(policy.heard) == 8
    assert ledger.ask() is None
    assert policy.next_id == 15
    assert ledger.ask() is None
    assert policy.next_id == 15


def test_children_have_seeds_of_their_own():
    texts = ["x + x", "x * x", "x - sin(x)"]
    seeds = [
        [ledger.ask().seed for _ in texts]
        for ledger in (Ledger(Listed(*texts), seed=s) for s in (0, 0, 1))
    ]
    assert seeds[0] == seeds[1]
    assert len({*seeds[0], *seeds[2]}) == 6
    assert all(0 <= seed < 2**31 for seed in seeds[0])


def test_bad_ends_are_refused():
    ledger = Ledger(Listed("x + x"), seed=0)
    task = ledger.ask()
    with pytest.raises(ValueError, match=r"`trial` must be one of.*'7'"):
        ledger.finish("7", 0.5, "completed", 1.0)
    with pytest.raises(ValueError, match="`reward` must be a finite"):
        ledger.finish(task.trial, math.inf, "completed", 1.0)
    assert list(ledger.running) == [task.trial]


def ppo():
    space = actfn.SearchSpace(unary=["identity", "sin", "tanh"])
    return search.PPOPolicy(space, seed=5, units=6, batch_size=4)


def drive(ledger, trainings):
    """Trains as many functions, by a made-up reward."""
    for _ in range(trainings):
        task = ledger.ask()
        reward = task.seed % 97 / 97
        ledger.finish(task.trial, reward, "completed", 1.0)


@pytest.mark.parametrize("trainings", [0, 1, 5, SNAPSHOT_EVERY])
def test_reopened_ledger_goes_on_as_the_uninterrupted_one(tmp_path, trainings):
    whole = Ledger(ppo(), seed=2)
    drive(whole, trainings + 8)

    broken = Ledger(ppo(), seed=2)
    broken.open(tmp_path, {"search": "a"})
    drive(broken, trainings)
    running = broken.ask()
    broken.journal.close()  # and nothing else is said to it: killed

    resumed = Ledger(ppo(), seed=2)
    resumed.open(tmp_path, {"search": "a"})
    assert resumed.results == broken.results
    assert list(resumed.running.values()) == [running]
    reward = running.seed % 97 / 97
    resumed.finish(running.trial, reward, "completed", 1.0)
    drive(resumed, 7)
    assert resumed.results == whole.results
    assert resumed.policy.get_state() == whole.policy.get_state()


def test_every_event_is_durable_and_the_policy_rarely_written(tmp_path):
    ledger = Ledger(ppo(), seed=2)
    ledger.open(tmp_path, {})
    before = (tmp_path / "policy.json").stat().st_mtime_ns
    drive(ledger, 3)
    assert (tmp_path / "policy.json").stat().st_mtime_ns == before
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines[:3]] == [
        "search",
        "propose",
        "finish",
    ]


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_journal_cut_short_loses_the_last_event_only(tmp_path, cut):
    ledger = Ledger(ppo(), seed=2)
    ledger.open(tmp_path, {})
    drive(ledger, 3)
    ledger.journal.close()
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    path.write_bytes(whole[: -min(cut, last)])

    resumed = Ledger(ppo(), seed=2)
    resumed.open(tmp_path, {})
    assert resumed.results == ledger.results[:-1]
    (task,) = resumed.running.values()
    resumed.finish(task.trial, task.seed % 97 / 97, "completed", 1.0)
    assert resumed.results == ledger.results
    resumed.journal.close()
    assert path.read_bytes() == whole


def test_results_are_reported_once_each(tmp_path):
    seen = []
    ledger = Ledger(ppo(), seed=2, on_result=seen.append)
    ledger.open(tmp_path, {})
    drive(ledger, 4)
    resumed = Ledger(ppo(), seed=2, on_result=seen.append)
    resumed.open(tmp_path, {})
    drive(resumed, 2)
    assert seen == resumed.results


def test_folder_of_another_search_is_refused(tmp_path):
    ledger = Ledger(ppo(), seed=2)
    ledger.open(tmp_path, {"space": "small"})
    drive(ledger, 1)
    before = (tmp_path / "journal.jsonl").read_bytes()
    with pytest.raises(ValueError, match=r"must hold the search.*Received"):
        Ledger(ppo(), seed=2).open(tmp_path, {"space": "large"})
    assert (tmp_path / "journal.jsonl").read_bytes() == before


def test_policy_that_does_not_follow_its_journal_is_refused(tmp_path):
    Ledger(ppo(), seed=2).open(tmp_path, {})
    event = {
        "event": "propose",
        "trial": "00000",
        "proposal": 0,
        "expression": "x - cos(x)",
        "canonical": "x - cos(x)",
        "seed": 1,
    }
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write(json.dumps(event) + "\n")
    with pytest.raises(ValueError, match=r"must propose .* again"):
        Ledger(ppo(), seed=2).open(tmp_path, {})


def test_state_moves_between_ledgers(tmp_path):
    ledger = Ledger(ppo(), seed=2)
    drive(ledger, 5)
    state = json.loads(json.dumps(ledger.get_state()))
    for copy in (Ledger(ppo(), seed=2), Ledger(ppo(), seed=2)):
        copy.set_state(state)
        assert copy.results == ledger.results
    copy.open(tmp_path, {})
    copy.set_state(state)
    drive(copy, 3)
    drive(ledger, 3)
    assert copy.results == ledger.results


class FullDisk:
    """A file that takes ten more bytes."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        if self.file.write(data[:10]) == 10:
            raise OSError(errno.ENOSPC, "No space left on device")

    def truncate(self, size):
        self.file.truncate(size)


def test_a_proposal_that_a_full_disk_did_not_take_is_not_lost(
    tmp_path, monkeypatch
):
    whole = Ledger(ppo(), seed=2)
    expected = [whole.ask().expression for _ in range(3)]
    ledger = Ledger(ppo(), seed=2)
    ledger.open(tmp_path, {})
    task = ledger.ask()

    def full(event):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ledger.journal, "append", full)
        for _ in range(2):
            with pytest.raises(OSError, match="No space"):
                ledger.ask()
    ledger.finish(task.trial, 0.5, "completed", 1.0)
    ledger.save()
    after = [ledger.ask().expression for _ in range(2)]
    assert [task.expression, *after] == expected
    resumed = Ledger(ppo(), seed=2)
    resumed.open(tmp_path, {})
    assert [each.expression for each in resumed.running.values()] == after


def test_full_disk_leaves_no_half_line(tmp_path):
    journal = Journal(tmp_path / "journal")
    journal.append({"number": 0})
    file, journal._file = journal._file, FullDisk(journal._file)
    with pytest.raises(OSError, match="No space left"):
        journal.append({"number": 1})
    journal._file = file
    journal.append({"number": 2})
    assert [event["number"] for event in journal] == [0, 2]
    assert [e["number"] for e in Journal(tmp_path / "journal")] == [0, 2]


def test_spoilt_line_is_named(tmp_path):
    (tmp_path / "journal").write_text('{"a": 1}\nrubbish\n{"a": 2}\n')
    with pytest.raises(ValueError, match=r"Line 2 of .*'rubbish"):
        list(Journal(tmp_path / "journal"))


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
