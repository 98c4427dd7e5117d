"""Named activation functions, each with its source.

The eight functions that "Searching for Activation Functions" published, the
baselines it compared them with (with the paper's constants, not Keras's
defaults), and Swish with its slope fixed at 1.
"""

from __future__ import annotations

import dataclasses
import difflib

from actfn.expressions.expression import Expression, ExpressionError
from actfn.layers import ActivationFunction

_PAPER = "Ramachandran, Zoph and Le 2017, arXiv:1710.05941"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A named function.

    Attributes:
        name: What `actfn.get` takes.
        expression: Its text.
        source: Who published it.
        beta: The first value of its trainable parameter, if it has one.
    """

    name: str
    expression: str
    source: str
    beta: float = 1.0

    def layer(self, **kwargs) -> ActivationFunction:
        """Returns a new layer; `kwargs` are those of ActivationFunction."""
        if self.beta != 1:
            kwargs.setdefault(
                "beta_initializer",
                {"class_name": "Constant", "config": {"value": self.beta}},
            )
        return ActivationFunction(self.expression, **kwargs)


_ENTRIES = (
    Entry("relu", "max(x, 0)", "Nair and Hinton 2010"),
    Entry("relu6", "min(max(x, 0), 6)", "Krizhevsky 2010; arXiv:1704.04861"),
    Entry("leaky_relu", "max(x, 0.01 * x)", "Maas et al. 2013"),
    Entry(
        "prelu",
        "max(x, 0) + beta * min(x, 0)",
        "He et al. 2015, arXiv:1502.01852",
        beta=0.25,
    ),
    Entry("softplus", "softplus(x)", "Dugas et al. 2001"),
    Entry(
        "elu",
        "max(x, 0) + expm1(min(x, 0))",
        "Clevert et al. 2015, arXiv:1511.07289; alpha 1",
    ),
    Entry(
        "selu",
        "1.0507009873554805 * "
        "(max(x, 0) + 1.6732632423543772 * expm1(min(x, 0)))",
        "Klambauer et al. 2017, arXiv:1706.02515",
    ),
    Entry(
        "gelu",
        "0.5 * x * (1 + erf(0.7071067811865476 * x))",
        "Hendrycks and Gimpel 2016, arXiv:1606.08415; exact",
    ),
    Entry("swish", "x * sigmoid(beta * x)", _PAPER),
    Entry("swish_1", "x * sigmoid(x)", f"{_PAPER}; arXiv:1702.03118"),
    Entry("max_sigmoid", "max(x, sigmoid(x))", _PAPER),
    Entry("cos_minus_x", "cos(x) - x", _PAPER),
    Entry("min_sin", "min(x, sin(x))", _PAPER),
    Entry("atan_squared_minus_x", "atan(x) ** 2 - x", _PAPER),
    Entry("max_tanh", "max(x, tanh(x))", _PAPER),
    Entry("sinc_plus_x", "sinc(x) + x", _PAPER),
    Entry("x_asinh_squared", "x * asinh(x) ** 2", _PAPER),
)
_CATALOG = {entry.name: entry for entry in _ENTRIES}
_CATALOG["silu"] = dataclasses.replace(_CATALOG["swish_1"], name="silu")

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
    """Returns all names that `get` knows."""
    return tuple(_CATALOG)


def entry(name: str) -> Entry:
    """Returns the entry called `name`.

    Raises:
        ValueError: There is none; the message lists the names.
    """
    if name not in _CATALOG:
        raise ValueError(
            f"`name` must be one of {', '.join(_CATALOG)}. Received: {name!r}"
        )
    return _CATALOG[name]


def get(identifier: str | Expression | dict, **kwargs) -> ActivationFunction:
    """Returns a new layer for a catalog name, text, expression or config.

    Args:
        identifier: A name of `names`, expression text, an `Expression` or
            what `layer.get_config()` returned.
        **kwargs: Arguments of the layer, such as `name` or `dtype`.

    Raises:
        ExpressionError: A text is neither a name nor an expression.
        ValueError: The identifier is of another kind.

    Example:
        >>> str(get("swish").expression)
        'x * sigmoid(beta * x)'
        >>> str(get("max(x, sigmoid(x))").expression)
        'max(x, sigmoid(x))'
    """
    if isinstance(identifier, dict):
        return ActivationFunction.from_config({**identifier, **kwargs})
    if isinstance(identifier, Expression):
        return ActivationFunction(identifier, **kwargs)
    if not isinstance(identifier, str):
        raise ValueError(
            "`identifier` must be a catalog name, expression text, an "
            f"Expression or a layer's config. Received: {identifier!r}"
        )
    if identifier in _CATALOG:
        return _CATALOG[identifier].layer(**kwargs)
    try:
        return ActivationFunction(identifier, **kwargs)
    except ExpressionError as error:
        close = difflib.get_close_matches(identifier, _CATALOG, n=3)
        if not close and not identifier.isidentifier():
            raise
        known = " or ".join(close) or ", ".join(_CATALOG)
        raise ExpressionError(f"{error} (catalog names: {known})") from None
