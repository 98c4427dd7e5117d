"""Expressions as Keras layers."""

from __future__ import annotations

import numbers

import keras
import numpy as np

from actfn.expressions import lowering, ops
from actfn.expressions.expression import Expression, parameters
from actfn.expressions.parsing import parse
from actfn.layers.inputs import as_floats, one_tensor
from actfn.layers.kernels import activate


@keras.saving.register_keras_serializable(package="actfn")
class ActivationFunction(keras.layers.Layer):
    """Applies an activation function given as an expression, elementwise.

    Formula: ``f(x)`` with f such as ``x * sigmoid(beta * x)``. Each parameter
    of the expression is a weight of shape (channels,), the size of the
    input's channel axis, or of shape () if it is ``scalar``; it never has 16
    bits. One tensor is kept for the backward pass: the input, from which the
    gradient recomputes the function; or in graphs of TensorFlow the slope, if
    there are no parameters.

    As the ``activation`` of a dense or convolutional layer it gets its
    parameters at the first call, as any layer does there: call the model once
    before `load_weights`, `set_weights` or a training loop of your own. As a
    layer of the model it has them at once.

    Args:
        expression: Expression text or an `Expression`.
        beta_initializer: The first value of all parameters, a number, an
            array of one a channel, or an initializer; ones by default. Or a
            dictionary with one of these for each parameter by name.
        beta_regularizer: A penalty on the parameters, none by default.
        beta_constraint: A constraint on the parameters, none by default.
        recompute: Whether the backward pass computes the function anew, so
            that one tensor is kept for it (the default). If not, compiled
            graphs keep intermediate results, which takes less time.
        axis: Which axis of the input has the channels: the last by default,
            1 for images with channels first; None for one value of each
            parameter in all.
        **kwargs: Arguments of every Keras layer, such as `name` and `dtype`.

    Input shape: any, with the channels on `axis`. Once built, inputs with
        another number of channels are refused.
    Output shape: the input's.

    Raises:
        ExpressionError: The expression is malformed.
        ValueError: `axis` is no integer or that of the batch, or the input
            has no such axis or one of unknown size, or of another size later.

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
        axis: int | None = -1,
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
        self.axis = _axis(axis)

    def build(self, input_shape):
        """Creates the parameters, one value per channel."""
        found = parameters(self.expression)
        shape = self.compute_output_shape(input_shape)
        one = self.axis is None
        channels = None
        if not one and not all(p.scalar for p in found):
            channels = self._channels(shape)
            self.input_spec = keras.layers.InputSpec(
                min_ndim=max(-self.axis, self.axis + 1),
                axes={self.axis: self._channels(input_shape)},
            )
        for parameter in found:
            name, initializer = parameter.name, self.beta_initializer
            if isinstance(initializer, dict):
                initializer = initializer[name]
            elif isinstance(initializer, keras.initializers.Initializer):
                # A random one has a seed, and would repeat itself.
                initializer = initializer.clone()
            weight = self.add_weight(
                name=name,
                shape=() if one or parameter.scalar else (channels,),
                dtype=self._parameter_dtype,
                initializer=initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )
            setattr(self, name, weight)
        self._names = [parameter.name for parameter in found]
        self.built = True

    @property
    def _parameter_dtype(self) -> str:
        """Never 16 bits: they swallow small updates and 1e6 overflows."""
        wide = self.variable_dtype not in ("float16", "bfloat16")
        return self.variable_dtype if wide else "float32"

    def _channels(self, input_shape) -> int:
        """Returns the size of the channel axis, or raises ValueError."""
        rank = len(input_shape or ())
        # An input without a batch has channels alone.
        inside = -rank < self.axis < rank or (self.axis == -1 and rank)
        channels = input_shape[self.axis] if inside else None
        if channels is None:
            which = "last axis" if self.axis == -1 else f"axis {self.axis}"
            raise ValueError(
                f"`input_shape` must have a known {which}, other than that of "
                f"the batch, since {self.expression} has a parameter per "
                f"channel. Received: {input_shape}"
            )
        return channels

    def __call__(self, inputs, *args, **kwargs):
        """Returns f(inputs); integers and lists of numbers become floats."""
        return super().__call__(one_tensor(inputs), *args, **kwargs)

    def call(self, inputs):
        """Returns f(inputs), of their shape; that of a gate has half of it."""
        inputs = as_floats(inputs, self.compute_dtype)
        with lowering.reading():
            values = {
                name: self._along_axis(getattr(self, name), len(inputs.shape))
                for name in self._names
            }
        return activate(
            self.expression, inputs, values, self.recompute, self._inputs
        )

    def _along_axis(self, value, rank: int):
        """Returns the values of a parameter, to be broadcast over inputs."""
        if self.axis is None or not len(value.shape):
            return value
        behind = (-1 - self.axis) % rank
        return ops.reshape(value, (-1, *[1] * behind))

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
            "axis": self.axis,
        }


@keras.saving.register_keras_serializable(package="actfn")
class Values(keras.initializers.Initializer):
    """First values of a parameter, each channel's own.

    Args:
        values: A number a channel.

    Raises:
        ValueError: Called for another number of channels.
    """

    def __init__(self, values):
        self.values = values

    def __call__(self, shape, dtype=None):
        """Returns the values."""
        if np.shape(self.values) != tuple(shape):
            raise ValueError(
                "The first values of a parameter must be one number, or of "
                f"its shape, {tuple(shape)}. "
                f"Received: values of shape {np.shape(self.values)}"
            )
        return ops.convert_to_tensor(self.values, dtype)

    def get_config(self) -> dict:
        """Returns what the constructor takes."""
        return {"values": self.values}


def _axis(given) -> int | None:
    if given is None:
        return None
    is_integer = isinstance(given, numbers.Integral)
    if not is_integer or isinstance(given, bool) or given == 0:
        raise ValueError(
            "`axis` must be an integer other than 0, the axis of the batch, "
            f"or None. Received: {given!r}"
        )
    return int(given)


def _initializer(given, expression: Expression):
    """Returns an initializer, or one for each parameter by name."""
    if not isinstance(given, dict) or "class_name" in given:
        return _one_initializer(given)
    names = [parameter.name for parameter in parameters(expression)]
    if {*given} != {*names}:
        raise ValueError(
            "`beta_initializer` must be an initializer, or a dictionary with "
            f"one for each of {names}. Received: {sorted(given)}"
        )
    return {name: _one_initializer(given[name]) for name in names}


def _one_initializer(given):
    if isinstance(given, numbers.Real) and not isinstance(given, bool):
        return keras.initializers.Constant(float(given))
    if isinstance(given, list | tuple):
        given = np.asarray(given, "float64")
    if isinstance(given, np.ndarray) or keras.ops.is_tensor(given):
        values = ops.convert_to_numpy(given)
        if values.size == 1:
            return keras.initializers.Constant(float(values.reshape(())))
        return Values(values.tolist())
    return keras.initializers.get(given)


def _serialized(initializer):
    if isinstance(initializer, dict):
        return {
            name: keras.initializers.serialize(one)
            for name, one in initializer.items()
        }
    return keras.initializers.serialize(initializer)
