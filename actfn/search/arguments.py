"""What `find` and `compare` are given, checked, and as they need it."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import keras
import keras_tuner

from actfn.expressions.expression import Expression
from actfn.search.candidates import distinct
from actfn.search.child import FromModel

REPLACE = "relu"
"""Which activations of a compiled model are exchanged."""


def builder_of(
    build: Any,
    replace: Any,
    keep_weights: bool,
    patterns: Mapping[str, list[str]],
) -> Callable[[keras_tuner.HyperParameters], keras.Model]:
    """Returns what builds a child's model.

    Args:
        build: A function, a `HyperModel` or a compiled model.
        replace: Which activations of a compiled model are exchanged.
        keep_weights: Whether it keeps its weights.
        patterns: Of the sites of each group.

    Raises:
        ValueError: It is none of these, or what is of a compiled model alone
            is given with another.
    """
    if isinstance(build, keras.Model):
        return FromModel(build, replace, keep_weights, patterns)
    if replace != REPLACE or keep_weights:
        raise ValueError(
            "`replace` and `keep_weights` must go with a compiled model, whose "
            f"activations are exchanged. Received: {replace=}, {keep_weights=} "
            "and a function that builds one"
        )
    if isinstance(build, keras_tuner.HyperModel):
        if type(build).fit is not keras_tuner.HyperModel.fit:
            raise ValueError(
                "`build` must be a HyperModel without a `fit` of its own, as "
                "all children are trained alike: give what it fits with as "
                f"arguments. Received: {type(build).__name__}"
            )
        return build.build
    if not callable(build):
        raise ValueError(
            "`build` must be a function `build(hp)`, a HyperModel or a "
            f"compiled model. Received: {build!r}"
        )
    return build


def baselines_of(
    used: Sequence[str | None],
    baselines: Sequence[str] | None,
    usual: Sequence[str],
) -> Sequence[str]:
    """Returns the baselines, distinct, the function in use before the others.

    Args:
        used: By a compiled model, the commonest first; None is not known.
        baselines: As they are given; None for the usual ones.
        usual: If there are none, that in use alone, or ReLU.

    Raises:
        ValueError: They are no functions, or that in use has no name.
    """
    known = [name for name in used[:1] if name is not None]
    if baselines is None:
        if used and not known:
            raise ValueError(
                "`baselines` must begin with the function that the model uses, "
                "or the one nearest to it, where `replace` exchanges one that "
                "`actfn.get` does not make of a name alone, such as one whose "
                'parameters begin with other values: baselines=["prelu"]. '
                "Received: none"
            )
        baselines = usual or (() if known else ("relu",))
    else:
        check_functions("baselines", baselines)
    return distinct((*known, *distinct(baselines)))


def check_functions(name: str, given: Any) -> None:
    """Checks that an argument is functions: one name or text, or several.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(given, Collection) or not all(
        isinstance(each, str | Expression) for each in given
    ):
        raise ValueError(
            f"`{name}` must be names or expressions, in a list. "
            f"Received: {given!r}"
        )


def folder_of(directory: Any) -> pathlib.Path:
    """Returns the folder of a search.

    Raises:
        ValueError: It is no path.
    """
    if not isinstance(directory, str | os.PathLike):
        raise ValueError(f"`directory` must be a path. Received: {directory!r}")
    return pathlib.Path(directory).expanduser()
