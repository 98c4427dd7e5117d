"""Labelled images in memory: an embedded set and those of TFDS."""

from experiments.datasets.images import ImageDataset, Split, hold_out
from experiments.datasets.loading import SUBSET, load, names
from experiments.datasets.preprocessing import (
    augment,
    channel_statistics,
    shrink,
    standardise,
)

__all__ = [
    "SUBSET",
    "ImageDataset",
    "Split",
    "augment",
    "channel_statistics",
    "hold_out",
    "load",
    "names",
    "shrink",
    "standardise",
]
