"""Scheduled drop-path."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("models")
class ScheduledDropPath(keras.layers.Layer):
    """Drops a whole path of single examples, more of them as time goes on.

    In training, an example's path is kept with probability
    1 - rate * min(step / steps, 1) and divided by it; at inference nothing
    happens. Source: Zoph et al., arXiv:1707.07012, and tensorflow/models,
    research/slim/nets/nasnet.

    Args:
        rate: Final probability of dropping, in [0, 1).
        steps: Number of training steps over which the rate grows linearly; 0
            for the full rate from the start.
        seed: Seed of the random numbers.
        **kwargs: Of `keras.layers.Layer`.
    """

    def __init__(
        self, rate: float, steps: int = 0, seed: int | None = None, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.rate, self.steps, self.seed = rate, steps, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the counter of training steps."""
        if self.steps:
            self.step = self.add_weight(
                (), "zeros", "int32", trainable=False, name="step"
            )

    def call(self, inputs, training: bool = False):
        """Applies the layer to (batch, ...)."""
        if not training:
            return inputs
        rate = ops.convert_to_tensor(self.rate, "float32")
        if self.steps:
            share = ops.cast(self.step, "float32") / self.steps
            rate = rate * ops.minimum(share, 1.0)
            self.step.assign_add(1)
        shape = (ops.shape(inputs)[0],) + (1,) * (len(inputs.shape) - 1)
        noise = keras.random.uniform(shape, seed=self.seed_generator)
        kept = ops.cast(noise >= rate, "float32") / (1.0 - rate)
        return inputs * ops.cast(kept, inputs.dtype)

    def get_config(self) -> dict:
        """Returns the arguments."""
        own = {"rate": self.rate, "steps": self.steps, "seed": self.seed}
        return {**super().get_config(), **own}
