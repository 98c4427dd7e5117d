"""Image sets of one's own: class folders and `.npz` files."""

import hashlib
import pathlib
import zipfile
from collections.abc import Mapping

import numpy as np

from experiments.datasets.images import ImageDataset, Split, hold_out

TEST_SHARE = 0.2
"""Of each class, where a set has no test split."""
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif"}
_SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
# Images and labels of a split, as MedMNIST, Keras and scikit-learn's users
# name them.
_ARRAYS = (("{}_images", "{}_labels"), ("x_{}", "y_{}"), ("X_{}", "y_{}"))
_EXPECTED = (
    "uint8 images of shape (images, height, width) or (images, height, width, "
    "channels) and a class number from 0 for each"
)


def path_of(name: str) -> pathlib.Path | None:
    """Returns the path that a name is, or None if it is another name.

    A path ends in `.npz` or is a folder that is there and begins with `/`,
    `.` or `~`, so that no set of TFDS is mistaken for one.
    """
    path = pathlib.Path(name).expanduser()
    if name.endswith(".npz") or (name[:1] in ("/", ".", "~") and path.is_dir()):
        return path
    return None


def read(path: pathlib.Path) -> ImageDataset:
    """Reads a set; its validation split is empty if it has none.

    A folder has a folder for each class (`cats/1.png`), or a folder for each
    split with those of the classes in it (`train/cats/1.png`), which is what
    TFDS calls an `ImageFolder`. A file has `train_images` and `train_labels`,
    or `x_train` and `y_train`, likewise for `test` and `val`. Without a test
    split, a fifth of each class is held out, the same at each time.

    Args:
        path: Of the folder or the `.npz` file.

    Raises:
        ValueError: If it holds no such images; says which file is not as it
            should be.
    """
    if path.suffix == ".npz":
        splits, classes = _from_file(path)
    else:
        splits, classes = _from_folders(path)
    kind = "file" if path.suffix == ".npz" else "folders"
    digest = hashlib.sha256()
    for split in splits.values():
        digest.update(split.images.tobytes() + split.labels.tobytes())
    note = f"{kind} {path.name} (sha256 {digest.hexdigest()[:12]})"
    train = splits["train"]
    empty = train.take(np.arange(0))
    validation = splits.get("validation", empty)
    test = splits.get("test")
    if test is None:
        whole = ImageDataset("", train, empty, empty, classes, "")
        divided = hold_out(whole, TEST_SHARE)
        train, test = divided.train, divided.validation
        note += ", a fifth of each class held out for testing"
    return ImageDataset(str(path), train, validation, test, classes, note)


def _from_folders(
    path: pathlib.Path,
) -> tuple[dict[str, Split], tuple[str, ...]]:
    folders = {each.name: each for each in _visible(path) if each.is_dir()}
    found = {
        split: folders[name]
        for split, names in _SPLITS.items()
        for name in names
        if name in folders
    }
    if "train" not in found:
        found = {"train": path}
    classes = sorted(
        each.name for each in _visible(found["train"]) if each.is_dir()
    )
    if len(classes) < 2:
        raise ValueError(
            "dataset should be a folder with a folder of images "
            f"({', '.join(sorted(_SUFFIXES))}) for each of two classes or "
            "more, or with such folders in `train` and `test`. "
            f"Received: {str(path)!r} with {sorted(folders)}"
        )
    files = {split: _files(folder, classes) for split, folder in found.items()}
    images = _decoded([file for each in files.values() for file, _ in each])
    splits, start = {}, 0
    for split, each in files.items():
        labels = np.array([label for _, label in each], np.int32)
        splits[split] = Split(images[start : start + len(each)], labels)
        start += len(each)
    return splits, tuple(classes)


def _visible(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith("."))


