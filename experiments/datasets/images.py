"""The form that every image set takes in this package."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Attributes:
        images: uint8, shape `(images, height, width, channels)`.
        labels: int32 class numbers from 0, shape `(images,)`.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, positions: np.ndarray) -> "Split":
        """Returns a copy of the examples at `positions`, in that order."""
        return Split(self.images[positions], self.labels[positions])


@dataclasses.dataclass(frozen=True, eq=False)
class ImageDataset:
    """An image classification set, entirely in memory.

    Attributes:
        name: The name that `load` knows it by.
        train: Examples to learn from.
        validation: Examples held out of the training split, to choose by.
        test: The official test split, to report.
        classes: Name of each class, in the order of the labels.
        provenance: Which data this is, to state beside every result.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    provenance: str


def hold_out(
    dataset: ImageDataset, fraction: float, seed: int = 0
) -> ImageDataset:
    """Moves a part of the training split to the validation split.

    Of each class `round(fraction * count)` images are drawn without
    replacement by `numpy.random.default_rng(seed)`. Both parts keep the order
    of the original, and whatever `dataset.validation` held is dropped.

    Args:
        dataset: The set to divide.
        fraction: Share of each class to hold out, from 0 to below 1.
        seed: Of the draw. The same seed gives the same validation images.

    Returns:
        The divided set. Its test split is the same object.

    Raises:
        ValueError: If `fraction` is not in [0, 1), or so small that it holds
            out nothing.
    """
    if not 0 <= fraction < 1:
        raise ValueError(
            "validation should be the share of the training images to hold "
            f"out, at least 0 and less than 1. Received: {fraction}"
        )
    labels = dataset.train.labels
    rng = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = round(fraction * len(members))
        held[rng.choice(members, count, replace=False)] = True
    if fraction and not held.any():
        raise ValueError(
            "validation should be 0 or hold out an image or more. Received: "
            f"{fraction} of each class of {len(labels)} images"
        )
    return dataclasses.replace(
        dataset,
        train=dataset.train.take(np.flatnonzero(~held)),
        validation=dataset.train.take(np.flatnonzero(held)),
    )
