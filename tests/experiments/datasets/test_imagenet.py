import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from experiments.datasets import prepared
from experiments.datasets.imagenet import NAME, ImageNetSource

PER_FILE, FILES = 5, 6


class Imagenet2012(tfds.core.GeneratorBasedBuilder):
    """Images as ImageNet's, each of one grey that tells its number."""

    VERSION = tfds.core.Version("5.1.0")

    def _info(self):
        features = tfds.features.FeaturesDict(
            {
                "file_name": tfds.features.Text(),
                "image": tfds.features.Image(encoding_format="png"),
                "label": tfds.features.ClassLabel(num_classes=1000),
            }
        )
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, manager):
        return {
            "train": self._generate_examples(PER_FILE * FILES),
            "validation": self._generate_examples(FILES),
        }

    def _generate_examples(self, count):
        for number in range(count):
            image = np.full((20 + number, 30, 3), number, np.uint8)
            name = f"{number}.png"
            yield name, {"file_name": name, "image": image, "label": number}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tfds")
    shards = tfds.download.DownloadConfig(num_shards=FILES)
    Imagenet2012(data_dir=path).download_and_prepare(download_config=shards)
    return path


def taken(source, start, count, seed=0):
    found = source.training(start, seed).take(count).as_numpy_iterator()
    labels = []
    for number, (place, image, label) in enumerate(found, start):
        assert place == number
        assert (image == label).all() and image.shape == (20 + label, 30, 3)
        labels.append(int(label))
    return labels


def test_epochs_are_whole_and_resume_anywhere(folder):
    source = ImageNetSource(folder)
    size = source.size
    assert (size, source.classes) == (PER_FILE * FILES, 1000)
    order = taken(source, 0, 2 * size)
    assert sorted(order[:size]) == sorted(order[size:]) == list(range(size))
    assert order[:size] != order[size:]
    for start in (7, size, size + 3):
        assert taken(source, start, 10) == order[start : start + 10]
    assert taken(source, 0, size, seed=1) != order[:size]
    for program_seed in (0, 1):
        tf.random.set_seed(program_seed)
        assert taken(source, 0, 10) == order[:10]


def test_held_out_files_are_not_trained_on(folder):
    source = ImageNetSource(folder, validation=1 / FILES)
    held = [int(label) for _, label in source.evaluation("validation")]
    trained = taken(source, 0, source.size)
    assert held and not set(held) & set(trained)
    assert sorted(held + trained) == list(range(PER_FILE * FILES))
    assert len(list(source.evaluation("test"))) == FILES
    assert len(list(source.evaluation("test", 3))) == 3


def test_too_small_a_share_is_refused(folder):
    with pytest.raises(ValueError, match="validation should hold out at least"):
        ImageNetSource(folder, validation=0.001)


def test_a_missing_set_says_how_to_get_it(tmp_path):
    with pytest.raises(ValueError, match="image-net") as caught:
        ImageNetSource(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damaged_files_are_named_while_they_are_read(damage, tmp_path):
    Imagenet2012(data_dir=tmp_path).download_and_prepare()
    (file,) = tmp_path.glob("imagenet2012/**/*train.tfrecord*")
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-5])
    source = ImageNetSource(tmp_path)
    with (
        pytest.raises(ValueError, match=f"imagenet2012.*{tmp_path}"),
        prepared.whole_files(NAME, tmp_path),
    ):
        taken(source, 0, source.size)
