"""Named activation functions, each with its source.

The eight functions that "Searching for Activation Functions" published, the
baselines it compared them with (with the paper's constants, not Keras's
defaults), Keras's own scalar functions and what has been published since. The
rows stand in `actfn.catalog.table`. Every name is a word of the language too:
``mish(2 * x)``, those of two inputs too: ``swiglu(x, y)``.
"""

from __future__ import annotations

import dataclasses

from actfn.catalog import arguments, strings, table
from actfn.expressions import operators, spellings
from actfn.expressions.expression import Expression, inputs, parameters
from actfn.expressions.parsing import define, parse
from actfn.layers import ActivationFunction, GatedFunction


@dataclasses.dataclass(frozen=True)
class Entry:
    """A named function.

    Attributes:
        name: What `actfn.get` takes.
        expression: Its text, the formula.
        source: Who published it.
        year: When.
        use_when: What it is good for, in a line.
        initial: The first value of each trainable parameter, in the order of
            appearance; 1 for those beyond, "normal" for random ones.
    """

    name: str
    expression: str
    source: str
    year: int = 0
    use_when: str = ""
    initial: tuple[float | str, ...] = ()

    @property
    def trainable(self) -> bool:
        """Whether it has parameters."""
        return bool(parameters(parse(self.expression)))

    @property
    def first_values(self) -> dict[str, float]:
        """The first value of each parameter by name; 1 for random ones."""
        names = [p.name for p in parameters(parse(self.expression))]
        first = self.initial or (1.0,) * len(names)
        return {
            name: 1.0 if value == "normal" else float(value)
            for name, value in zip(names, first, strict=True)
        }

    @property
    def inputs(self) -> int:
        """How many inputs it has; 2 if it is for a GatedFunction."""
        return inputs(parse(self.expression))

    def layer(self, **kwargs) -> ActivationFunction:
        """Returns a new layer; `kwargs` as for `get`."""
        kwargs = {**kwargs}
        text = arguments.with_constants(self.name, self.expression, kwargs)
        found = parameters(parse(text))
        first = {
            parameter.name: _initializer(value)
            for parameter, value in zip(
                found, self.initial, strict=bool(self.initial)
            )
        }
        kwargs = arguments.with_values(text, kwargs, first or None)
        return _layer(text, **kwargs)


def _layer(expression: str | Expression, **kwargs) -> ActivationFunction:
    """Returns the layer for as many inputs as the expression has."""
    if isinstance(expression, str):
        expression = parse(expression)
    kind = GatedFunction if inputs(expression) == 2 else ActivationFunction
    return kind(expression, **kwargs)


def _initializer(value: float | str) -> dict:
    if value == "normal":
        config = {"mean": 0.0, "stddev": 1.0, "seed": None}
        return {"class_name": "RandomNormal", "config": config}
    return {"class_name": "Constant", "config": {"value": value}}


_CATALOG = {row[0]: Entry(*row) for row in table.ROWS}
for _entry in _CATALOG.values():
    if _entry.name not in operators.names():
        define(_entry.name, _entry.expression)
strings.register(_CATALOG.values())

_GATED = {row[0]: Entry(*row) for row in table.GATED_ROWS}
for _entry in _GATED.values():
    define(_entry.name, _entry.expression, ("x", "y"))
_ALL = {**_CATALOG, **_GATED}

BASELINES = (
    "relu",
    "leaky_relu",
    "prelu",
    "softplus",
    "elu",
    "selu",
    "gelu",
)
"""The baselines of the paper's Tables 4 to 11."""

PUBLISHED = (
    "swish",
    "max_sigmoid",
    "cos_minus_x",
    "min_sin",
    "atan_squared_minus_x",
    "max_tanh",
    "sinc_plus_x",
    "x_asinh_squared",
)
"""The eight functions of the paper's Tables 1 and 2, in their order."""


def names() -> tuple[str, ...]:
    """Returns all names of functions of one input that `get` knows."""
    return tuple(_CATALOG)


def gated_names() -> tuple[str, ...]:
    """Returns the names of the functions of two inputs that `get` knows."""
    return tuple(_GATED)


def find(name: str) -> Entry | None:
    """Returns the entry of a name, None if there is none.

    Case, dashes and the usual synonyms do not matter: ``"SiLU"``,
    ``"hard-swish"``, ``"Swish"``.
    """
    if name in _ALL:
        return _ALL[name]
    name = spellings.normal(name)
    return _ALL.get(name) or _ALL.get(
        spellings.CATALOG.get(name) or spellings.ALIASES.get(name)
    )


def entry(name: str) -> Entry:
    """Returns the entry called `name`, in any spelling that `find` knows.

    Raises:
        ValueError: There is none; the message lists the names.
    """
    found = find(name)
    if found is None:
        close = spellings.closest(name, tuple(_ALL))
        hint = f" (did you mean {' or '.join(close)}?)" if close else ""
        raise ValueError(
            f"`name` must be one of {', '.join(_ALL)}{hint}. Received: {name!r}"
        )
    return found


def get(identifier: str | Expression | dict, **kwargs) -> ActivationFunction:
    """Returns a new layer for a catalog name, text, expression or config.

    Args:
        identifier: A name of `names`, expression text, an `Expression` or
            what `layer.get_config()` or `keras.layers.serialize(layer)`
            returned.
        **kwargs: Arguments of the layer, such as `name` or `dtype`; the first
            value of a parameter by its name, such as ``beta=1.5``; constants
            of some catalog functions, as Keras calls them, such as
            ``negative_slope=0.2`` or ``alpha=0.5``.

    Returns:
        An `ActivationFunction`; a `GatedFunction` for a function of two
        inputs, x and y.

    Raises:
        ExpressionError: A text is neither a name nor an expression.
        ValueError: The identifier is of another kind, or the function has no
            such parameter.

    Example:
        >>> str(get("swish").expression)
        'x * sigmoid(beta * x)'
        >>> str(get("max(x, sigmoid(x))").expression)
        'max(x, sigmoid(x))'
        >>> str(get("leaky_relu", negative_slope=0.2).expression)
        'max(x, 0) + 0.2 * min(x, 0)'
    """
    if isinstance(identifier, dict):
        if isinstance(identifier.get("config"), dict):  # as Keras writes it
            identifier = identifier["config"]
        text = identifier.get("expression")
        if isinstance(text, str):
            first = identifier.get("beta_initializer")
            kwargs = arguments.with_values(text, kwargs, first)
        return _from_config({**identifier, **kwargs})
    if isinstance(identifier, Expression):
        identifier = str(identifier)
    if not isinstance(identifier, str):
        raise ValueError(
            "`identifier` must be a catalog name, expression text, an "
            f"Expression or a layer's config. Received: {identifier!r}"
        )
    known = find(identifier)
    if known is not None:
        return known.layer(**kwargs)
    return _layer(identifier, **arguments.with_values(identifier, kwargs))


def _from_config(config: dict) -> ActivationFunction:
    text = config.get("expression")
    expression = parse(text, inputs=2) if isinstance(text, str) else text
    two = isinstance(expression, Expression) and inputs(expression) == 2
    two = two or config.get("inputs") == 2  # it may not use its y
    kind = GatedFunction if two else ActivationFunction
    return kind.from_config(config)
