"""Which activations of a model are replaced, and by what."""

from __future__ import annotations

import fnmatch
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import activations

from actfn.expressions.expression import Expression, inputs
from actfn.surgery.sites import (
    FUSED,
    Site,
    activation_name,
    from_library,
    standard_name,
)

Target = str | type[keras.Layer] | Callable[..., Any]

# A name takes its near relatives, too; a function is itself alone.
_RELATIVES = {"relu": ("relu6",), "gelu": ("gelu_approximate",)}


class Replaced:
    """Tells which sites `replace` names.

    Args:
        replace: The argument of `swap_activations`.

    Raises:
        ValueError: If it is none of what that takes.
    """

    def __init__(self, replace: Target | Sequence[Target]) -> None:
        self.given = replace
        several = isinstance(replace, (list, tuple, set))
        self._targets = list(replace) if several else [replace]
        self.layer_classes = tuple(
            target for target in self._targets if isinstance(target, type)
        )
        if not all(map(self._is_target, self._targets)):
            raise self.error()
        self._activations: list[Any] = []  # functions found to be one
        self._complaints: list[tuple[Any, ValueError]] = []

    @staticmethod
    def _is_target(target: Any) -> bool:
        if isinstance(target, str):
            try:
                return bool(activations.get(target))
            except ValueError:
                known = target in ("prelu", "gelu_approximate")
                return known or bool(_written(target))
        if isinstance(target, type):
            return issubclass(target, keras.Layer)
        return callable(target) and not isinstance(target, keras.Layer)

    def error(self, why: str = "") -> ValueError:
        """Returns the error for a `replace` that is of no use."""
        return ValueError(
            "Argument `replace` must be the name of a Keras activation, what "
            "`actfn.get` takes, an activation function, a layer class, a "
            "function that tells of a site whether to replace it, or a "
            "sequence of these. "
            f"{why}Received: replace={self.given!r}"
        )

    def __contains__(self, site: Site) -> bool:
        return any(self._matches(target, site) for target in self._targets)

    def _matches(self, target: Target, site: Site) -> bool:
        if isinstance(target, str):
            name = standard_name(target)
            names = (name, *_RELATIVES.get(name, ()), _written(target))
            return site.activation in names and not site.within
        if isinstance(target, type):
            if _inputs(site.function) == 2:
                return target is type(site.function)
            fused = isinstance(site.layer, FUSED)
            return isinstance(
                site.layer if fused else site.function, target
            ) or (isinstance(site.function, target))
        if from_library(target):
            return site.activation == activation_name(target)
        inner = getattr(site.function, "activation", None)
        if target is site.function or target is inner:
            self._activations.append(target)
            return True
        try:
            answer = target(site)
        except Exception as error:
            text = f"The function raised {type(error).__name__} for {site}. "
            return self._complain(target, text, error)
        if not isinstance(answer, (bool, int)):
            text = f"The function returned {answer!r} for {site}. "
            return self._complain(target, text)
        return bool(answer)

    def _complain(
        self, target: Any, text: str, cause: Exception | None = None
    ) -> bool:
        """Keeps what was wrong: the function may be an activation elsewhere."""
        error = self.error(text)
        error.__cause__ = cause
        self._complaints.append((target, error))
        return False

    def check(self) -> None:
        """Raises if a function is neither an activation nor a predicate."""
        for target, error in self._complaints:
            if not any(target is one for one in self._activations):
                raise error


@functools.cache
def _written(target: str) -> str:
    """Returns the expression of one of our functions, "" if it is none."""
    from actfn import catalog  # As in `Choice`.

    try:
        return str(catalog.get(target.removeprefix("actfn>")).expression)
    except ValueError:
        return ""


def matches(pattern: str, site: Site) -> bool:
    """Whether a pattern of names is one of a site, as ``"b*"`` is of b1."""
    names = {site.name, site.path, *site.path.split("/")}
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


