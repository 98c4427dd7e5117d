"""Trials for TensorBoard's page of hyperparameters."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from actfn.search.books.results import Result


def write_trials(
    folder: str | os.PathLike,
    trials: Sequence[Result],
    metric: str = "reward",
    values: Sequence[Mapping[str, Any]] = (),
    sign: float = 1.0,
) -> None:
    """Writes each trial as a run, its function as a hyperparameter.

    ``tensorboard --logdir FOLDER`` then shows them under HParams. A trial
    that is there already is not written again, so this may be called while a
    search goes on.

    Args:
        folder: Gets one folder a trial.
        trials: Cached twins are left out: they were not trained.
        metric: What the reward is called. Only trials that have completed
            have it: what a policy is told of others is not measured.
        values: Other hyperparameters of each trial, or nothing.
        sign: -1 if the reward is the metric with a minus, which is taken off.

    Raises:
        ValueError: There are values, but not one mapping a trial.
    """
    if values and len(values) != len(trials):
        raise ValueError(
            f"`values` must have one mapping for each of {len(trials)} "
            f"trials or be empty. Received: {len(values)}"
        )
    for place, trial in enumerate(trials):
        run = pathlib.Path(folder) / trial.trial
        if trial.status != "cached" and not run.exists():
            scores = {"seconds": trial.seconds}
            if trial.status == "completed":
                scores = {metric: sign * trial.reward} | scores
            _write(run, trial, scores, values[place] if values else {})


def _write(
    run: pathlib.Path,
    trial: Result,
    scores: Mapping[str, float],
    values: Mapping[str, Any],
) -> None:
    # Neither needs a TensorFlow session; the import costs a second.
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import summary_v2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    hyperparameters = {name: _plain(value) for name, value in values.items()}
    hyperparameters |= {
        "activation": trial.expression,
        "seed": trial.seed,
        "status": trial.status,
    }
    scalars = Summary(
        value=[
            Summary.Value(tag=name, simple_value=score)
            for name, score in scores.items()
        ]
    )
    writer = EventFileWriter(str(run))
    try:
        for summary in (
            summary_v2.hparams_config_pb(
                hparams=[summary_v2.HParam(name) for name in hyperparameters],
                metrics=[summary_v2.Metric(name) for name in scores],
            ),
            summary_v2.hparams_pb(hyperparameters, trial_id=trial.trial),
            scalars,
        ):
            writer.add_event(Event(summary=_ours(summary), step=0))
    finally:
        writer.close()


def _ours(summary):
    """Returns a summary as TensorBoard's own class, whoever made it."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary.FromString(summary.SerializeToString())


def _plain(value: Any) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else str(value)
