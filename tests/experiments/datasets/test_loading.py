import gzip
import hashlib
import pathlib
import re
import runpy
import socket
import struct

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from experiments import datasets
from experiments.datasets import loading
from experiments.search import __main__ as search

DATA = pathlib.Path(datasets.__file__).parents[1] / "data"
MAKER = DATA / "make_fashion_mnist_subset.py"


@pytest.fixture(scope="module")
def subset():
    return datasets.load("fashion_mnist_subset")


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the network was tried")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def tiny_images(count):
    rng = np.random.default_rng(count)
    return rng.integers(0, 256, (count, 6, 5, 3), dtype=np.uint8)


def prepare(data_dir, name="tiny_set", splits=(("train", 40), ("test", 20))):
    """Makes a real TFDS set; returns its images and labels by split."""
    expected = {
        split: (tiny_images(count), np.arange(count) % 4)
        for split, count in splits
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version="1.0.0",
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(6, 5, 3)),
                "label": tfds.features.ClassLabel(names=["a", "b", "c", "d"]),
            }
        ),
        split_datasets={
            split: tf.data.Dataset.from_tensor_slices(
                {"image": images, "label": labels}
            )
            for split, (images, labels) in expected.items()
        },
        data_dir=data_dir,
        disable_shuffling=True,
    )
    return expected


def rows_of(split):
    """The examples as a set of (pixels, label)."""
    return {
        (image.tobytes(), int(label))
        for image, label in zip(split.images, split.labels, strict=True)
    }


def test_subset_matches_its_readme(subset):
    readme = (DATA / "fashion_mnist_subset" / "README.md").read_text()
    stated = dict(re.findall(r"`(\w+)` \| [\d, ]+ \| `(\w{64})`", readme))
    assert len(stated) == 4
    with np.load(DATA / "fashion_mnist_subset" / "images.npz") as arrays:
        found = {
            name: hashlib.sha256(arrays[name].tobytes()).hexdigest()
            for name in arrays.files
        }
    assert found == stated


def test_subset_is_stratified_and_small(subset):
    assert len(subset.train) + len(subset.validation) == 16000
    assert subset.train.images.shape == (14400, 28, 28, 1)
    assert subset.train.images.dtype == np.uint8
    assert np.bincount(subset.train.labels).tolist() == [1440] * 10
    assert np.bincount(subset.validation.labels).tolist() == [160] * 10
    assert np.bincount(subset.test.labels).tolist() == [400] * 10
    size = sum(f.stat().st_size for f in DATA.rglob("*") if f.is_file())
    assert size < 12 * 2**20


def test_subset_holds_fashion(subset):
    """The nearest class mean finds two thirds of the classes: real labels."""
    images = subset.train.images.reshape(len(subset.train), -1) / 255
    means = np.stack(
        [images[subset.train.labels == c].mean(axis=0) for c in range(10)]
    )
    test = subset.test.images.reshape(len(subset.test), -1) / 255
    distances = (means**2).sum(axis=1) - 2 * test @ means.T
    accuracy = np.mean(distances.argmin(axis=1) == subset.test.labels)
    assert 0.6 < accuracy < 0.75
    assert subset.classes[9] == "Ankle boot"


def test_maker_takes_the_first_of_each_class(tmp_path):
    rng = np.random.default_rng(0)
    for official, count in (("train", 20000), ("t10k", 5000)):
        labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
        images = rng.integers(0, 256, (count, 2, 2), dtype=np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(">BBBB", 0, 0, 8, array.ndim)
            header += struct.pack(f">{array.ndim}i", *array.shape)
            with gzip.open(tmp_path / f"{official}-{kind}-ubyte.gz", "w") as f:
                f.write(header + array.tobytes())
    target = tmp_path / "images.npz"
    runpy.run_path(str(MAKER))["main"]([str(tmp_path), "--target", str(target)])
    with np.load(target) as arrays:
        kept = [
            i
            for i, label in enumerate(labels)
            if np.sum(labels[:i] == label) < 400
        ]
        np.testing.assert_array_equal(arrays["test_images"], images[kept])
        np.testing.assert_array_equal(arrays["test_labels"], labels[kept])
        assert len(arrays["train_labels"]) == 16000


def test_maker_refuses_other_files(tmp_path, capsys):
    with gzip.open(tmp_path / "train-images-idx3-ubyte.gz", "w") as file:
        file.write(b"no idx file")
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(MAKER))["main"]([str(tmp_path)])
    assert end.value.code == 2
    assert "idx file" in capsys.readouterr().err


def test_hold_out_divides_each_class(subset):
    again = datasets.load("fashion_mnist_subset")
    other = datasets.load("fashion_mnist_subset", seed=1)
    np.testing.assert_array_equal(
        again.validation.images, subset.validation.images
    )
    assert rows_of(other.validation) != rows_of(subset.validation)
    assert rows_of(other.train) | rows_of(other.validation) == rows_of(
        subset.train
    ) | rows_of(subset.validation)


