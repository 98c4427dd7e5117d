"""Expressions as Keras layers."""

from __future__ import annotations

import keras

from actfn.expressions.expression import Expression, parameters
from actfn.expressions.parsing import parse
from actfn.layers.kernels import activate


@keras.saving.register_keras_serializable(package="actfn")
class ActivationFunction(keras.layers.Layer):
    """Applies an activation function given as an expression, elementwise.

    Formula: ``f(x)`` with f such as ``x * sigmoid(beta * x)``. Each parameter
    of the expression is a weight of shape (channels,), the size of the
    input's last axis, or of shape () if it is ``scalar``. The gradient
    recomputes the function: only the input is kept for the backward pass.

    Args:
        expression: Expression text or an `Expression`.
        beta_initializer: The first value of all parameters, ones by default;
            or a dictionary with one for each parameter by name.
        beta_regularizer: A penalty on the parameters, none by default.
        beta_constraint: A constraint on the parameters, none by default.
        recompute: Whether the backward pass computes the function anew, so
            that only the input is kept for it (the default). If not, compiled
            graphs keep intermediate results, which takes less time.
        **kwargs: Arguments of every Keras layer, such as `name` and `dtype`.

    Input shape: any, with the channels on the last axis.
    Output shape: the input's.

    Raises:
        ExpressionError: The expression is malformed.

    Example:
        >>> layer = ActivationFunction("x * sigmoid(beta * x)")
        >>> float(layer(keras.ops.zeros((1, 4)))[0, 0])
        0.0
        >>> layer.beta.shape
        (4,)

    Source: Ramachandran, Zoph and Le, "Searching for Activation Functions",
    arXiv:1710.05941.
    """

    _inputs = 1

    def __init__(
        self,
        expression: str | Expression,
        beta_initializer="ones",
        beta_regularizer=None,
        beta_constraint=None,
        recompute: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        if isinstance(expression, Expression):
            expression = str(expression)
        self.expression = parse(expression, inputs=self._inputs)
        self.beta_initializer = _initializer(beta_initializer, self.expression)
        self.beta_regularizer = keras.regularizers.get(beta_regularizer)
        self.beta_constraint = keras.constraints.get(beta_constraint)
        self.recompute = recompute

    def build(self, input_shape):
        """Creates the parameters, one value per channel."""
        found = parameters(self.expression)
        shape = self.compute_output_shape(input_shape)
        channels = shape[-1] if shape else None
        if channels is None and not all(p.scalar for p in found):
            raise ValueError(
                "`input_shape` must have a known last axis, since "
                f"{self.expression} has a parameter per channel. "
                f"Received: {input_shape}"
            )
        for parameter in found:
            name, initializer = parameter.name, self.beta_initializer
            if isinstance(initializer, dict):
                initializer = initializer[name]
            weight = self.add_weight(
                name=name,
                shape=() if parameter.scalar else (channels,),
                initializer=initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,  # 16 bits would swallow small updates.
            )
            setattr(self, name, weight)
        self._names = [parameter.name for parameter in found]
        self.built = True

    def call(self, inputs):
        """Returns f(inputs), of the shape of inputs."""
        values = {name: getattr(self, name) for name in self._names}
        return activate(self.expression, inputs, values, self.recompute)

    def compute_output_shape(self, input_shape):
        """Returns the input's shape."""
        return input_shape

    def get_config(self) -> dict:
        """Returns what `from_config` takes; the expression as text."""
        return {
            **super().get_config(),
            "expression": str(self.expression),
            "beta_initializer": _serialized(self.beta_initializer),
            "beta_regularizer": keras.regularizers.serialize(
                self.beta_regularizer
            ),
            "beta_constraint": keras.constraints.serialize(
                self.beta_constraint
            ),
            "recompute": self.recompute,
        }


def _initializer(given, expression: Expression):
    """Returns an initializer, or one for each parameter by name."""
    if not isinstance(given, dict) or "class_name" in given:
        return keras.initializers.get(given)
    names = [parameter.name for parameter in parameters(expression)]
    if {*given} != {*names}:
        raise ValueError(
            "`beta_initializer` must be an initializer, or a dictionary with "
            f"one for each of {names}. Received: {sorted(given)}"
        )
    return {name: keras.initializers.get(given[name]) for name in names}


def _serialized(initializer):
    if isinstance(initializer, dict):
        return {
            name: keras.initializers.serialize(one)
            for name, one in initializer.items()
        }
    return keras.initializers.serialize(initializer)
