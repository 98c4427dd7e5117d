"""Running averages of the weights."""

import contextlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from keras import ops


class WeightAverage:
    """An exponential moving average of variables, to evaluate with.

    Formula: ``average = d * average + (1 - d) * variable`` with
    ``d = min(decay, (1 + step) / (10 + step))``, as TensorFlow 1's average
    with `num_updates` in the Inception recipes. It starts at the first values.

    Args:
        variables: What to average.
        decay: Largest weight of the old average.
    """

    def __init__(
        self, variables: Sequence[keras.Variable], decay: float
    ) -> None:
        self._decay = decay
        self._variables = list(variables)
        self.variables = [
            keras.Variable(
                # Keras would share a variable; this is a copy.
                np.array(variable.numpy(), copy=True),
                trainable=False,
                # All replicas have the same.
                aggregation="only_first_replica",
            )
            for variable in self._variables
        ]

    def update(self, step) -> None:
        """Takes in the values after step number `step`, from 0."""
        step = ops.cast(step, "float32")
        decay = ops.minimum(self._decay, (1 + step) / (10 + step))
        for average, variable in zip(
            self.variables, self._variables, strict=True
        ):
            difference = variable.value - average.value
            average.assign(average.value + (1 - decay) * difference)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Puts the averages in the place of the variables for a while."""
        # Without a copy, these would be views that change with the variables.
        kept = [np.array(v.numpy(), copy=True) for v in self._variables]
        for average, variable in zip(
            self.variables, self._variables, strict=True
        ):
            variable.assign(average.value)
        try:
            yield
        finally:
            for variable, value in zip(self._variables, kept, strict=True):
                variable.assign(value)
