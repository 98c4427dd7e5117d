"""What a search looks at before anything is written."""

import keras
import numpy as np
import pytest

import actfn
from actfn import search
from tests.actfn.search import models
from tests.actfn.search.test_find import SPACE, TINY, flat


def two_groups(hp):
    early = actfn.get(hp.get("activation_early"))
    layers = [keras.layers.Dense(8), early, keras.layers.Dense(3)]
    return models.compiled(keras.Sequential(layers))


X, Y = flat(32)


@pytest.mark.parametrize(
    ("build", "settings", "message"),
    [
        (models.mlp, {"test_data": (X[:, :10], Y)}, r"`test_data`.*\(32, 10\)"),
        (models.mlp, {"test_data": X}, "`test_data` must be such"),
        (
            models.mlp,
            {"validation_data": (X[:, :10], Y)},
            r"`validation_data`.*\(\d+, 10\)",
        ),
        (models.mlp, {"validation_data": (X,)}, "`validation_data`, or else"),
        (models.mlp, {"test_data": (X, Y[:5])}, "`test_data`|same length"),
        (models.mlp, {"epochs": 0}, "`epochs` must be a positive"),
        (models.mlp, {"candidates": ["tanh"]}, "of `compare` alone"),
        (two_groups, {}, "`groups` must have the groups.*activation_early"),
        (models.mlp, {"baselines": []}, "`baselines` must name the function"),
        *(
            (models.mlp, {name: wrong}, f"`{name}`.*Received: .*")
            for name, wrong in (
                ("baselines", 5),
                ("baselines", [5]),
                ("batch_size", -1),
                ("batch_size", "a"),
                ("cpus", 2),
                ("gpus", "x"),
                ("groups", 5),
                ("keep_weights", True),
                ("policy", ["a"]),
                ("replace", 5),
                ("seed", -1),
                ("seed", 1.5),
                ("seed", "a"),
                ("space", "core"),
                ("validation_split", "a"),
            )
        ),
    ],
)
def test_it_is_said_before_the_search(build, settings, message, tmp_path):
    folder = tmp_path / "a"
    with pytest.raises(ValueError, match=message) as error:
        search.find(build, *flat(96), **TINY | settings, directory=folder)
    assert not folder.exists()
    assert "\n" not in str(error.value) and "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        *(
            ({name: 3}, f"`{name}` is an argument of `find` alone")
            for name in ("space", "policy", "trials", "racing", "prior")
        ),
        ({"candidates": ["relu"]}, "not among the baselines, relu"),
        ({"candidates": 5}, "`candidates` must be names"),
        ({"candidates": [5]}, "`candidates` must be names"),
        ({"directory": None}, "`directory` must be a path"),
        *(({"seed": wrong}, "`seed` must be") for wrong in (-1, 1.5, "a")),
    ],
)
def test_what_compare_cannot_do(settings, message, tmp_path):
    given = {"candidates": ["tanh"], "directory": tmp_path / "a"} | settings
    with pytest.raises(ValueError, match=message):
        search.compare(models.mlp, *flat(96), **given)
    assert not (tmp_path / "a").exists()


class OfY(search.RandomPolicy):
    """Proposes a function of the second half alone."""

    def _draw(self, n):
        known = actfn.parse("sinh(y) * beta", inputs=2)
        return [(known, None) for _ in range(n)]


def test_a_function_of_y_alone_is_trained_as_one_of_x(tmp_path):
    settings = TINY | {"trials": 1, "directory": tmp_path}
    settings["policy"] = OfY(actfn.SearchSpace(1, inputs=2))
    found = search.find(models.mlp, *flat(96), **settings)
    (trial,) = found.trials
    assert trial.status == "completed" and "y" in trial.expression
    scores = {c.expression: c.scores for c in found.comparisons}
    assert np.isfinite(scores["sinh(x) * beta"]).all()


def test_a_stopped_search_says_where_its_results_are(
    tmp_path, monkeypatch, capsys
):
    def stop(*_):
        raise KeyboardInterrupt

    session = "actfn.search.session.Session.run"
    monkeypatch.setattr(session, stop)
    given = TINY | {"verbose": 1, "space": SPACE, "directory": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        search.find(models.mlp, *flat(96), **given)
    assert f"kept in {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize("direction", ["maximize", "", "MAX"])
def test_an_objective_has_one_of_two_directions(direction, tmp_path):
    import keras_tuner

    objective = keras_tuner.Objective("val_accuracy", direction)
    with pytest.raises(ValueError, match=f'"min" or "max".*{direction!r}'):
        search.find(
            models.mlp,
            *flat(96),
            **TINY | {"objective": objective},
            directory=tmp_path / "a",
        )
    assert not (tmp_path / "a").exists()


def test_a_function_of_y_alone_may_win(tmp_path):
    x, y = flat(96)
    found = search.compare(
        gated, x, y, baselines=["sigmoid(y)"], candidates=["tanh(y) * beta"],
        repeats=2, directory=tmp_path, verbose=0,
    )  # fmt: skip
    names = {row["expression"] for row in found.leaderboard}
    assert names == {"sigmoid(x)", "tanh(x) * beta"}
    assert found.name in names and actfn.get(found.name)
    assert found.build().compiled


def gated(hp):
    gate = actfn.get(hp.get("activation"))
    return models.compiled(
        keras.Sequential([keras.layers.Dense(8), gate, keras.layers.Dense(3)])
    )
