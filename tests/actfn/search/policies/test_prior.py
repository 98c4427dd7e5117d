"""What other tasks say of functions, and a surrogate that begins with it."""

import json

import numpy as np
import pytest
from scipy import stats

import actfn
from actfn.search.policies.prior import Prior, normal_scores
from actfn.search.policies.shapes import Shapes
from actfn.search.policies.surrogate import SurrogatePolicy

SPACE = actfn.SearchSpace(1)


def goodness(text):
    """Of a function with all parameters 1: how near to the sine it is."""
    x = np.linspace(-3, 3, 41)
    values = np.nan_to_num(
        actfn.parse(text)(x), nan=1e3, posinf=1e3, neginf=-1e3
    )
    return -np.log1p(np.mean(np.abs(values - np.sin(x))))


@pytest.fixture(scope="module")
def texts():
    """Distinct functions without parameters, which can be called."""
    sample = [actfn.canonicalize(e) for e in [*SPACE.enumerate()][::25]]
    return [t for t in dict.fromkeys(map(str, sample)) if "beta" not in t]


@pytest.fixture(scope="module")
def prior(texts):
    return Prior(texts, {"sine": normal_scores([goodness(t) for t in texts])})


def outlines(texts):
    shapes = Shapes()
    return shapes.outlines(shapes.table([actfn.parse(t) for t in texts]))


def test_normal_scores_against_blom_by_hand():
    found = normal_scores([3.0, 1.0, 2.0, 2.0])
    expected = stats.norm.ppf([0.875, 0.125, 0.5, 0.5])
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_function_that_was_trained_is_predicted_as_it_was(texts, prior):
    scores = prior.scores["sine"]
    found = prior.predict(outlines(texts))
    # Some have a neighbour of the same shape.
    assert np.median(np.abs(found - scores)) < 0.02
    assert np.corrcoef(found, scores)[0, 1] > 0.97


def test_words_do_not_matter_and_neighbours_are_near(prior):
    (same, other) = prior.predict(outlines(["sin(x) + 0 * x", "sin(x)"]))
    assert same == pytest.approx(other, abs=1e-6)
    near, far = prior.predict(outlines(["0.99 * sin(x)", "exp(x) * x"]))
    assert near > 1.5 > 0 > far


def test_tasks_are_averaged_where_they_are_known(texts):
    nan = np.nan
    scores = {
        "one": np.array([1.0, nan, 2.0]),
        "two": np.array([3.0, nan, nan]),
    }
    few = Prior(["x", "x * x", "sin(x)"], scores)
    assert few.best(9) == ["x", "sin(x)"]
    found = few.predict(outlines(["x", "sin(x)"]))
    np.testing.assert_allclose(found, [2, 2], atol=0.01)
    with pytest.raises(ValueError, match="`scores` must have a score"):
        Prior(["x"], {"one": np.array([nan])})


def test_a_file_keeps_it_and_leaves_tasks_out(prior, tmp_path):
    path = tmp_path / "prior.npz"
    both = Prior(prior.texts, prior.scores | {"other": -prior.scores["sine"]})
    both.save(path)
    again = Prior.load(path, without=["other"])
    table = outlines(["sin(x)", "tanh(x)", "x * sigmoid(x)"])
    np.testing.assert_allclose(
        again.predict(table), prior.predict(table), atol=0.05
    )
    assert again.best(3)[0] == prior.best(3)[0]
    np.testing.assert_allclose(Prior.load(path).predict(table), 0, atol=1e-2)
    with pytest.raises(ValueError, match="must be a prior, which"):
        Prior.load(tmp_path / "nosuch.npz")
    with pytest.raises(ValueError, match="`scores` must have"):
        Prior.load(path, without=["other", "sine"])


def test_a_damaged_file_is_said_and_a_full_disk_leaves_the_old(
    prior, tmp_path, monkeypatch
):
    path = tmp_path / "any_name"
    prior.save(path)
    assert Prior.load(path).texts == prior.texts
    whole = path.read_bytes()
    damaged = tmp_path / "damaged"
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 255
    for content in (b"", b"PK\x03\x04", whole[:2000], whole[:-10], middle):
        damaged.write_bytes(content)
        with pytest.raises(ValueError, match="must be a prior, which"):
            Prior.load(damaged)

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        prior.save(path)
    assert path.read_bytes() == whole
    assert {*tmp_path.iterdir()} == {path, damaged}


def proposals(policy, count):
    """Returns the rewards of so many proposals, one after the other."""
    rewards = []
    for _ in range(count):
        (proposal,) = policy.propose()
        rewards.append(goodness(str(proposal.expression)))
        policy.update([(proposal.id, rewards[-1])])
    return rewards


def test_a_search_begins_where_other_tasks_were_good(prior):
    policy = SurrogatePolicy(SPACE, seed=3, prior=prior)
    assert {str(p.expression) for p in policy.propose(4)} & {*prior.best(64)}
    known = [goodness(text) for text in prior.texts]
    rewards = proposals(SurrogatePolicy(SPACE, seed=4, prior=prior), 12)
    assert np.median(rewards) > np.quantile(known, 0.95)
    assert max(rewards) > np.quantile(known, 0.99)


def test_what_misleads_is_overruled(prior):
    wrong = Prior(prior.texts, {"wrong": -prior.scores["sine"]}, prior.shapes)
    rewards = proposals(SurrogatePolicy(SPACE, seed=1, prior=wrong), 60)
    assert np.median(rewards[-15:]) > np.median(rewards[:15]) + 0.5


def test_it_goes_on_where_it_was_saved(prior):
    whole = SurrogatePolicy(SPACE, seed=5, prior=prior)

    def step(policy):
        (proposal,) = policy.propose()
        text = str(proposal.expression)
        policy.update([(proposal.id, len(text) / 10)])
        return text

    for _ in range(9):
        step(whole)
    saved = json.loads(json.dumps(whole.get_state()))
    again = SurrogatePolicy(SPACE, seed=5, prior=prior)
    again.set_state(saved)
    assert [step(whole) for _ in range(8)] == [step(again) for _ in range(8)]


@pytest.mark.parametrize(
    ("space", "given", "message"),
    [
        (SPACE, "nosuch", "must be 'table', a Prior or None"),
        (SPACE, True, "must be 'table', a Prior or None.*True"),
        (SPACE, 0, "must be 'table', a Prior or None.*0"),
        (actfn.SearchSpace(1, inputs=2), "table", "functions of one input"),
    ],
)
def test_bad_input(space, given, message):
    with pytest.raises(ValueError, match=message):
        SurrogatePolicy(space, prior=given)
