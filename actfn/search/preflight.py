"""Looks, before anything is written, whether a child can be trained."""

from __future__ import annotations

import copy
import difflib
import inspect
import itertools
import re
from collections.abc import Collection, Mapping
from typing import Any

import keras
import keras_tuner

from actfn.search.checks import check_count
from actfn.search.child import ModelChild
from actfn.search.data import Part, has_no_end, is_arrays


def check_child(
    child: ModelChild,
    objective: str,
    activation: str,
    settings: Mapping[str, Collection[str]] | None = None,
    values: Mapping[str, Any] | None = None,
) -> tuple[keras_tuner.HyperParameters, keras.Model]:
    """Builds a model once and measures it on a batch.

    Args:
        child: Whose model.
        objective: The metric that it has to report.
        activation: The function that it is built with.
        settings: Names of arguments beside those of `Model.fit`, by the
            function that has them, for errors.
        values: Of other hyperparameters, by name, if they are given.

    Returns:
        The hyperparameters that `build` asks for beside the activation, with
        their ranges; and the model.

    Raises:
        ValueError: `build` does not ask for the activation, the model does
            not report the objective, or `fit` cannot be called as is said.
        FatalTypeError: `build` returns no compiled model.
    """
    hp = keras_tuner.HyperParameters()
    hp.Fixed("activation", activation)
    hp.Fixed("seed", 0)
    hp.values |= values or {}
    model = _build(child, hp)
    _check_fit(child, model, settings or {})
    parts = child.parts
    if not model.built:  # by the shapes that it is trained on
        _measured(child, model, parts.train, "`x` and `y`")
    found = _measured(
        child, model, parts.validation, "`validation_data`, or else `x` and `y`"
    )
    if parts.test is not parts.validation:
        _measured(child, model, parts.test, "`test_data`")  # it is read last
    if objective not in found:
        raise ValueError(
            f"`objective` must be one of {', '.join(found)}, the single "
            f"numbers that the model reports. Received: {objective!r}"
        )
    return hp, model


class _Seen(dict):
    """Values of hyperparameters that know which of them were asked for."""

    def __init__(self, values: dict[str, Any]):
        super().__init__(values)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)

    def items(self) -> Any:
        self.names |= {*self}
        return super().items()


def _build(child: ModelChild, hp: keras_tuner.HyperParameters) -> keras.Model:
    """Builds a model, and looks whether it asks for all activations.

    Raises:
        ValueError: It does not, or has Keras look for one by its text.
    """
    seen = _Seen({})

    def build(hp: keras_tuner.HyperParameters) -> Any:
        nonlocal seen
        hp.values = seen = _Seen(hp.values)
        return child.build(hp)

    watched = ModelChild(
        build, child.parts, child.fit, child.metric, child.groups
    )
    try:
        model = watched.make(hp)
    except KeyError as error:
        name = str(error.args[0]) if error.args else ""
        if "activation_" not in name:
            raise
        raise ValueError(
            "`groups` must have the groups of sites whose activations `build` "
            f"asks for. Received: {', '.join(child.groups) or 'none'}, and "
            f"{name}"
        ) from error
    except (ValueError, TypeError) as error:
        keras_knows_none = "activation function identifier" in str(error)
        given = {str(value) for value in seen.values()}
        if not keras_knows_none or not any(map(str(error).__contains__, given)):
            raise
        raise ValueError(
            "`build` must give the text of an activation to `actfn.get`, as in "
            '`actfn.get(hp.get("activation"))`; Keras knows few of them. '
            f"Received: a layer with activation={hp.get('activation')!r}"
        ) from error
    hp.values = dict(hp.values)
    names = [f"activation_{name}" for name in child.groups] or ["activation"]
    for name in names:
        if name not in seen.names:
            raise ValueError(
                "`build` must have the activation that it is told, as in "
                f'`actfn.get(hp.get("{name}"))`; else all children are the '
                f"same. Received: a function that never asks for {name!r}"
            )
    return model


