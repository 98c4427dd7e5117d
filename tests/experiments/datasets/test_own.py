"""Sets of one's own: class folders, `.npz` files and text."""

import keras
import numpy as np
import pytest
import tensorflow_datasets as tfds
from sklearn.datasets import load_digits

from experiments import datasets
from experiments.datasets import sentences
from experiments.search import __main__ as search
from experiments.train import __main__ as train


@pytest.fixture(scope="module")
def digits():
    """Images of 0, 1 and 2 by hand, uint8."""
    bunch = load_digits(n_class=3)
    return (bunch.images * 15).astype(np.uint8), bunch.target


def write_folders(root, images, labels, suffix="png"):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / f"class {label}"
        folder.mkdir(parents=True, exist_ok=True)
        keras.utils.save_img(
            folder / f"{number:03}.{suffix}", image[..., None], scale=False
        )


def rows(*splits):
    return sorted(
        (image.tobytes(), int(label))
        for split in splits
        for image, label in zip(split.images, split.labels, strict=True)
    )


def test_class_folders_are_read_and_divided(digits, tmp_path):
    images, labels = digits[0][:60], digits[1][:60]
    write_folders(tmp_path / "digits", images, labels)
    folder = next(tmp_path.rglob("*.png")).parent
    (folder / "._0.png").write_bytes(b"what macOS leaves behind")
    data = datasets.load(str(tmp_path / "digits"), validation=0.25)
    assert data.classes == ("class 0", "class 1", "class 2")
    assert rows(data.train, data.validation, data.test) == sorted(
        (image.tobytes(), label)
        for image, label in zip(images, labels, strict=True)
    )
    counts = np.bincount(labels)
    assert (
        np.bincount(data.test.labels).tolist()
        == np.round(0.2 * counts).tolist()
    )
    assert str(tmp_path) not in data.provenance
    again = datasets.load(str(tmp_path / "digits"), validation=0.25, seed=1)
    assert rows(again.test) == rows(data.test)
    assert "digits" in data.provenance and "held out" in data.provenance


def test_folders_of_splits_are_what_tfds_reads(digits, tmp_path):
    images, labels = digits
    for split, part in (
        ("train", slice(0, 30)),
        ("val", slice(30, 40)),
        ("test", slice(40, 60)),
    ):
        write_folders(tmp_path / split, images[part], labels[part])
    data = datasets.load(str(tmp_path))
    builder = tfds.ImageFolder(str(tmp_path), shape=(None, None, 1))
    assert data.classes == tuple(builder.info.features["label"].names)
    for ours, theirs in (
        ("train", "train"),
        ("validation", "val"),
        ("test", "test"),
    ):
        expected = sorted(
            (example["image"].tobytes(), int(example["label"]))
            for example in tfds.as_numpy(builder.as_dataset(split=theirs))
        )
        assert rows(getattr(data, ours)) == expected
    whole = datasets.load(str(tmp_path), validation=0)
    assert len(whole.validation) == 0


@pytest.mark.parametrize(
    "keys", [("{}_images", "{}_labels"), ("x_{}", "y_{}"), ("X_{}", "y_{}")]
)
def test_arrays_of_a_file(digits, tmp_path, keys):
    images, labels = digits
    path = tmp_path / "digits.npz"
    arrays = {}
    for split, part in (("train", slice(0, 90)), ("test", slice(90, 120))):
        arrays[keys[0].format(split)] = images[part]
        arrays[keys[1].format(split)] = labels[part, None]
    np.savez(path, **arrays)
    data = datasets.load(str(path), validation=0.1)
    assert data.train.images.shape[1:] == (8, 8, 1)
    np.testing.assert_array_equal(data.test.images[..., 0], images[90:120])
    np.testing.assert_array_equal(data.test.labels, labels[90:120])
    assert len(data.train) + len(data.validation) == 90
    assert data.classes == ("0", "1", "2")


def test_grey_and_coloured_images_may_be_mixed(tmp_path):
    rng = np.random.default_rng(0)
    for name, channels in (("a", 1), ("b", 3), ("c", 4)):
        (tmp_path / name).mkdir()
        for number in range(5):
            image = rng.integers(0, 256, (4, 4, channels))
            path = tmp_path / name / f"{number}.png"
            keras.utils.save_img(path, image, scale=False)
    data = datasets.load(str(tmp_path), validation=0)
    assert data.train.images.shape[1:] == (4, 4, 3)
    grey = data.train.images[data.train.labels == 0]
    assert (grey == grey[..., :1]).all()


