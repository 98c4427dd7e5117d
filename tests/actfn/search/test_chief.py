"""The chief over gRPC on loopback, with clients that the test controls."""

import contextlib
import threading
import time

import grpc
import keras_tuner
import pytest

import actfn
from actfn import search
from actfn.search import lease, worker
from actfn.search.chief import Chief

SPACE = actfn.SearchSpace(core_units=1)


def oracle_of(trials, **options):
    policy = search.RandomPolicy(SPACE, seed=0)
    options = {"max_trials": trials, "verbose": 0, **options}
    return search.PolicyOracle(policy, "val_accuracy", **options)


class Running:
    """A chief that serves an oracle in another thread."""

    def __init__(self, chief, oracle, name=""):
        self.chief, self.oracle, self.error = chief, oracle, None
        self._name = name
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self.chief.run(self.oracle, self._name)
        except Exception as error:
            self.error = error

    def join(self):
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error


@pytest.fixture
def chief():
    with Chief(lease=0.5) as chief:
        yield chief
        chief.service._workers.clear()  # they need not take their leave


@pytest.fixture
def client(chief, monkeypatch):
    """Makes clients, whose heart beats if asked to."""
    host, _, port = chief.address.rpartition(":")
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", host)
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", port)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker")
    monkeypatch.setattr(worker, "HEARTBEAT", 0.05)
    with contextlib.ExitStack() as stack:

        def make(beats=False, **options):
            client = worker.Client(oracle_of(1), **options)
            if not beats:
                client._has_ended.set()
            return stack.enter_context(client)

        yield make


def end(client, trial, score=0.5):
    client.update_trial(trial.trial_id, {"val_accuracy": score})
    trial.status = "COMPLETED"
    client.end_trial(trial)


def ask(client, name):
    """Asks until there is a trial, or the search is over."""
    while True:
        trial = client.create_trial(name)
        if trial.status != "IDLE":
            return trial


def find_nothing_left(client, running):
    """Has a worker ask in vain, which ends the run."""
    assert client.create_trial("last").status == "IDLE"
    running.join()


def rewards(oracle):
    return {r.trial: r.reward for r in oracle.results}


def test_a_trial_goes_on_to_the_next_worker_when_its_lease_ends(chief, client):
    running = Running(chief, oracle_of(2))
    a, b = client(), client()
    lost, other = ask(a, "a"), ask(b, "b")
    end(b, other)
    retried = ask(b, "b")
    assert retried.trial_id == lost.trial_id
    assert retried.hyperparameters.values == lost.hyperparameters.values
    end(b, retried, 0.75)
    find_nothing_left(b, running)
    assert rewards(running.oracle) == {"00000": 0.75, "00001": 0.5}


def test_a_heartbeat_keeps_the_trial(chief, client):
    running = Running(chief, oracle_of(1))
    a, b = client(beats=True), client()
    trial = ask(a, "a")
    for _ in range(2):  # each takes more than a lease
        assert b.create_trial("b").status == "IDLE"
    assert chief.service.oracle.ongoing_trials["a"].trial_id == trial.trial_id
    end(a, trial)
    find_nothing_left(a, running)


@pytest.mark.parametrize("late_is_first", [True, False])
def test_of_two_answers_the_first_counts(chief, client, late_is_first):
    running = Running(chief, oracle_of(2))
    a, b = client(), client()
    trial = ask(a, "a")
    time.sleep(0.6)
    same = ask(b, "b")
    assert same.trial_id == trial.trial_id
    answers = [(a, trial, 0.25), (b, same, 0.75)]
    if not late_is_first:
        answers.reverse()
    for client_, trial_, score in answers:
        # Both report before either ends: neither is averaged in.
        client_.update_trial(trial_.trial_id, {"val_accuracy": score})
    for client_, trial_, _ in answers:
        trial_.status = "COMPLETED"
        client_.end_trial(trial_)
    end(a, ask(a, "a"), 0.5)
    find_nothing_left(b, running)
    expected = 0.25 if late_is_first else 0.75
    assert rewards(running.oracle) == {"00000": expected, "00001": 0.5}


def test_a_worker_that_is_found_again_keeps_its_trial(chief, client):
    running = Running(chief, oracle_of(2))
    a, b = client(), client()
    trial = ask(a, "a")
    time.sleep(0.6)
    with chief.service._turns:  # as a worker does that asks now
        chief.service._take_from("a")
    assert chief.service.oracle._retry_queue == [trial.trial_id]
    a.get_trial(trial.trial_id)
    other = ask(b, "b")
    assert other.trial_id != trial.trial_id
    end(b, other, 0.75)
    end(a, trial, 0.25)
    find_nothing_left(a, running)
    assert rewards(running.oracle) == {"00000": 0.25, "00001": 0.75}