def test_a_share_that_holds_out_nothing_is_refused():
    with pytest.raises(ValueError, match=r"hold out an image.*Received: 1e-05"):
        datasets.load("fashion_mnist_subset", validation=1e-5)


def test_no_validation():
    whole = datasets.load("fashion_mnist_subset", validation=0)
    assert len(whole.train) == 16000
    assert whole.validation.images.shape == (0, 28, 28, 1)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_validation_out_of_range(share):
    with pytest.raises(ValueError, match="Received: "):
        datasets.load("fashion_mnist_subset", validation=share)


def test_prepared_set_is_read_as_it_is(tmp_path, no_network):
    expected = prepare(tmp_path)
    loaded = datasets.load("tiny_set", tmp_path, validation=0.25)
    for split, (images, labels) in expected.items():
        found = getattr(loaded, split)
        rows = rows_of(found)
        if split == "train":
            held = np.bincount(loaded.validation.labels)
            assert held.tolist() == [2, 2, 2, 2]  # a quarter of 10 each
            rows |= rows_of(loaded.validation)
        assert rows == rows_of(datasets.Split(images, labels))
    np.testing.assert_array_equal(loaded.test.images, expected["test"][0])
    np.testing.assert_array_equal(loaded.test.labels, expected["test"][1])
    assert loaded.train.labels.dtype == np.int32
    assert loaded.classes == ("a", "b", "c", "d")
    assert "tiny_set/1.0.0" in loaded.provenance
    assert "tiny_set" in datasets.names(tmp_path)


def test_data_folder_from_the_environment(tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert len(datasets.load("tiny_set:1.0.0").test) == 20


@pytest.mark.parametrize("name", ["no_such_set", "CIFAR-10", "", "../x", "a:b"])
def test_unknown_name_lists_the_known_ones(name, tmp_path, no_network):
    with pytest.raises(ValueError, match=r"cifar10, cifar100.*Received: "):
        datasets.load(name, tmp_path)


def test_missing_set_says_how_to_get_it(tmp_path, no_network):
    with pytest.raises(ValueError) as caught:
        datasets.load("cifar100", tmp_path)
    message = str(caught.value)
    assert str(tmp_path) in message
    assert "tfds.load('cifar100'" in message
    assert "\n" not in message


def test_interrupted_preparation_counts_as_missing(tmp_path, no_network):
    prepare(tmp_path, "cifar10")
    versions = tmp_path / "cifar10"
    (versions / "1.0.0").rename(versions / "incomplete.A1B2C3_1.0.0")
    assert datasets.names(tmp_path) == datasets.names(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="prepared beforehand"):
        datasets.load("cifar10", tmp_path)


DAMAGES = {
    "truncated": lambda data: data[:1000],
    "overwritten": lambda data: data[999::-1],
    # The first record: length, its checksum, content, its checksum.
    "short": lambda data: data[: 16 + int.from_bytes(data[:8], "little")],
    "empty": lambda data: b"",
}


@pytest.mark.parametrize("damage", ["missing", *DAMAGES])
def test_damaged_files(damage, tmp_path):
    prepare(tmp_path)
    (shard,) = (tmp_path / "tiny_set").rglob("*test.tfrecord*")
    if damage == "missing":
        shard.unlink()
    else:
        shard.write_bytes(DAMAGES[damage](shard.read_bytes()))
    with pytest.raises(ValueError, match="delete that folder"):
        datasets.load("tiny_set", tmp_path)


def test_set_without_a_test_split(tmp_path):
    prepare(tmp_path, splits=[("train", 8)])
    with pytest.raises(ValueError, match=r"test split. Received: 'tiny_set'"):
        datasets.load("tiny_set", tmp_path)


def test_set_without_images(tmp_path):
    tfds.dataset_builders.store_as_tfds_dataset(
        name="words",
        version="1.0.0",
        features=tfds.features.FeaturesDict({"text": tfds.features.Text()}),
        split_datasets={
            "train": tf.data.Dataset.from_tensor_slices({"text": ["a", "b"]})
        },
        data_dir=tmp_path,
    )
    with pytest.raises(ValueError, match="features `image`"):
        datasets.load("words", tmp_path)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "bit", "text"])
def test_a_damaged_subset_is_named(damage, tmp_path, monkeypatch, capsys):
    path = tmp_path / "images.npz"
    whole = bytearray(loading._SUBSET_FILE.read_bytes())
    whole[len(whole) // 2] ^= damage == "bit"
    parts = {"empty": b"", "cut": whole[:5000], "bit": whole, "text": b"x" * 99}
    if damage != "missing":
        path.write_bytes(parts[damage])
    monkeypatch.setattr(loading, "_SUBSET_FILE", path)
    words = f"--task image --preset deep --directory {tmp_path / 'found'}"
    with pytest.raises(SystemExit) as ended:
        search.main(words.split())
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and str(path) in said[0]
    assert not (tmp_path / "found").exists()
