import pytest
import tensorflow_datasets as tfds

from experiments.datasets import sentences

COUNTS = {"train": 20, "validation": 3, "test": 4}


class Wmt14Translate(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = (tfds.core.BuilderConfig(name="de-en"),)

    def _info(self):
        features = tfds.features.Translation(("de", "en"))
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, manager):
        kind = type(self).__name__
        return {
            name: self._generate_examples(f"{kind} {name}", count)
            for name, count in COUNTS.items()
        }

    def _generate_examples(self, name, count):
        for number in range(count):
            text = f"{name} {number}"
            yield number, {"de": f"{text} Größe", "en": f"{text} size"}


class Wmt15Translate(Wmt14Translate):
    pass


class Wmt16Translate(Wmt14Translate):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tfds")
    for kind in (Wmt14Translate, Wmt15Translate, Wmt16Translate):
        kind(config="de-en", data_dir=path).download_and_prepare()
    return path


def test_wmt_has_the_four_newstests(folder):
    pairs = sentences.load("wmt14_de_en", folder, validation=0.2)
    assert (len(pairs.train), len(pairs.validation)) == (16, 4)
    assert not set(pairs.train) & set(pairs.validation)
    # 2013 is WMT14's validation split, the others are test splits.
    firsts = {name: min(test) for name, test in pairs.tests.items()}
    assert firsts == {
        f"newstest20{year}": (f"{origin} 0 size", f"{origin} 0 Größe")
        for year, origin in (
            (13, "Wmt14Translate validation"),
            (14, "Wmt14Translate test"),
            (15, "Wmt15Translate test"),
            (16, "Wmt16Translate test"),
        )
    }


def test_the_embedded_pairs_are_divided_without_overlap():
    pairs = sentences.load("django_de_en", validation=0.1)
    (test,) = pairs.tests.values()
    parts = [set(part) for part in (pairs.train, pairs.validation, test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) > 700
    assert ("Save", "Sichern") in set.union(*parts)
    assert all(english and german for english, german in set.union(*parts))


def test_missing_sets_are_all_named(tmp_path):
    with pytest.raises(ValueError, match=r"wmt16_translate/de-en is not in"):
        sentences.load("wmt14_de_en", tmp_path)


def test_damaged_files_are_named(tmp_path):
    for kind in (Wmt14Translate, Wmt15Translate, Wmt16Translate):
        kind(config="de-en", data_dir=tmp_path).download_and_prepare()
    (file,) = tmp_path.glob("wmt14_translate/**/*train.tfrecord*")
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ValueError, match="delete that folder") as caught:
        sentences.load("wmt14_de_en", tmp_path)
    assert str(file.parent) in str(caught.value)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="dataset should be one of"):
        sentences.load("wmt99")
    with pytest.raises(ValueError, match="validation should be"):
        sentences.load("django_de_en", validation=1.0)
