"""What makes a search the same search: its plan, its model and its data."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import keras_tuner
import numpy as np

from actfn.search.child import FromModel, ModelChild
from actfn.search.data import Batches, Part, is_arrays
from actfn.search.others import OURS
from actfn.search.plan import Plan
from actfn.search.policies.base import settings_of
from actfn.surgery.interior import all_layers, is_model
from actfn.surgery.state import stays

_ROWS = 1000
_NOT_TOLD = ("name", "shared_object_id", "build_config", "layers")
_JUDGED_BY = ("loss", "loss_weights", "metrics", "weighted_metrics")


def identity_of(
    plan: Plan,
    child: ModelChild,
    model: keras.Model,
    groups: Mapping[str, list[str]],
    hyperparameters: keras_tuner.HyperParameters,
) -> dict[str, object]:
    """Returns JSON data that differ where searches do.

    Args:
        plan: What is searched and compared.
        child: Has the data and what `Model.fit` is called with.
        model: One that `child` has made.
        groups: Patterns of the sites of each group.
        hyperparameters: Of the model.
    """
    space = None if plan.policy is None else repr(plan.policy.space)
    parts = child.parts
    described = {
        "policy": type(plan.policy).__name__,
        "space": space,
        "objective": str(plan.objective),
        "baselines": list(plan.baselines),
        "candidates": list(plan.candidates),
        "control": plan.control_trials,
        "hyperparameters": str(
            dict(sorted(plan.others.items()))
            if isinstance(plan.others, Mapping)
            else plan.others
        ),
        "others_trials": plan.others_trials,
        "seed": plan.seed,
        "trials": plan.trials,
        "finalists": plan.finalists,
        "repeats": plan.repeats,
        "fit": {k: str(v) for k, v in sorted(child.fit.items())},
        "model": of_model(model, _carried(child.build, model)),
        "data": [
            of_data(p) for p in (parts.train, parts.validation, parts.test)
        ],
    }
    more = {
        "callbacks": [of_callback(each) for each in child.callbacks],
        "ranges": [
            _plain(each)
            for each in hyperparameters.get_config()["space"]
            if each["config"]["name"] not in OURS
        ],
        "groups": groups,
        "racing": plan.racing,
        "settings": settings_of(plan.policy),
    }
    return described | {name: value for name, value in more.items() if value}


def _carried(build: Any, model: keras.Model) -> list[Any]:
    """Returns the weights that children begin with, if they are given."""
    if not isinstance(build, FromModel):
        return []
    if build.keep_weights:
        return model.weights
    layers = [each for each in all_layers(model)[1:] if stays(each)]
    return [weight for layer in layers for weight in layer.weights]


def of_model(model: keras.Model, carried: Sequence[Any] = ()) -> str:
    """Returns a short text that differs where models do.

    Args:
        model: A compiled model.
        carried: Weights of it whose values count as well.
    """
    told: list[Any] = [type(model).__name__]
    for layer in all_layers(model)[1:]:
        shapes = [(w.shape, w.dtype) for w in layer.weights]
        config = {} if is_model(layer) else _config(layer)
        told.append((type(layer).__name__, shapes, config))
    told.append(_config(model.optimizer))
    told += _judged_by(model)
    if carried:
        told.append([_sum(np.asarray(weight)) for weight in carried])
    digest = hashlib.sha256(json.dumps(told, default=str).encode())
    return f"{model.count_params()} weights, {digest.hexdigest()[:8]}"


def of_callback(callback: keras.callbacks.Callback) -> list[Any]:
    """Returns the class of a callback and what it was made with."""
    told = {k: v for k, v in vars(callback).items() if not k.startswith("_")}
    return [type(callback).__name__, _plain(told)]


def _judged_by(model: keras.Model) -> list[Any]:
    """Returns the losses and metrics of a model with their settings."""
    try:
        config = model.get_compile_config() or {}
        return [_plain(config[name]) for name in _JUDGED_BY]
    except (NotImplementedError, TypeError, ValueError, KeyError):
        # One of them cannot be saved.
        losses = keras.tree.flatten(model.loss)
        return [
            loss if isinstance(loss, str) else _named(loss) for loss in losses
        ]


def of_data(part: Part) -> str:
    """Returns a short text that differs where data do.

    Of arrays it reads up to a thousand rows; data sets are told by their
    batches' shapes and number alone, unless they were divided.
    """
    values = part.arguments()
    x = values["x"]
    if is_arrays(part):
        arrays = [np.asarray(a) for a in keras.tree.flatten(values)]
        shapes = " ".join("x".join(map(str, a.shape)) for a in arrays)
        digest = zlib.crc32(str([_sum(a) for a in arrays]).encode())
        return f"{shapes}, {digest:08x}"
    if isinstance(x, Batches):
        return x.digest
    try:
        length = len(x)
    except TypeError:
        length = None
    told = type(x).__name__, str(getattr(x, "element_spec", "")), length
    return " ".join(str(value) for value in told if value not in ("", None))


def _sum(array: np.ndarray) -> int:
    """Returns a check sum of some rows, evenly over all."""
    if array.ndim:
        array = array[:: 1 + (len(array) - 1) // _ROWS]
    if array.dtype.kind in "OSU":
        return zlib.crc32(repr(array.tolist()).encode())
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def _config(thing: Any) -> Any:
    try:
        return _plain(thing.get_config())
    except (NotImplementedError, TypeError, ValueError):
        return type(thing).__name__  # It has none.


def _plain(value: Any) -> Any:
    """Returns JSON data without what differs from process to process."""
    if isinstance(value, Mapping):
        kept = {str(k): v for k, v in value.items() if k not in _NOT_TOLD}
        return {k: _plain(v) for k, v in sorted(kept.items())}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return _named(value)


def _named(value: Any) -> str:
    return getattr(value, "__name__", type(value).__name__)
