"""Makes the embedded subset of Fashion-MNIST from the official idx files.

    python experiments/data/make_fashion_mnist_subset.py IDX_DIR

`IDX_DIR` holds the four files of github.com/zalandoresearch/fashion-mnist,
`train-images-idx3-ubyte.gz` and so on (Debian's package dataset-fashion-mnist
puts them into /usr/share/datasets/fashion-mnist). Of each class the first
1,600 images of the official training split and the first 400 of the official
test split are taken, in their official order. Pixels and labels are those of
the original, byte for byte.
"""

import argparse
import gzip
import hashlib
import pathlib
import sys

import numpy as np

TARGET = pathlib.Path(__file__).parent / "fashion_mnist_subset" / "images.npz"
PER_CLASS = {"train": 1600, "test": 400}
OFFICIAL_NAMES = {"train": "train", "test": "t10k"}


def read_idx(path: pathlib.Path) -> np.ndarray:
    """Reads a gzipped idx file of unsigned bytes.

    Args:
        path: A `.gz` file in LeCun's idx format.

    Returns:
        A uint8 array of the shape that the header states.

    Raises:
        ValueError: If the content is not an idx file of unsigned bytes.
    """
    with gzip.open(path) as file:
        content = file.read()
    zeros, kind, rank = content[:2], content[2], content[3]
    if zeros != b"\0\0" or kind != 8:
        raise ValueError(
            f"{path} should be a gzipped idx file of unsigned bytes. "
            f"Received: a file that starts with {content[:4]!r}"
        )
    shape = np.frombuffer(content, ">i4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def first_of_each_class(labels: np.ndarray, count: int) -> np.ndarray:
    """Returns the sorted positions of the first `count` of each class."""
    kept = [np.flatnonzero(labels == c)[:count] for c in np.unique(labels)]
    return np.sort(np.concatenate(kept))


def select(idx_dir: pathlib.Path) -> dict[str, np.ndarray]:
    """Selects the subset.

    Args:
        idx_dir: The folder with the four official files.

    Returns:
        `train_images`, `train_labels`, `test_images` and `test_labels`:
        uint8 arrays of shape `(images, 28, 28)` and `(images,)`.
    """
    arrays = {}
    for split, official in OFFICIAL_NAMES.items():
        images = read_idx(idx_dir / f"{official}-images-idx3-ubyte.gz")
        labels = read_idx(idx_dir / f"{official}-labels-idx1-ubyte.gz")
        kept = first_of_each_class(labels, PER_CLASS[split])
        arrays[f"{split}_images"] = images[kept]
        arrays[f"{split}_labels"] = labels[kept]
    return arrays


def main(arguments: list[str] | None = None) -> None:
    """Writes the subset and prints the SHA-256 of each array's bytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("idx_dir", type=pathlib.Path)
    parser.add_argument("--target", type=pathlib.Path, default=TARGET)
    options = parser.parse_args(arguments)
    try:
        arrays = select(options.idx_dir)
    except (OSError, ValueError) as error:
        parser.exit(2, f"{error}\n")
    np.savez_compressed(options.target, **arrays)
    for name, array in arrays.items():
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        sys.stdout.write(f"{name} {array.shape} {digest}\n")


if __name__ == "__main__":
    main()
