"""Ray as an executor: its errors, messages, lost workers and lost nodes."""

import os
import signal
import socket
import sys
import threading
import time

import numpy as np
import pytest

from actfn import search
from actfn.search import executors
from actfn.search.executors.trials import run_trials
from tests.actfn.search.executors.test_executors import drive
from tests.actfn.search.executors.test_trials import journal, oracle_in

MEMORY = 80 * 1024**2


def test_without_ray_one_line_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r'pip install "actfn\[ray\]"$'):
        executors.make("ray")


@pytest.fixture(scope="module")
def ray():
    found = pytest.importorskip("ray")
    found.init(
        num_cpus=2, object_store_memory=MEMORY, include_dashboard=False,
        log_to_driver=False,
    )  # fmt: skip
    yield found
    found.shutdown()


def test_closures_errors_and_messages(ray):
    factor = np.arange(3.0)

    def function(payload, ask):
        if payload == 2:
            raise LookupError("of two")
        return factor * ask(payload)

    ended = drive(
        executors.make("ray", 2), function, [0, 1, 2, 3],
        lambda key, message: 10 * message,
    )  # fmt: skip
    np.testing.assert_array_equal(ended["job 3"].value, [0, 30, 60])
    assert ended["job 2"].kind == "LookupError"
    assert "LookupError: of two" in ended["job 2"].error


def test_a_killed_worker_loses_no_trial_and_repeats_none(ray, tmp_path):
    def run_trial(trial, report):
        with (tmp_path / "begun").open("a") as file:
            file.write(f"{trial.trial_id}\n")
        if trial.trial_id == "00002" and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        assert report(1, {"rung": 0.5})
        return {"accuracy": 0.5}

    halving = search.SuccessiveHalving()
    oracle = oracle_in(tmp_path, 6, halving=halving)
    run_trials(oracle, run_trial, executors.make("ray", 2))
    assert (tmp_path / "begun").read_text().split().count("00002") == 2
    trials = [event["trial"] for event in journal(tmp_path)]
    assert sorted(trials) == [f"{n:05d}" for n in range(6)]


def test_a_fraction_of_a_cpu_is_asked_for(ray):
    def function(payload, ask):
        import ray

        return ray.get_runtime_context().get_assigned_resources()

    ended = drive(executors.make("ray", 2, cpus=0.5), function, [0])
    assert ended["job 0"].value["CPU"] == 0.5


def test_a_cluster_out_of_reach_is_one_line():
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    import ray

    if ray.is_initialized():
        ray.shutdown()
    with pytest.raises(ValueError, match="running Ray cluster") as raised:
        executors.make("ray", 2, f"127.0.0.1:{port}")
    assert len(str(raised.value).splitlines()) == 1


def test_a_lost_node_of_three_loses_no_trial(tmp_path):
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    if ray.is_initialized():
        ray.shutdown()
    node = {"num_cpus": 1, "object_store_memory": MEMORY}
    cluster = Cluster(
        initialize_head=True,
        head_node_args=node | {"include_dashboard": False},
    )
    try:
        others = [cluster.add_node(**node) for _ in range(2)]
        ray.init(address=cluster.address, log_to_driver=False)
        # With its own node the driver would be lost as well.
        own = ray.get_runtime_context().get_node_id()
        lost = next(each for each in others if each.node_id != own)
        lost_id = lost.node_id

        def run_trial(trial, report):
            import ray

            where = ray.get_runtime_context().get_node_id()
            with (tmp_path / "begun").open("a") as file:
                file.write(f"{trial.trial_id} {where}\n")
            while where == lost_id or not (tmp_path / "go").exists():
                time.sleep(0.05)
            return {"accuracy": 0.5}

        def lose_a_node():
            begun = tmp_path / "begun"
            end = time.monotonic() + 120
            while not (begun.exists() and lost_id in begun.read_text()):
                assert time.monotonic() < end
                time.sleep(0.1)
            cluster.remove_node(lost, allow_graceful=False)
            (tmp_path / "go").touch()

        thread = threading.Thread(target=lose_a_node)
        thread.start()
        oracle = oracle_in(tmp_path, 6)
        run_trials(oracle, run_trial, executors.make("ray", 3))
        thread.join()
        trials = [event["trial"] for event in journal(tmp_path)]
        assert sorted(trials) == [f"{n:05d}" for n in range(6)]
        begun = (tmp_path / "begun").read_text().split()[::2]
        assert len(begun) > 6  # that of the lost node was run again
    finally:
        ray.shutdown()
        cluster.shutdown()
