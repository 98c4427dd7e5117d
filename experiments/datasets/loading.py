"""Image sets by name."""

import pathlib
import zipfile
import zlib

import numpy as np

from experiments.datasets import own_images, prepared
from experiments.datasets.images import ImageDataset, Split, hold_out

SUBSET = "fashion_mnist_subset"
TFDS_NAMES = ("fashion_mnist", "cifar10", "cifar100")
_SUBSET_FILE = (
    pathlib.Path(__file__).parents[1] / "data" / SUBSET / "images.npz"
)
_FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def names(data_dir: str | pathlib.Path | None = None) -> tuple[str, ...]:
    """Returns the known names: the embedded set, then sets of TFDS.

    Args:
        data_dir: A TFDS folder, see `load`. Whatever is prepared in it is
            known too.
    """
    found = prepared.names(prepared.data_folder(data_dir))
    return tuple(dict.fromkeys((SUBSET, *TFDS_NAMES, *found)))


def load(
    name: str,
    data_dir: str | pathlib.Path | None = None,
    validation: float = 0.1,
    seed: int = 0,
) -> ImageDataset:
    """Loads an image set into memory as NumPy arrays.

    The test split is the official one. The validation split is held out of
    the official training split by `hold_out`; with the default a tenth, which
    makes the usual 45,000 and 5,000 of CIFAR. Nothing is downloaded.

    Args:
        name: `fashion_mnist_subset`, which needs nothing else, or the name of
            any TFDS set with a train and a test split of labelled uint8
            images of one size: `cifar10`, `svhn_cropped`,
            `emnist/balanced`, `mnist:3.0.1`, or one of your own; or the path
            of a folder of images or of an `.npz` file, see `own_images.read`.
            Their validation images, if they have some, are taken instead of a
            part of the training images.
        data_dir: Folder with prepared TFDS sets; by default the environment's
            `TFDS_DATA_DIR`, or else `~/tensorflow_datasets`.
        validation: Share of the training images to hold out, in [0, 1).
        seed: Of the choice of validation images.

    Returns:
        The set.

    Raises:
        ValueError: If the name is unknown, the set is not prepared, its files
            are damaged, it has no such images, or `validation` is out of
            range. No network is tried for that.
    """
    if name == SUBSET:
        dataset = _load_subset()
    elif path := own_images.path_of(name):
        dataset = own_images.read(path)
        if validation and len(dataset.validation):
            return dataset
    else:
        folder = prepared.data_folder(data_dir)
        dataset = prepared.read(name, folder, names(data_dir))
    return hold_out(dataset, validation, seed)


def _load_subset() -> ImageDataset:
    try:
        with np.load(_SUBSET_FILE, allow_pickle=False) as arrays:
            train, test = (
                Split(
                    arrays[f"{split}_images"][..., np.newaxis],
                    arrays[f"{split}_labels"].astype(np.int32),
                )
                for split in ("train", "test")
            )
    except (
        *(OSError, EOFError, KeyError, ValueError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise ValueError(
            f"{_SUBSET_FILE} must be the file of images that the repository "
            "has; get it from there again. "
            f"Received: {type(error).__name__}: {error}"
        ) from None
    return ImageDataset(
        name=SUBSET,
        train=train,
        validation=test.take(np.arange(0)),
        test=test,
        classes=_FASHION_CLASSES,
        provenance=(
            "subset of Fashion-MNIST (arXiv:1708.07747, MIT): the first 1,600 "
            "training and 400 test images of each class"
        ),
    )
