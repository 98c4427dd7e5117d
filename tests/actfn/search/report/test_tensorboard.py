"""TensorBoard reads back what we wrote for it."""

import dataclasses

import pytest
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)
from tensorboard.plugins.hparams import metadata

from actfn.search.report.tensorboard import write_trials
from tests.actfn.search.report.samples import results


def read(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_tensorboard_finds_the_trials(tmp_path):
    trials = results(30, 1)
    values = [{"lr": 0.1, "depth": n, "odd": None} for n in range(30)]
    write_trials(tmp_path, trials, "val_accuracy", values)
    trained = [t for t in trials if t.status != "cached"]
    assert len(trained) < len(trials)
    folders = {path.name for path in tmp_path.iterdir()}
    assert folders == {t.trial for t in trained}
    for trial in [t for t in trained if t.status == "completed"][:5]:
        events = read(tmp_path / trial.trial)
        (reward,) = events.Scalars("val_accuracy")
        assert reward.value == pytest.approx(trial.reward, abs=1e-6)
        content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG)
        start = metadata.parse_session_start_info_plugin_data(
            content.plugin_data.content
        )
        assert start.hparams["activation"].string_value == trial.expression
        assert start.hparams["lr"].number_value == 0.1
        assert start.hparams["odd"].string_value == "None"


def test_a_trial_is_written_once(tmp_path):
    trials = results(3, 1)
    write_trials(tmp_path, trials[:2], "loss")
    before = {p: p.stat().st_size for p in tmp_path.rglob("events*")}
    write_trials(tmp_path, trials, "loss")
    after = {p: p.stat().st_size for p in tmp_path.rglob("events*")}
    assert before.items() <= after.items()
    assert len(after) > len(before)


def test_values_must_be_one_a_trial(tmp_path):
    with pytest.raises(ValueError, match=r"values.*3 trials.*Received: 1"):
        write_trials(tmp_path / "a", results(3), "loss", [{}])
    assert not (tmp_path / "a").exists()


def test_a_loss_has_its_sign_and_is_there_where_it_was_measured(tmp_path):
    first, second = results(2, 1)
    done = dataclasses.replace(first, status="completed", reward=-0.75)
    lost = dataclasses.replace(second, status="diverged", reward=-6.0)
    write_trials(tmp_path, [done, lost], "val_loss", sign=-1)
    (loss,) = read(tmp_path / done.trial).Scalars("val_loss")
    assert loss.value == 0.75
    assert read(tmp_path / lost.trial).Tags()["scalars"] == ["seconds"]
