"""Numbers that `actfn.get` takes beside a name: slopes, thresholds, betas."""

from __future__ import annotations

import math
import numbers

from actfn.expressions import operators
from actfn.expressions.expression import parameters
from actfn.expressions.parsing import parse, parse_template

# The text of a function with constants of one's own, by the names that Keras
# and PyTorch give them, and their values if they are not given.
_CONSTANTS = {
    "relu": (
        {"max_value": 6.0},
        "min(max(x, 0), {max_value})",
    ),
    "leaky_relu": (
        {"negative_slope": 0.01},
        "max(x, 0) + {negative_slope} * min(x, 0)",
    ),
    "elu": ({"alpha": 1.0}, "max(x, 0) + {alpha} * expm1(min(x, 0))"),
    "celu": (
        {"alpha": 1.0},
        "max(x, 0) + {alpha} * expm1(min(x, 0) / {alpha})",
    ),
    "hard_shrink": ({"threshold": 0.5}, "where(abs(x) > {threshold}, x, 0)"),
    "soft_shrink": (
        {"threshold": 0.5},
        "max(x - {threshold}, 0) + min(x + {threshold}, 0)",
    ),
    "hard_tanh": (
        {"min_val": -1.0, "max_val": 1.0},
        "min(max(x, {min_val}), {max_val})",
    ),
    "thresholded_relu": ({"theta": 1.0}, "where(x > {theta}, x, 0)"),
    "squareplus": ({"b": 4.0}, "0.5 * (x + sqrt(x ** 2 + {b}))"),
}


def constants(name: str) -> tuple[str, ...]:
    """Returns the names of the constants that a catalog function takes."""
    return tuple(_CONSTANTS[name][0]) if name in _CONSTANTS else ()


def with_constants(name: str, text: str, given: dict) -> str:
    """Returns a catalog function's text with the constants in `given`.

    Takes them out of `given`.

    Raises:
        ValueError: One is no number.
    """
    found = {key: given.pop(key) for key in constants(name) if key in given}
    if not found:
        return text
    for key, value in found.items():
        if not _is_number(value):
            raise ValueError(
                f"`{key}` must be a finite number. Received: {value!r}"
            )
    defaults, template = _CONSTANTS[name]
    filled = {**defaults, **found}
    return template.format(
        **{key: f"({float(value)!r})" for key, value in filled.items()}
    )


def with_values(text: str, given: dict, first: dict | None = None) -> dict:
    """Returns a layer's arguments, with values of parameters as initializers.

    Args:
        text: The layer's expression.
        given: The arguments; ``beta=1.5`` is the first value of the parameter
            that the layer or the text calls so.
        first: The initializer of each parameter by name, if none is given.

    Raises:
        ValueError: There is no such parameter, or the name means two.
    """
    written = [p.name for p in parameters(parse_template(text, ("x", "y")))]
    names = [p.name for p in parameters(parse(text))]
    values, rest = {}, {}
    for key, value in given.items():
        whole, key = key, key.replace("_", "")  # as in the text
        if not operators.PARAMETER.fullmatch(key):
            rest[whole] = value
            continue
        meant = {names[i] for i, name in enumerate(written) if name == key}
        meant |= {key} & {*names}
        if len(meant) != 1:
            raise ValueError(_which(key, text, written, names, value))
        values[meant.pop()] = value
    initial = rest.pop("beta_initializer", first)
    if values:
        if not isinstance(initial, dict) or "class_name" in initial:
            initial = dict.fromkeys(
                names, "ones" if initial is None else initial
            )
        initial = {**initial, **values}
    if isinstance(initial, dict) and [*initial] == names and len(names) == 1:
        (initial,) = initial.values()
    return rest if initial is None else {**rest, "beta_initializer": initial}


def _which(key: str, text: str, written, names, value) -> str:
    listed = ", ".join(dict.fromkeys([*names, *written])) or "none"
    pairs = ", ".join(
        f"{a} of the text is {b} of the layer"
        for a, b in zip(written, names, strict=True)
        if a != b
    )
    which = f" ({pairs}; `beta_initializer` takes those)" if pairs else ""
    return (
        f"`{key}` must be the name of one parameter of {text}, which has "
        f"{listed}{which}. Received: {key}={value!r}"
    )


def _is_number(value: object) -> bool:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_number and math.isfinite(value)
