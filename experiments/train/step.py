"""One training step, compiled, on one device or several."""

from typing import Any

import keras
import tensorflow as tf

from experiments.train import optimizers
from experiments.train.averaging import WeightAverage
from experiments.train.config import Config
from experiments.train.task import Activation, Task


class Learner:
    """A model with its optimiser and, if the recipe has one, its average.

    Args:
        task: What is learned.
        config: The recipe.
        activation: Factory of activation layers.
        learning_rate: Of this run.
        strategy: How the step is spread over devices. Each replica takes its
            part of a batch; gradients are averaged, then clipped.
    """

    def __init__(
        self,
        task: Task,
        config: Config,
        activation: Activation,
        learning_rate: float,
        strategy: tf.distribute.Strategy,
    ) -> None:
        self._task, self._strategy = task, strategy
        self._replicas = strategy.num_replicas_in_sync
        self.schedule = optimizers.schedule(
            config, learning_rate, task.examples
        )
        with strategy.scope():
            self.model = task.build(activation)
            self._weights = self.model.trainable_variables
            optimizer = optimizers.optimizer(
                config, self.schedule, self._replicas
            )
            if self.model.compute_dtype == "float16":
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
            optimizer.build(self._weights)
            self.optimizer = optimizer
            self.average = None
            if config.average_decay:
                # Batch norm's statistics as well, as in the Inception recipes.
                self.average = WeightAverage(
                    self.model.weights, config.average_decay
                )
        self._compiled = None

    @property
    def variables(self) -> list[tf.Variable]:
        """All that a checkpoint must hold, in a fixed order."""
        variables = [*self.model.variables, *self.optimizer.variables]
        if self.average:
            variables += self.average.variables
        return [variable.value for variable in variables]

    def distribute(self, batches: tf.data.Dataset) -> Any:
        """Returns the batches as `step` takes them."""
        if self._replicas > 1:
            batches = self._strategy.experimental_distribute_dataset(batches)
        signature = [
            tf.TensorSpec((), tf.int64),
            *batches.element_spec,
        ]
        self._compiled = tf.function(
            self._spread, input_signature=signature, autograph=False
        )
        return batches

    def step(self, number: int, inputs: Any, targets: Any) -> tf.Tensor:
        """Trains on a batch; returns its loss with the weight decay."""
        return self._compiled(tf.constant(number, tf.int64), inputs, targets)

    def _spread(self, number: tf.Tensor, inputs: Any, targets: Any):
        if self._replicas == 1:
            return self._train(number, inputs, targets)
        losses = self._strategy.run(self._train, (number, inputs, targets))
        return self._strategy.reduce("MEAN", losses, axis=None)

    def _train(self, number: tf.Tensor, inputs: Any, targets: Any):
        with tf.GradientTape() as tape:
            outputs = self.model(inputs, training=True)
            loss = self._task.loss(outputs, targets)
            total = tf.add_n([loss, *self.model.losses])
            scaled = self.optimizer.scale_loss(total)
        gradients = tape.gradient(scaled, [v.value for v in self._weights])
        if self._replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = [tf.convert_to_tensor(each) for each in gradients]
            # The optimiser sums what it is given over the replicas.
            gradients = [
                mean / self._replicas
                for mean in context.all_reduce("MEAN", gradients)
            ]
        self.optimizer.apply(gradients)
        if self.average:
            self.average.update(number)
        return total
