"""What a program has set for all of Keras, which other processes lack."""

from __future__ import annotations

from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.saving import serialization_lib

from actfn.expressions import operators

_SCOPE = "custom_objects_scope_dict"  # of `keras.saving.custom_object_scope`


def current() -> dict[str, Any]:
    """Returns the settings of this process, to be sent to another."""
    config = keras.config
    return {
        "floatx": config.floatx(),
        "epsilon": config.epsilon(),
        "image_data_format": config.image_data_format(),
        "dtype_policy": keras.saving.serialize_keras_object(
            config.dtype_policy()
        ),
        "operators": [*map(operators.get, operators.registered())],
        "custom_objects": {
            **keras.saving.get_custom_objects(),
            **global_state.get_global_attribute(_SCOPE, {}),
        },
        "unsafe": serialization_lib.in_safe_mode() is False,
    }


def apply(settings: dict[str, Any]) -> None:
    """Makes the settings of another process those of this one."""
    config = keras.config
    config.set_floatx(settings["floatx"])
    config.set_epsilon(settings["epsilon"])
    config.set_image_data_format(settings["image_data_format"])
    config.set_dtype_policy(
        keras.saving.deserialize_keras_object(settings["dtype_policy"])
    )
    if settings["unsafe"]:
        config.enable_unsafe_deserialization()
    known = keras.saving.get_custom_objects()
    for key, thing in settings["custom_objects"].items():
        package, _, name = key.rpartition(">")
        ours = package == "actfn" and key in known
        if ours or known.get(key) is thing:
            continue
        known.pop(key, None)  # of an earlier search, as it was then
        if package:
            keras.saving.register_keras_serializable(package, name)(thing)
        else:
            known[key] = thing
    for operator in settings["operators"]:
        if operator.name not in operators.names():
            operators.register_operator(
                operator.name,
                operator.arity,
                operator.function,
                partials=operator.partials,
                latex=operator.latex,
            )
