"""Looks, before anything is written, whether a child can be trained."""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner

from actfn.search.child import ModelChild
from actfn.search.data import Part


def check_child(
    child: ModelChild, objective: str, activation: str
) -> keras_tuner.HyperParameters:
    """Builds a model once and measures it on a batch.

    Args:
        child: Whose model.
        objective: The metric that it has to report.
        activation: The function that it is built with.

    Returns:
        The hyperparameters that `build` asks for beside the activation, with
        their ranges.

    Raises:
        ValueError: The model does not report the objective.
        FatalTypeError: `build` returns no compiled model.
    """
    hp = keras_tuner.HyperParameters()
    hp.Fixed("activation", activation)
    hp.Fixed("seed", 0)
    model = child.make(hp)
    found = child.measure(model, _first_batch(child.parts.validation))
    if objective not in found:
        raise ValueError(
            f"`objective` must be one of {', '.join(found)}, which the model "
            f"reports. Received: {objective!r}"
        )
    return hp


def _first_batch(part: Part) -> Part:
    """Returns some examples of a part."""
    values = part.arguments()
    x = values["x"]
    if "y" in values:
        return Part(
            *(_head(values.get(n)) for n in ("x", "y", "sample_weight"))
        )
    if isinstance(x, keras.utils.PyDataset):
        batch = x[0]
    elif hasattr(x, "element_spec"):
        return Part(x.take(1))
    elif hasattr(x, "__iter__"):
        batch = next(iter(x))
    else:
        return part
    return Part(*batch) if isinstance(batch, tuple | list) else Part(batch)


def _head(nested: Any) -> Any:
    if nested is None:
        return None
    return keras.tree.map_structure(lambda a: a[:32], nested)