def _check_fit(
    child: ModelChild,
    model: keras.Model,
    settings: Mapping[str, Collection[str]],
) -> None:
    """Checks what `Model.fit` will be called with.

    Raises:
        ValueError: It does not take it, a callback cannot serve many children,
            or data without an end are to be read to the end.
    """
    known = inspect.signature(model.fit).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    for name in ("epochs", "batch_size", "validation_batch_size"):
        if child.fit.get(name) is not None:
            check_count(name, child.fit[name])
    for name in child.fit:
        if name not in known and not open_ended:
            for function, its_own in settings.items():
                if name in its_own:
                    raise ValueError(
                        f"`{name}` is an argument of `{function}` alone. "
                        f"Received: {name}={child.fit[name]!r}"
                    )
            names = itertools.chain(known, *settings.values())
            close = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                "Further arguments must be those of `compare` or of "
                f"`Model.fit`. Received: {name!r}{hint}"
            )
    for callback in child.callbacks:
        _check_callback(callback)
    needed = (("train", "steps_per_epoch"), ("validation", "validation_steps"))
    for part, steps in needed:
        endless = has_no_end(getattr(child.parts, part))
        if endless and not child.fit.get(steps):
            raise ValueError(
                f"`{steps}` must be given where the {part} data have no end, "
                f"as after `repeat()`. Received: {child.fit.get(steps)}"
            )


def _check_callback(callback: Any) -> None:
    name = type(callback).__name__
    if isinstance(callback, keras.callbacks.BackupAndRestore):
        raise ValueError(
            "`callbacks` must not restore a child's weights in another child; "
            f"a search goes on by itself where it stopped. Received: {name}"
        )
    if not isinstance(callback, keras.callbacks.Callback):
        raise ValueError(
            f"`callbacks` must be Keras callbacks. Received: {callback!r}"
        )
    try:
        copy.deepcopy(callback)
    except Exception as error:
        raise ValueError(
            "`callbacks` must be such that `copy.deepcopy` can copy them, as "
            "each child begins with its own; open files and the like in "
            f"`on_train_begin`. Received: {name}: {error}"
        ) from error


def _measured(
    child: ModelChild, model: keras.Model, part: Part, argument: str
) -> Mapping[str, float]:
    """Returns what a model reports of some examples of a part.

    Args:
        child: Whose model.
        model: As it begins.
        part: Validation or test data.
        argument: Where they come from, for the error.

    Raises:
        ValueError: The model cannot be evaluated on them.
    """
    try:
        return child.measure(model, _first_batch(child, part))
    except Exception as error:
        raise ValueError(
            f"{argument} must be such, `(x, y)` say, that the model can be "
            f"evaluated on them. Received some of which it says: {_gist(error)}"
        ) from error


def _gist(error: Exception) -> str:
    """Returns one line of what an exception says, without colours and code."""
    lines = [
        line.strip()
        for line in re.sub(r"\x1b\[[\d;]*m", "", str(error)).splitlines()
        if line.strip() and not line.strip().startswith(_FRAMES)
    ]
    return " ".join(lines[:3])[:300] or type(error).__name__


_FRAMES = (
    'File "',
    "Graph execution error",
    "Detected at node",
    "Stack trace for op definition",
)
"""How lines begin that say where in TensorFlow's graph an error was."""


def _first_batch(child: ModelChild, part: Part) -> Part:
    """Returns some examples of validation or test data."""
    values = part.arguments()
    x = values["x"]
    if is_arrays(part):
        size = child.fit.get("batch_size") or 32
        names = ("x", "y", "sample_weight")
        return Part(*(_head(values.get(name), size) for name in names))
    if isinstance(x, keras.utils.PyDataset):
        batch = x[0]
    elif hasattr(x, "element_spec"):
        return Part(x.take(1))
    elif hasattr(x, "__iter__"):
        batch = next(iter(x))
    else:
        return part
    return Part(*batch) if isinstance(batch, tuple | list) else Part(batch)


def _head(nested: Any, size: int) -> Any:
    if nested is None:
        return None
    return keras.tree.map_structure(lambda a: a[:size], nested)
