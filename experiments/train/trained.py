"""Trained models, read back from the folders of their runs."""

import dataclasses
import json
import pathlib

import keras

import actfn
from experiments.train.config import Config
from experiments.train.session import make_task
from experiments.train.task import Task


@dataclasses.dataclass(frozen=True)
class Trained:
    """A finished run: its recipe, activation, data and model."""

    config: Config
    activation: str
    task: Task
    model: keras.Model


def load(folder: str | pathlib.Path, data_dir: str | None = None) -> Trained:
    """Reads a finished run of `experiments.train`.

    Args:
        folder: Of the run, with `run.json` and `final.weights.h5`.
        data_dir: TFDS folder, if its data need one.

    Raises:
        ValueError: If the folder holds no finished run, or the data are not
            there.
    """
    values = describe(folder)
    weights = pathlib.Path(folder) / "final.weights.h5"
    if not weights.exists():
        raise ValueError(
            f"folder should be one of a finished run. Received: {folder}"
        )
    names = [field.name for field in dataclasses.fields(Config)]
    values |= {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
    values["learning_rates"] = (values["learning_rate"],)
    config = Config(**{name: values[name] for name in names})
    task = make_task(config, data_dir)
    activation = values["activation"]
    model = task.build(lambda: actfn.get(activation))
    model.load_weights(weights)
    return Trained(config, activation, task, model)


def describe(folder: str | pathlib.Path) -> dict:
    """Returns what a run is: its config, activation, learning rate and seed.

    Raises:
        ValueError: If the folder is not one of `experiments.train`.
    """
    try:
        values = json.loads((pathlib.Path(folder) / "run.json").read_bytes())
    except (OSError, ValueError):
        values = {}
    names = {field.name for field in dataclasses.fields(Config)}
    names = names - {"learning_rates"} | {"activation", "learning_rate"}
    if not names <= set(values):
        raise ValueError(
            "folder should be one of a run of experiments.train. "
            f"Received: {folder}"
        )
    return values
