import dataclasses

import keras
import numpy as np
import pytest

from actfn.search.books.tables import read_rows
from experiments.train import grid, session, trained


@pytest.fixture
def float32_afterwards():
    yield
    keras.config.set_dtype_policy("float32")


def work(recipe, directory, **options):
    cells = grid.cells(["relu"], recipe.learning_rates, [0])
    return session.Session(recipe, directory, **options).work(cells)


def test_a_finished_cell_is_one_row_and_not_trained_again(quick, tmp_path):
    assert work(quick, tmp_path) == 1
    assert work(quick, tmp_path) == 0
    (row,) = read_rows(tmp_path / "results.csv")
    assert row["config_hash"] == quick.digest
    assert row["dtype"] == "float32"
    (folder,) = tmp_path.glob("*/")
    assert not (folder / "checkpoints").exists()
    assert trained.load(folder).config == quick


def test_a_kill_before_the_checkpoints_were_removed_leaves_none(
    quick, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(session, "remove_checkpoints", lambda folder: None)
        assert work(quick, tmp_path) == 1
    (folder,) = tmp_path.glob("*/")
    assert (folder / "checkpoints").exists()
    assert work(quick, tmp_path) == 0
    assert not (folder / "checkpoints").exists()
    assert len(read_rows(tmp_path / "results.csv")) == 1


def test_another_learning_rate_may_be_tried_later(quick, tmp_path):
    """The best of several is then run again, as the configs' heads say."""
    assert work(quick, tmp_path) == 1
    more = dataclasses.replace(quick, learning_rates=(0.1, 0.05))
    assert work(more, tmp_path) == 1
    assert work(quick, tmp_path) == 0
    rows = read_rows(tmp_path / "results.csv")
    assert [row["learning_rate"] for row in rows] == ["0.1", "0.05"]


def test_a_broken_results_file_names_the_line(quick, tmp_path):
    work(quick, tmp_path)
    with (tmp_path / "results.csv").open("a") as file:
        file.write('cifar,"a"b,c\n')
    with pytest.raises(ValueError, match=r"line 3: a row should be valid CSV"):
        work(quick, tmp_path)


def test_a_cell_in_other_hands_is_left_alone(quick, tmp_path):
    (cell,) = grid.cells(["relu"], quick.learning_rates, [0])
    with grid.lock(tmp_path / cell.folder(quick.name) / "lock") as mine:
        assert mine
        assert work(quick, tmp_path) == 0


@pytest.mark.usefixtures("float32_afterwards")
def test_precision_is_that_of_the_model(quick, tmp_path):
    work(quick, tmp_path / "plain")
    work(quick, tmp_path / "mixed", mixed_precision="bfloat16")
    curves = []
    for name in ("plain", "mixed"):
        (path,) = (tmp_path / name).glob("*/curve.csv")
        curves.append([float(row["loss"]) for row in read_rows(path)])
    assert curves[0] != curves[1]
    with pytest.raises(ValueError, match="dtype='float32' there"):
        work(quick, tmp_path / "plain", mixed_precision="bfloat16")
    np.testing.assert_allclose(*curves, rtol=0.1)
