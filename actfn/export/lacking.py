"""Names of operators in what converters say and write."""

from __future__ import annotations

import re

TENSORFLOW = r"\btf\.([A-Z]\w*)"
"""TensorFlow's operators in the messages of converters."""


def names(pattern: str, text: str) -> list[str]:
    """Returns the distinct names in a text, in small letters."""
    found = (name.lower() for name in re.findall(pattern, text))
    return sorted(set(found) - {"delegate"})
