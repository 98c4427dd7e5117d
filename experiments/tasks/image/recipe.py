"""How a child is built and trained."""

from __future__ import annotations

import dataclasses

from experiments import datasets


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a child is built and trained.

    Attributes:
        dataset: The image set, see `experiments.datasets.names`.
        model: A name of `models.names()`.
        width: Channels of the model's first stage.
        pooling: Images are averaged over squares of this side first.
        steps: Training steps.
        batch_size: Images a step.
        learning_rate: Of SGD with Nesterov momentum 0.9, decayed to zero by
            half a cosine.
        weight_decay: The factor of the weights in the gradient.
        augment: Whether to shift by up to 4 pixels and to mirror.
        validation: The share of the training images held out; its accuracy
            is the reward.
        children: How many, of different seeds, judge a function; accuracy and
            loss are their means.
        screen: Whether a child is given up that is hopeless: one whose
            function is constant or not finite on standard-normal inputs, or
            whose outputs are not finite before training, or whose training
            loss is no better than guessing after a quarter of the steps.
        rungs: Shares of the steps after which the child is evaluated and
            reported while it trains, for successive halving.
    """

    dataset: str = datasets.SUBSET
    model: str = "resnet8"
    width: int = 8
    pooling: int = 2
    steps: int = 400
    batch_size: int = 64
    learning_rate: float = 0.1
    weight_decay: float = 0.0
    augment: bool = False
    validation: float = 0.25
    children: int = 1
    screen: bool = True
    rungs: tuple[float, ...] = ()


PRESETS = {
    "quick": Recipe(),
    # The child of arXiv:1710.05941: ResNet-20, CIFAR-10, 10,000 steps. Batch,
    # learning rate and decay, which it does not state, are those of He et
    # al., arXiv:1512.03385; the cosine stands for their two drops.
    "paper": Recipe(
        dataset="cifar10",
        model="resnet20",
        width=16,
        pooling=1,
        steps=10_000,
        batch_size=128,
        weight_decay=1e-4,
        augment=True,
        validation=0.1,
    ),
}
