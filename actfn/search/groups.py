"""Groups of sites, each with a function of its own, in a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import keras_tuner

from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import GroupedSpace, split_groups

Groups = Mapping[str, str | Sequence[str]] | Sequence[str]
"""Names of groups; for a model, each with the patterns of its sites."""


def check_groups(groups: Groups | None, build: Any) -> dict[str, list[str]]:
    """Returns the patterns of each group, none for a function ``build(hp)``.

    Args:
        groups: None for no groups.
        build: A function or a model.

    Raises:
        ValueError: A model's groups are no mapping to patterns, a pattern is
            given twice, those of a function are one, or a name is no Python
            identifier.
    """
    if groups is None:
        return {}
    is_model = isinstance(build, keras.Model)
    fits = isinstance(groups, Mapping if is_model else list | tuple)
    if fits and groups and not isinstance(groups, str):
        found = {
            name: _patterns(groups[name]) if is_model else [] for name in groups
        }
        given = [pattern for each in found.values() for pattern in each]
        if (
            len(found) == len(groups)
            and all(isinstance(n, str) and n.isidentifier() for n in found)
            and all(isinstance(pattern, str) for pattern in given)
            and len({*given}) == len(given)
            and (not is_model or all(found.values()))
        ):
            return found
    raise ValueError(
        "`groups` must map the name of each group to patterns of sites, each "
        "given once, for a model; for a function it must be a list of names, "
        f"all of them Python identifiers. Received: {groups!r}"
    )


def _patterns(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def grouped(
    space: SearchSpace | GroupedSpace, groups: Groups | None
) -> SearchSpace | GroupedSpace:
    """Returns the product of a space with itself, one for each group."""
    if not groups or space.groups:
        return space
    return GroupedSpace(dict.fromkeys(groups, space))


def check_space(
    space: SearchSpace | GroupedSpace, groups: Groups | None
) -> None:
    """Checks that a space is one of some groups.

    Raises:
        ValueError: It has others.
    """
    if tuple(groups or ()) != space.groups:
        raise ValueError(
            f"`groups` must be those of the space, {space.groups}. "
            f"Received: {groups!r}"
        )


def functions_of(text: str, groups: Sequence[str]) -> dict[str, str]:
    """Returns the function of each group; one alone is the function of all.

    Raises:
        ValueError: The text has other groups.
    """
    found = split_groups(text) or dict.fromkeys(groups, text)
    if {*found} != {*groups}:
        raise ValueError(
            "A function must be given for each of the groups "
            f"{', '.join(groups) or '(none)'}, or one for all. "
            f"Received: {text!r}"
        )
    return found


def set_groups(
    hp: keras_tuner.HyperParameters, groups: Sequence[str]
) -> dict[str, str]:
    """Sets ``activation_NAME`` for each group, as ``activation`` says.

    Returns:
        The function of each group.
    """
    functions = functions_of(hp.get("activation"), groups)
    for name, text in functions.items():
        hp.Fixed(f"activation_{name}", text)
        hp.values[f"activation_{name}"] = text
    return functions
