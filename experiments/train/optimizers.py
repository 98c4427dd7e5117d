"""Optimisers and learning rates of the published recipes."""

import keras
import numpy as np
from keras import ops

from experiments.train.config import Config


@keras.saving.register_keras_serializable("experiments")
class RMSProp(keras.optimizers.RMSprop):
    """RMSProp as TensorFlow 1 has it.

    Formula: ``ms = rho * ms + (1 - rho) * g**2``, then
    ``mom = momentum * mom + learning_rate * g / sqrt(ms + epsilon)``, then
    ``w = w - mom``, where ms starts at one.

    Keras 3 has the same rule, with epsilon inside of the root and the
    learning rate in the momentum, but its mean square starts at zero. With
    epsilon 1 and small gradients its first step is 1.38 (the root of 1.9)
    times as long, with a small epsilon far longer.

    Args:
        learning_rate: A number or a schedule.
        rho: Decay of the mean square.
        momentum: Of the steps.
        epsilon: Added to the mean square.
        initial_mean_square: One as in TensorFlow 1, zero as in Keras.
        **kwargs: Of `keras.optimizers.RMSprop`.

    Source: tensorflow/python/training/rmsprop.py; the published ImageNet
    recipes were tuned with it.
    """

    def __init__(
        self,
        learning_rate=0.001,
        rho: float = 0.9,
        momentum: float = 0.9,
        epsilon: float = 1.0,
        initial_mean_square: float = 1.0,
        name: str = "rmsprop",
        **kwargs,
    ) -> None:
        super().__init__(
            learning_rate, rho, momentum, epsilon, name=name, **kwargs
        )
        self.initial_mean_square = initial_mean_square

    def build(self, var_list: list[keras.Variable]) -> None:
        """Makes the slots."""
        if self.built:
            return
        super().build(var_list)
        for mean_square in self._velocities:
            mean_square.assign(
                ops.full_like(mean_square, self.initial_mean_square)
            )

    def get_config(self) -> dict:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "initial_mean_square": self.initial_mean_square,
        }


@keras.saving.register_keras_serializable("experiments")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate as a function of the step, for all recipes.

    drops: ``rate * decay ** (number of drops passed)``.
    exponential: ``rate * decay ** floor(step / decay_steps)``.
    noam: ``rate * width**-0.5 * min(s**-0.5, s * warmup_steps**-1.5)`` with
    s = step + 1 (arXiv:1706.03762, section 5.3).

    Args:
        kind: "drops", "exponential" or "noam".
        rate: The learning rate, or the factor of noam.
        drops: Steps after which the rate drops.
        decay: Factor of a drop.
        decay_steps: Steps between two drops of "exponential".
        floor: Smallest value, as a share of `rate`.
        warmup_steps: Steps at `warmup_rate`, or until the peak of noam.
        warmup_rate: The rate of the first steps, unless noam.
        width: Of the Transformer.
    """

    def __init__(
        self,
        kind: str,
        rate: float,
        drops: list[int] | None = None,
        decay: float = 1.0,
        decay_steps: float = 1.0,
        floor: float = 0.0,
        warmup_steps: int = 0,
        warmup_rate: float = 0.0,
        width: int = 1,
    ) -> None:
        self.kind, self.rate, self.drops = kind, rate, list(drops or [])
        self.decay, self.decay_steps, self.floor = decay, decay_steps, floor
        self.warmup_steps, self.warmup_rate = warmup_steps, warmup_rate
        self.width = width

    def __call__(self, step):
        """Returns the learning rate of step number `step`, from 0."""
        step = ops.cast(step, "float32")
        if self.kind == "noam":
            count = step + 1
            rise = count * max(self.warmup_steps, 1) ** -1.5
            scale = self.rate * self.width**-0.5
            return scale * ops.minimum(ops.rsqrt(count), rise)
        if self.kind == "drops":
            drops = np.asarray(self.drops, "float32")
            passed = ops.sum(ops.cast(step >= drops, "float32"))
        else:
            passed = ops.floor(step / self.decay_steps)
        rate = self.rate * self.decay**passed
        rate = ops.maximum(rate, self.rate * self.floor)
        return ops.where(step < self.warmup_steps, self.warmup_rate, rate)

    def get_config(self) -> dict:
        """Returns the arguments."""
        return dict(vars(self))


def schedule(config: Config, rate: float, examples: int) -> Schedule:
    """Returns the schedule of a recipe.

    Args:
        config: The recipe.
        rate: The learning rate of this run.
        examples: Size of the training split, for decays in epochs.
    """
    return Schedule(
        config.schedule,
        rate,
        drops=[round(share * config.steps) for share in config.drops],
        decay=config.decay,
        decay_steps=config.decay_epochs * examples / config.batch_size,
        floor=config.floor,
        warmup_steps=config.warmup_steps,
        warmup_rate=config.warmup_rate,
        width=config.model_options.get("width", 512),
    )


def optimizer(
    config: Config, rate: Schedule, replicas: int = 1
) -> keras.Optimizer:
    """Returns the optimiser of a recipe.

    SGD multiplies the learning rate into the momentum, as Keras does; Torch's
    differs from it only in the few steps after a drop.

    Args:
        config: The recipe.
        rate: Its schedule.
        replicas: Over how many the gradients, given to each divided by that
            number, are summed.
    """
    shared = {}
    if config.clip_norm:
        shared["global_clipnorm"] = config.clip_norm / replicas
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(
            rate, config.momentum, config.nesterov, **shared
        )
    if config.optimizer == "rmsprop":
        return RMSProp(
            rate, config.rho, config.momentum, config.epsilon, **shared
        )
    return keras.optimizers.Adam(
        rate, config.momentum, config.beta_2, config.epsilon, **shared
    )
