"""The executors that tests run on, and a search for them to run."""

import pytest

import actfn
from actfn import search
from actfn.search import executors

NODE = {"num_cpus": 1, "object_store_memory": 80 * 1024**2}


@pytest.fixture(scope="module", params=["here", "processes", "ray"])
def executor(request):
    """Tests of a module use it one after the other: it is started again."""
    if request.param == "ray":
        ray = pytest.importorskip("ray")
        words = {"include_dashboard": False, "log_to_driver": False}
        ray.init(**NODE | words | {"num_cpus": 2})
        request.addfinalizer(ray.shutdown)
    return executors.make(request.param, 1 + (request.param != "here"))


def oracle_of(**options):
    policy = search.RandomPolicy(actfn.SearchSpace(core_units=1), seed=0)
    words = {"max_trials": 6, "verbose": 0}
    return search.PolicyOracle(policy, "accuracy", **words, **options)


def statuses(oracle):
    """Returns how the trials have ended, by their numbers."""
    ends = sorted((int(end.trial), end.status) for end in oracle.results)
    assert [number for number, _ in ends] == [*range(len(ends))]
    return [status for _, status in ends]