def _files(
    folder: pathlib.Path, classes: list[str]
) -> list[tuple[pathlib.Path, int]]:
    files = []
    for each in _visible(folder):
        if not each.is_dir():
            continue
        if each.name not in classes:
            raise ValueError(
                "dataset should have the same classes in each split, "
                f"{', '.join(classes)}. Received: {str(each)!r}"
            )
        for file in sorted(each.rglob("*")):
            hidden = any(
                part.startswith(".") for part in file.relative_to(each).parts
            )
            if file.suffix.lower() in _SUFFIXES and not hidden:
                files.append((file, classes.index(each.name)))
    if not files:
        raise ValueError(
            f"dataset should have images ({', '.join(sorted(_SUFFIXES))}) in "
            f"the class folders of each split. Received: {str(folder)!r} "
            "without any"
        )
    return files


def _decoded(files: list[pathlib.Path]) -> np.ndarray:
    """Returns uint8 images; grey ones are repeated if others have colours."""
    images: list[np.ndarray] = []
    for file in files:
        image = _decode(file)
        if images and image.shape[:2] != images[0].shape[:2]:
            height, width = images[0].shape[:2]
            raise ValueError(
                f"dataset should have images of one size, {height} x {width} "
                f"as {files[0].name}. Received: {image.shape[0]} x "
                f"{image.shape[1]} in {str(file)!r}"
            )
        images.append(image)
    channels = max(image.shape[2] for image in images)
    return np.stack(
        [np.broadcast_to(i, (*i.shape[:2], channels)) for i in images]
    )


def _decode(file: pathlib.Path) -> np.ndarray:
    import tensorflow as tf

    try:
        image = tf.io.decode_image(
            file.read_bytes(), expand_animations=False
        ).numpy()
    except tf.errors.InvalidArgumentError:
        raise ValueError(
            "dataset should have whole images. "
            f"Received: {str(file)!r}, which cannot be decoded"
        ) from None
    # An alpha channel is left out.
    return image[..., :1] if image.shape[2] < 3 else image[..., :3]


def _from_file(path: pathlib.Path) -> tuple[dict[str, Split], tuple[str, ...]]:
    try:
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("it holds one array alone")
        with file:
            splits = {
                split: pair
                for split, names in _SPLITS.items()
                if (pair := _pair(file, names, path))
            }
            found = file.files
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        if str(error).startswith("dataset should"):
            raise
        raise ValueError(
            "dataset should be a file of NumPy's `savez`. "
            f"Received: {str(path)!r}, {' '.join(str(error).split())}"
        ) from None
    if "train" not in splits:
        raise ValueError(
            "dataset should have the arrays train_images and train_labels, or "
            f"x_train and y_train. Received: {str(path)!r} with {found}"
        )
    shapes = {split.images.shape[1:] for split in splits.values()}
    if len(shapes) > 1:
        raise ValueError(
            "dataset should have images of one shape in all splits. "
            f"Received: {str(path)!r} with {sorted(shapes)}"
        )
    count = 1 + max(int(split.labels.max()) for split in splits.values())
    return splits, tuple(map(str, range(count)))


def _pair(
    file: Mapping[str, np.ndarray], names: tuple[str, ...], path: pathlib.Path
) -> Split | None:
    """Returns the images and labels of a split, if a file has them."""
    for name in names:
        for images, labels in _ARRAYS:
            keys = images.format(name), labels.format(name)
            if all(key in file for key in keys):
                return _checked(*(file[key] for key in keys), keys, path)
    return None


def _checked(
    images: np.ndarray,
    labels: np.ndarray,
    keys: tuple[str, str],
    path: pathlib.Path,
) -> Split:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if (
        images.dtype != np.uint8
        or images.ndim not in (3, 4)
        or not images.size
        or labels.shape != images.shape[:1]
        or labels.dtype.kind not in "iu"
        or labels.min() < 0
    ):
        raise ValueError(
            f"dataset should have {_EXPECTED}. Received: {str(path)!r} with "
            f"{keys[0]} of {images.dtype} {images.shape} and {keys[1]} of "
            f"{labels.dtype} {labels.shape}"
        )
    if images.ndim == 3:
        images = images[..., np.newaxis]
    return Split(images, labels.astype(np.int32))
