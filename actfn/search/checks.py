"""Checks of arguments, with errors that name them."""

from __future__ import annotations

import math

import numpy as np


def check_seed(seed: int) -> int:
    """Returns the seed as an int.

    Raises:
        ValueError: It is not an integer from 0.
    """
    is_integer = isinstance(seed, int | np.integer)
    if isinstance(seed, bool) or not is_integer or seed < 0:
        raise ValueError(
            f"`seed` must be a non-negative integer. Received: {seed!r}"
        )
    return int(seed)


def check_finite(name: str, value: float) -> float:
    """Returns the argument called `name` as a float.

    Raises:
        ValueError: It is not a finite number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(
            f"`{name}` must be a finite number. Received: {value!r}"
        )
    return number


def check_count(name: str, value: int, least: int = 1) -> int:
    """Returns the argument called `name` as an int.

    Raises:
        ValueError: It is not an integer from `least`.
    """
    is_integer = isinstance(value, int | np.integer)
    if isinstance(value, bool) or not is_integer or value < least:
        wanted = (
            "a positive integer" if least == 1 else f"an integer from {least}"
        )
        raise ValueError(f"`{name}` must be {wanted}. Received: {value!r}")
    return int(value)