def test_a_late_answer_to_another_oracle_is_ignored(chief, client):
    first = Running(chief, oracle_of(1), "first-")
    a, b = client(), client()
    late = ask(a, "a")
    time.sleep(0.6)
    end(b, ask(b, "b"))
    find_nothing_left(b, first)
    second = Running(chief, oracle_of(1), "second-")
    trial = ask(b, "b")
    end(a, late, 0.125)
    end(b, trial, 0.75)
    find_nothing_left(b, second)
    assert rewards(second.oracle) == {"00000": 0.75}


def test_a_trial_that_kills_its_workers_fails(chief, client):
    running = Running(chief, oracle_of(2))
    a = client()
    for number in range(lease.ATTEMPTS):
        assert ask(a, f"victim{number}").trial_id == "00000"
        chief.service.lose(f"victim{number}")
    end(a, ask(a, "a"))
    find_nothing_left(a, running)
    failed, completed = running.oracle.results
    assert (failed.trial, failed.status) == ("00000", "failed")
    assert "workers died of it" in failed.message
    assert (completed.trial, completed.status) == ("00001", "completed")


def test_a_bug_ends_the_search_with_its_text(chief, client):
    running = Running(chief, oracle_of(5))
    a, b = client(), client()
    trial, other = ask(a, "a"), ask(b, "b")
    trial.status = "INVALID"
    trial.message = "NameError: name 'überall' is not defined"
    with pytest.raises(search.ChiefError, match="überall"):
        a.end_trial(trial)
    with pytest.raises(search.ChiefError, match="überall"):
        end(b, other)
    with pytest.raises(keras_tuner.errors.FatalError, match="überall"):
        running.join()
    assert running.oracle.results == []


def test_an_exception_of_the_oracle_is_that_of_the_run(chief, client):
    def fill(result):
        raise OSError(28, "No space left on device")

    running = Running(chief, oracle_of(5, on_result=fill))
    a = client()
    with pytest.raises(search.ChiefError, match="No space left"):
        end(a, ask(a, "a"))
    with pytest.raises(OSError, match="No space left"):
        running.join()


def test_stock_oracles_are_served_too(chief, client, tmp_path):
    space = keras_tuner.HyperParameters()
    space.Int("units", 1, 100)
    oracle = keras_tuner.oracles.RandomSearchOracle(
        "val_accuracy", max_trials=3, hyperparameters=space, seed=1
    )
    oracle._set_project_dir(tmp_path, "stock")
    oracle.verbose = 0
    running = Running(chief, oracle)
    a, b = client(), client()
    lost = ask(a, "a")
    for score in (0.1, 0.2, 0.3):
        end(b, ask(b, "b"), score)
    find_nothing_left(b, running)
    scores = {t.trial_id: t.score for t in oracle.trials.values()}
    assert len(scores) == 3
    assert sorted(scores.values()) == pytest.approx([0.1, 0.2, 0.3])
    assert scores[lost.trial_id] == pytest.approx(0.3)


def test_workers_are_told_of_the_end(chief, client):
    a = client()
    assert a.create_trial("a").status == "IDLE"
    closing = threading.Thread(target=chief.close)
    closing.start()
    assert ask(a, "a").status == "STOPPED"
    closing.join(timeout=20)
    assert not closing.is_alive()


def test_a_client_ends_soon_without_its_chief(chief, client, monkeypatch):
    a = client(patience=0.5)
    a.get_space()
    chief._server.stop(grace=None).wait()
    with pytest.raises(search.ChiefError, match=f"chief at {chief.address}"):
        a.create_trial("a")
    monkeypatch.setattr(worker, "FIRST_PATIENCE", 0.5)
    with pytest.raises(search.ChiefError, match="No chief has answered"):
        client(patience=0.5).create_trial("b")


def test_the_heart_tells_that_the_chief_is_gone(chief, client):
    reasons, told = [], threading.Event()
    a = client(
        beats=True,
        patience=0.5,
        on_lost=lambda reason: (reasons.append(reason), told.set()),
    )
    a.get_space()
    chief._server.stop(grace=None).wait()
    assert told.wait(timeout=20)
    assert "has not answered" in str(reasons[0])


def test_a_busy_chief_is_not_taken_for_dead(chief, client):
    running = Running(chief, oracle_of(1))
    reasons = []
    a = client(beats=True, patience=3, on_lost=reasons.append)
    trial = ask(a, "a")
    with chief.service._turns:  # a policy learns
        time.sleep(4)
    end(a, trial)
    find_nothing_left(a, running)
    assert reasons == []


def test_it_listens_where_it_is_told_and_nowhere_else(chief):
    assert chief.address.startswith("127.0.0.1:")
    port = chief.address.rpartition(":")[2]
    elsewhere = grpc.insecure_channel(f"127.0.0.2:{port}")
    with pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(elsewhere).result(timeout=1)
    with pytest.raises(OSError, match="Cannot listen"):
        Chief(chief.address)