class Choice:
    """Makes the new activation of each site, and knows what was replaced.

    Args:
        activation: The argument of `swap_activations`.
        replace: The argument of `swap_activations`.

    Raises:
        ValueError: If an argument is none of what that takes; at a call, if
            `activation` gives no new layer.
    """

    def __init__(
        self, activation: Any, replace: Target | Sequence[Target]
    ) -> None:
        self._given = activation
        self._replaced = Replaced(replace)
        self.layer_classes = self._replaced.layer_classes
        self.seen: list[Site] = []
        self.made: list[keras.Layer] = []
        self.left: dict[str, str] = {}
        self._keys: set[str] = set()
        if isinstance(activation, keras.Layer) or activation is None:
            raise self._error()

    def _error(self, why: str = "", instead: Any = None) -> ValueError:
        got = f", which returned {instead!r}" if instead is not None else ""
        return ValueError(
            "Argument `activation` must be what `actfn.get` takes, a function "
            "without arguments that returns a new Keras layer at each call, a "
            "function of the site, or a mapping of name patterns to these. "
            f"{why}Received: activation={self._given!r}{got}"
        )

    def __call__(self, site: Site) -> keras.Layer | None:
        """Returns the new activation of a site, None if the old one stays."""
        self.seen.append(site)
        if site not in self._replaced:
            return None
        value = self._given
        if _is_mapping(value):
            value = self._by_pattern(site)
            if _takes_site(value):
                value = self._call(value, site)
        elif _takes_site(value):
            value = self._call(value, site)
        if value is None:
            return None
        layer = self._layer(value, _inputs(site.function))
        self.made.append(layer)
        return layer

    def see(self, site: Site, reason: str) -> None:
        """Takes note of a site that cannot be replaced."""
        self.seen.append(site)
        if site in self._replaced:
            self.left[site.path] = reason

    def leave(self, path: str, reason: str, layer: keras.Layer) -> None:
        """Takes note that a site did not take the layer made for it."""
        self.made = [one for one in self.made if one is not layer]
        self.left[path] = reason

    def _by_pattern(self, site: Site) -> Any:
        """Returns what the first pattern is given that the site matches."""
        found = [each for each in self._given if matches(each, site)]
        self._keys.update(found)
        return self._given[found[0]] if found else None

    def _layer(self, value: Any, count: int) -> keras.Layer:
        if callable(value) and not isinstance(value, Expression):
            made = (
                value if isinstance(value, keras.Layer) else self._call(value)
            )
        else:
            # Surgery with a factory needs none of our functions.
            from actfn import catalog

            layer = catalog.get(value)
            if inputs(layer.expression) != count:
                wrong = "halves" if count == 1 else "does not halve"
                raise self._error(
                    f"{layer.expression} {wrong} the size, unlike what it is "
                    "to replace. "
                )
            return layer
        if not isinstance(made, keras.Layer) or any(
            made is other for other in self.made
        ):
            raise self._error(instead=made)
        return made

    def _call(self, function: Callable[..., Any], *site: Site) -> Any:
        if site and from_library(function):
            raise self._error(
                "Give a function of Keras or TensorFlow by its name, or as "
                "`lambda: keras.layers.Activation(f)`. "
            )
        try:
            return function(*site)
        except TypeError as error:
            raise self._error(f"({error}) ") from error

    def check(self) -> None:
        """Raises if nothing matched, or a pattern did not."""
        self._replaced.check()
        present = sorted({site.activation for site in self.seen})
        if not self.made and not self._keys:
            unmatched = not any(site in self._replaced for site in self.seen)
            if unmatched or self.left:
                left = "; ".join(f"{k}: {v}" for k, v in self.left.items())
                raise ValueError(
                    "Argument `replace` must match at least one activation of "
                    f"`model`, which has {', '.join(present) or 'none'}"
                    + (f" and keeps {left}" if left else "")
                    + f". Received: replace={self._replaced.given!r}"
                )
        if _is_mapping(self._given):
            unused = [key for key in self._given if key not in self._keys]
            if unused:
                sites = [s.path for s in self.seen if s in self._replaced]
                raise ValueError(
                    "Each key of `activation` must match the name or path of "
                    f"an activation that is replaced; {unused} match none of "
                    f"{sites}. Received: activation={self._given!r}"
                )


def _inputs(function: Any) -> int:
    expression = getattr(function, "expression", None)
    return inputs(expression) if isinstance(expression, Expression) else 1


def _is_mapping(value: Any) -> bool:
    """Tells a mapping of patterns from the config of a layer."""
    return isinstance(value, Mapping) and not isinstance(
        value.get("expression"), str
    )


def _takes_site(value: Any) -> bool:
    """Tells a function of the site from a factory without arguments."""
    known = (keras.Layer, type, Expression)
    if not callable(value) or isinstance(value, known):
        return False
    try:
        inspect.signature(value).bind()
    except TypeError:
        return True
    except ValueError:
        return False
    return False
