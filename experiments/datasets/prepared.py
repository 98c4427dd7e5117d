"""Reads image sets that TFDS has prepared, without touching the network."""

import contextlib
import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.datasets.images import ImageDataset, Split

_NAME = re.compile(r"[a-z]\w*(/[\w.-]+)?(:\d+\.\d+\.\d+)?")
_BATCH = 500


def data_folder(data_dir: str | pathlib.Path | None = None) -> pathlib.Path:
    """Returns the TFDS folder: the given one, or the environment's."""
    chosen = (
        data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    )
    return pathlib.Path(chosen).expanduser().absolute()


def names(folder: pathlib.Path) -> tuple[str, ...]:
    """Returns the sorted names of the sets prepared in `folder`."""
    versions = [
        path.parent.relative_to(folder)
        for pattern in ("*/*/features.json", "*/*/*/features.json")
        for path in folder.glob(pattern)
    ]
    return tuple(
        sorted(
            {
                version.parent.as_posix()
                for version in versions
                if re.fullmatch(r"\d+\.\d+\.\d+", version.name)
            }
        )
    )


def read(
    name: str,
    folder: pathlib.Path,
    known: tuple[str, ...],
) -> ImageDataset:
    """Reads a prepared set; its validation split is left empty.

    Args:
        name: Of a TFDS set, with `/config` or `:version` if need be.
        folder: The TFDS folder.
        known: Names to list when this one is unknown.

    Returns:
        The set, images in the order of its files.

    Raises:
        ValueError: See `experiments.datasets.load`.
    """
    builder = find(name, folder)
    if builder is None:
        raise _missing(name, folder, known)
    features = builder.info.features
    shape = _image_shape(name, features)
    splits = {
        split: _read_split(name, builder, split, shape)
        for split in ("train", "test")
    }
    return ImageDataset(
        name=name,
        validation=splits["test"].take(np.arange(0)),
        classes=tuple(features["label"].names),
        provenance=provenance(builder.info),
        **splits,
    )


def find(name: str, folder: pathlib.Path) -> Any | None:
    """Returns the TFDS builder of a prepared set, or None if there is none."""
    import tensorflow_datasets as tfds

    if not _NAME.fullmatch(name):
        return None
    try:
        return tfds.core.read_only_builder.builder_from_files(
            name, data_dir=folder
        )
    except tfds.core.DatasetNotFoundError:
        return None


def _missing(
    name: str, folder: pathlib.Path, known: tuple[str, ...]
) -> ValueError:
    """Returns the error for a set that is not prepared."""
    import tensorflow_datasets as tfds

    registered = tfds.list_builders(with_community_datasets=False)
    if not _NAME.fullmatch(name) or re.split("[/:]", name)[0] not in registered:
        return ValueError(
            f"dataset should be one of {', '.join(known)}, another image set "
            "of tensorflow-datasets, a folder of images such as ./photos, or "
            f"an .npz file. Received: {name!r}"
        )
    return ValueError(
        "dataset should be prepared beforehand; this command downloads "
        'it: python -c "import tensorflow_datasets as tfds; '
        f"tfds.load('{name}', data_dir='{folder}')\". "
        f"Received: {name!r}, which is not in {folder}"
    )


def _image_shape(name: str, features: Any) -> tuple[int, int, int]:
    import tensorflow_datasets as tfds

    parts = dict(features.items())
    image, label = parts.get("image"), parts.get("label")
    if (
        not isinstance(image, tfds.features.Image)
        or not isinstance(label, tfds.features.ClassLabel)
        or None in image.shape
        or image.dtype != np.uint8
    ):
        raise ValueError(
            "dataset should have the features `image` (uint8, one fixed size) "
            f"and `label` (a class). Received: {name!r} with {features!r}"
        )
    return image.shape


def _read_split(
    name: str, builder: Any, split: str, shape: tuple[int, int, int]
) -> Split:
    import tensorflow_datasets as tfds

    if split not in builder.info.splits:
        raise ValueError(
            "dataset should have a train and a test split. "
            f"Received: {name!r} with {sorted(builder.info.splits)}"
        )
    count = builder.info.splits[split].num_examples
    images = np.empty((count, *shape), np.uint8)
    labels = np.empty(count, np.int32)
    config = tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1)
    filled = 0
    with whole_files(name, builder.data_dir):
        for batch in tfds.as_numpy(
            builder.as_dataset(
                split=split, batch_size=_BATCH, read_config=config
            )
        ):
            end = filled + len(batch["label"])
            images[filled:end] = batch["image"]
            labels[filled:end] = batch["label"]
            filled = end
    return Split(images, labels)


@contextlib.contextmanager
def whole_files(name: str, folder: str | pathlib.Path) -> Iterator[None]:
    """Says of which set a file is damaged or missing, if one is.

    Args:
        name: Of the set.
        folder: Where its files are.

    Raises:
        ValueError: In place of what TensorFlow raises.
    """
    import tensorflow as tf

    damage = (
        tf.errors.DataLossError,
        tf.errors.NotFoundError,
        tf.errors.FailedPreconditionError,  # TFDS counts the examples.
    )
    try:
        yield
    except damage as error:
        raise ValueError(
            f"dataset {name!r} should have whole files in {folder}; delete "
            "that folder and prepare the set again. "
            f"Received: {type(error).__name__}"
        ) from error


def provenance(info: Any) -> str:
    """Returns which data a TFDS set is, without the path of a machine."""
    note = f"TFDS {info.full_name}"
    if not info.download_size:
        note += " (not made by TFDS from the original download)"
    return note
