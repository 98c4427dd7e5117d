"""ImageNet 2012 as TFDS prepares it, read from its files."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from experiments.datasets import prepared

NAME = "imagenet2012"
_BUFFER = 10_000
_PARALLEL = 16


@dataclasses.dataclass
class ImageNetSource:
    """The set, with its test split being the official validation images.

    Whole files of the training split are held out, which TFDS has filled in
    random order. Within an epoch the files are read in random order and
    images shuffled in a buffer; resuming skips what came before in the epoch
    without decoding it.

    Args:
        data_dir: TFDS folder, see `experiments.datasets.load`.
        validation: Share of the training files to hold out, in [0, 1).

    Raises:
        ValueError: If the set is not there; says how to get it, and where it
            was looked for. No network is tried.
    """

    data_dir: str | pathlib.Path | None = None
    validation: float = 0.0

    def __post_init__(self) -> None:
        folder = prepared.data_folder(self.data_dir)
        builder = prepared.find(NAME, folder)
        if builder is None:
            raise ValueError(
                "dataset should be prepared beforehand: register at "
                "https://image-net.org/download-images, put "
                "ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar into "
                f"{folder / 'downloads' / 'manual'} and run: python -c "
                '"import tensorflow_datasets as tfds; '
                f"tfds.builder('{NAME}', data_dir='{folder}')"
                '.download_and_prepare()". '
                f"Received: {NAME!r}, which is not in {folder}"
            )
        self._features = builder.info.features
        splits = builder.info.splits
        train, test = splits["train"], splits["validation"]
        held = round(self.validation * train.num_shards)
        if self.validation and not 0 < held < train.num_shards:
            raise ValueError(
                "validation should hold out at least one file and leave one "
                f"of {train.num_shards}. Received: {self.validation}"
            )
        files = [str(path) for path in train.filepaths]
        self._files = {
            "train": files[held:],
            "validation": files[:held],
            "test": [str(path) for path in test.filepaths],
        }
        self.size = sum(train.shard_lengths[held:])
        self.classes = self._features["label"].num_classes
        self.provenance = prepared.provenance(builder.info)

    def training(self, start: int, seed: int) -> tf.data.Dataset:
        """See `Source`."""
        files = tf.constant(self._files["train"])
        first = start // self.size

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            # Of this function's graph alone: the order must not depend on the
            # program's seed, and if that is 0, `shuffle` fails on a tensor.
            tf.random.set_seed(1)
            key = tf.stack([np.int64(seed), number])
            order = tf.random.experimental.stateless_shuffle(files, key)
            records = tf.data.Dataset.from_tensor_slices(order).interleave(
                tf.data.TFRecordDataset,
                cycle_length=_PARALLEL,
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=True,
            )
            records = records.shuffle(
                _BUFFER, seed=seed + number, reshuffle_each_iteration=False
            )
            seen = tf.where(number == first, np.int64(start % self.size), 0)
            return records.skip(seen)

        epochs = tf.data.Dataset.range(first, np.iinfo(np.int64).max)
        return (
            epochs.flat_map(epoch)
            .enumerate(start)
            .map(
                lambda number, record: (number, *self._decode(record)),
                tf.data.AUTOTUNE,
                deterministic=True,
            )
        )

    def evaluation(self, split: str, limit: int = 0) -> tf.data.Dataset:
        """See `Source`."""
        records = tf.data.TFRecordDataset(self._files[split])
        records = records.take(limit) if limit else records
        return records.map(self._decode, tf.data.AUTOTUNE, deterministic=True)

    def _decode(self, record: tf.Tensor) -> tuple[Any, Any]:
        example = self._features.deserialize_example(record)
        return example["image"], tf.cast(example["label"], tf.int32)
