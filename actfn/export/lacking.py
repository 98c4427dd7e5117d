"""Names of operators in what converters say and write."""

from __future__ import annotations

import re

_TENSORFLOW = r"\btf\.([A-Z]\w*)"
"""TensorFlow's operators in the messages of converters."""
_CLASSES = {"dtype", "module", "operation", "tensor", "tensorshape"}
_CLASSES |= {"graph", "function", "raggedtensor", "sparsetensor", "variable"}
"""What is called likewise in other messages, in small letters."""


def names(pattern: str, text: str) -> list[str]:
    """Returns the distinct names in a text, in small letters."""
    return sorted({name.lower() for name in re.findall(pattern, text)})


def operators_in(text: str) -> list[str]:
    """Returns the operators of TensorFlow that a message of a converter names.

    None if it is of something else, such as a tensor that is no Python bool.
    """
    return [n for n in names(_TENSORFLOW, text) if n not in _CLASSES]
