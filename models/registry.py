"""The table of models by name."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

Factory = Callable[[], keras.Layer]
Builder = Callable[..., keras.Model]

_ROWS: dict[str, tuple[Builder, dict[str, Any], dict[str, Any]]] = {}


def register(
    name: str,
    builder: Builder,
    defaults: dict[str, Any] | None = None,
    **fixed: Any,
) -> None:
    """Enters `builder` with some arguments fixed under `name`.

    Args:
        name: The name that `build` will take.
        builder: A function that returns a model; `activation` is one of its
            keyword arguments.
        defaults: Defaults of options that differ from the builder's.
        **fixed: Arguments of `builder` that make the variant.

    Raises:
        ValueError: If `name` is taken.
    """
    if name in _ROWS:
        raise ValueError(
            "Argument `name` must not be registered already. "
            f"Received: name={name!r}"
        )
    _ROWS[name] = (builder, defaults or {}, fixed)


def names() -> list[str]:
    """Returns the names of all models, in the order of registration."""
    return list(_ROWS)


def options(name: str) -> list[str]:
    """Returns the options that `build(name, ...)` takes.

    Raises:
        ValueError: If no model has that name.
    """
    if name not in _ROWS:
        raise ValueError(
            f"Argument `name` must be one of {names()}. Received: name={name!r}"
        )
    builder, _, fixed = _ROWS[name]
    taken = inspect.signature(builder).parameters
    return [option for option in taken if option not in fixed]


def build(
    name: str, activation: Factory | None = None, **settings: Any
) -> keras.Model:
    """Builds a registered model with the activation of your choice.

    Args:
        name: One of `names()`.
        activation: A function without arguments that returns a new Keras
            layer, called once for each activation site; a layer class is one.
            `None` stands for the published activation, mostly ReLU.
        **settings: Options of the builder, see `options(name)`; their
            defaults are the published values.

    Returns:
        A functional model that gives logits, not probabilities.

    Raises:
        ValueError: If the name, an option or a value is not allowed.

    Example:
        >>> model = build("resnet20", activation=keras.layers.PReLU)
        >>> model.output_shape
        (None, 10)
    """
    allowed = options(name)
    for option in settings:
        if option not in allowed:
            raise ValueError(
                f"An option of {name!r} must be one of {allowed}. "
                f"Received: {option}={settings[option]!r}"
            )
    builder, defaults, fixed = _ROWS[name]
    return builder(activation=activation, **fixed, **{**defaults, **settings})