def bad(tmp_path, case, digits):
    """Makes a set that is not as it should be; returns its name."""
    images, labels = digits[0][:20], digits[1][:20]
    path = tmp_path / "bad.npz"
    if case == "no such file":
        return path
    if case == "no arrays":
        path.write_bytes(b"text")
    elif case == "empty file":
        path.write_bytes(b"")
    elif case == "one array":
        with path.open("wb") as file:
            np.save(file, images)
    elif case == "pickled":
        np.savez(path, x_train=np.array([{}], object), y_train=[0])
    elif case == "no train":
        np.savez(path, images=images)
    elif case == "floats":
        np.savez(path, x_train=images / 255, y_train=labels)
    elif case == "too few labels":
        np.savez(path, x_train=images, y_train=labels[1:])
    elif case == "negative":
        np.savez(path, x_train=images, y_train=labels - 1)
    else:
        path = tmp_path / "bad"
        write_folders(path, images, labels)
        if case == "other size":
            keras.utils.save_img(
                path / "class 1" / "9.png", np.zeros((9, 8, 1))
            )
        elif case == "damaged":
            (path / "class 1" / "000.jpg").write_bytes(b"no image")
        elif case == "one class":
            for number in (1, 2):
                (path / f"class {number}").rename(tmp_path / str(number))
        elif case == "other classes":
            (path / "class 0").rename(tmp_path / "kept")
            write_folders(path / "train", images, labels)
            (path / "test" / "class 9").mkdir(parents=True)
        elif case.startswith("empty "):
            path = tmp_path / "bad_splits"
            for split in ("train", "val", "test"):
                write_folders(path / split, images, labels)
            empty = path / case.removeprefix("empty ")
            for file in empty.rglob("*.png"):
                file.rename(file.with_suffix(".tiff"))
    return path


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("no such file", "savez"),
        ("no arrays", "savez"),
        ("pickled", "savez"),
        ("empty file", "savez"),
        ("one array", "savez.*one array alone"),
        ("no train", "x_train"),
        ("floats", "uint8 images.*float64"),
        ("too few labels", r"\(19,\)"),
        ("negative", "class number from 0"),
        ("other size", "one size, 8 x 8.*9 x 8 in .*9.png"),
        ("damaged", "000.jpg.*cannot be decoded"),
        ("one class", "two classes or more"),
        ("other classes", "same classes.*class 9"),
        ("empty train", "class folders of each split.*bad_splits.train"),
        ("empty val", "class folders of each split.*bad_splits.val"),
        ("empty test", "class folders of each split.*bad_splits.test"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(digits, tmp_path, case, words):
    name = str(bad(tmp_path, case, digits))
    with pytest.raises(ValueError, match=f"{words}.*") as caught:
        datasets.load(name)
    assert "\n" not in str(caught.value)
    assert "Received: " in str(caught.value)
    assert str(name) in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        [train, "--config", "cifar10_half_size_resnet20", "--dataset", "x.npz"],
        [search, "--dataset", "x.npz"],
        [search, "--dataset", "./nosuch"],
        [train, "--config", "wmt14_transformer_base", "--dataset", "a,b,c"],
        [train, "--config", "wmt14_transformer_base", "--dataset", "a.en,b.de"],
    ],
)
def test_programs_end_with_one_line(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    program, *words = arguments
    with pytest.raises(SystemExit) as ended:
        program.main([*words, "--directory", "out"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    assert "dataset should" in error and "Received: " in error


PAIRS = [(f"word {n}", f"Wort {n}") for n in range(40)]


def write_text(path, pairs, side):
    path.write_text("".join(f"{pair[side]}\n" for pair in pairs))


def test_two_text_files(tmp_path):
    names = [tmp_path / "a.en", tmp_path / "a.de"]
    for side, path in enumerate(names):
        write_text(path, [*PAIRS, ("", "left out")], side)
    found = sentences.load(f"{names[0]},{names[1]}", validation=0.25)
    assert sorted(found.train + found.validation + found.tests["test"]) == (
        sorted(PAIRS)
    )
    assert len(found.tests["test"]) == 4 and len(found.validation) == 9
    assert str(tmp_path) not in found.provenance
    write_text(names[1], [*PAIRS[:-1], ("", "changed"), ("", "left out")], 1)
    changed = sentences.load(f"{names[0]},{names[1]}", validation=0.25)
    assert "sha256" in found.provenance
    assert changed.provenance != found.provenance


@pytest.mark.parametrize("chosen", ["", ":de-en"])
def test_a_translate_folder_is_what_tfds_reads(tmp_path, chosen):
    splits = {"train": PAIRS[:30], "dev": PAIRS[30:34], "test": PAIRS[34:]}
    for split, pairs in splits.items():
        for side, language in enumerate(("en", "de")):
            write_text(tmp_path / f"{language}.{split}.txt", pairs, side)
    found = sentences.load(f"{tmp_path}{chosen}", validation=0.1)
    order = ("de", "en") if chosen else ("en", "de")
    builder = tfds.TranslateFolder(str(tmp_path))
    parts = (found.train, found.validation, found.tests["test"])
    for part, split in zip(parts, splits, strict=True):
        assert part == [
            tuple(example[language].decode() for language in order)
            for example in tfds.as_numpy(builder.as_dataset(split=split))
        ]


def test_text_that_does_not_fit_is_named(tmp_path):
    for side, name in enumerate(("en.train.txt", "de.train.txt")):
        write_text(tmp_path / name, PAIRS[side:], side)
    with pytest.raises(ValueError, match=r"40 in .*, 39 in "):
        sentences.load(str(tmp_path))
    with pytest.raises(ValueError, match=r"languages \['de', 'en'\]"):
        sentences.load(f"{tmp_path}:en-fr")
    write_text(tmp_path / "de.train.txt", PAIRS, 1)
    for name in ("en.test.txt", "de.test.txt"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"each split.*with none in test"):
        sentences.load(str(tmp_path))
    for name in ("en.test.txt", "de.test.txt"):
        (tmp_path / name).unlink()
    (tmp_path / "de.train.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"UTF-8.*de\.train\.txt"):
        sentences.load(str(tmp_path))
    (tmp_path / "de.train.txt").unlink()
    with pytest.raises(ValueError, match="two languages"):
        sentences.load(str(tmp_path))
