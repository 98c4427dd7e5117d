"""Pairs of sentences for translation: an embedded set, and WMT from TFDS."""

import dataclasses
import pathlib
from collections.abc import Iterator

import numpy as np

from experiments.datasets import own_sentences, prepared
from experiments.datasets.own_sentences import Pair

EMBEDDED = "django_de_en"
WMT = "wmt14_de_en"
NAMES = (EMBEDDED, WMT)
_FILE = pathlib.Path(__file__).parents[1] / "data" / EMBEDDED / "pairs.tsv"
_TEST_SHARE = 0.1
# The set of TFDS and its split for each test set of the paper.
_NEWSTESTS = {
    "newstest2013": ("wmt14_translate/de-en", "validation"),
    "newstest2014": ("wmt14_translate/de-en", "test"),
    "newstest2015": ("wmt15_translate/de-en", "test"),
    "newstest2016": ("wmt16_translate/de-en", "test"),
}
_BATCH = 1000


@dataclasses.dataclass(frozen=True, eq=False)
class SentencePairs:
    """A set of sentence pairs.

    Attributes:
        name: What `load` knows it by.
        train: Pairs to learn from.
        validation: Pairs held out of them, to choose by.
        tests: Pairs to report, by the name of the test set.
        provenance: Which data this is.
    """

    name: str
    train: list[Pair]
    validation: list[Pair]
    tests: dict[str, list[Pair]]
    provenance: str


def load(
    name: str,
    data_dir: str | pathlib.Path | None = None,
    validation: float = 0.0,
    seed: int = 0,
) -> SentencePairs:
    """Loads sentence pairs into memory; some 2 GB for WMT 2014.

    Args:
        name: "django_de_en", which is embedded, or "wmt14_de_en": the
            training split of WMT 2014 and newstest2013 to 2016; or files of
            your own, see `own_sentences.read`.
        data_dir: TFDS folder, see `experiments.datasets.load`.
        validation: Share of the training pairs to hold out, in [0, 1).
        seed: Of their choice.

    Raises:
        ValueError: If the name is unknown, a set is not prepared (says how to
            prepare it and where it was looked for; no network is tried) or
            damaged, or `validation` is out of range.
    """
    own = name not in NAMES and own_sentences.is_path(name)
    if name not in NAMES and not own:
        raise ValueError(
            f"dataset should be one of {', '.join(NAMES)}, two text files, "
            "SOURCE,TARGET, or a folder of LANGUAGE.SPLIT.txt. "
            f"Received: {name!r}"
        )
    if not 0 <= validation < 1:
        raise ValueError(
            "validation should be at least 0 and less than 1. "
            f"Received: {validation}"
        )
    if own:
        splits, provenance = own_sentences.read(name)
        pairs, tests = splits["train"], {"test": splits["test"]}
        if validation and splits.get("validation"):
            return SentencePairs(
                name, pairs, splits["validation"], tests, provenance
            )
    elif name == EMBEDDED:
        pairs, tests, provenance = _embedded()
    else:
        pairs, tests, provenance = _wmt(data_dir)
    rng = np.random.default_rng(seed)
    held = rng.permutation(len(pairs)) < round(validation * len(pairs))
    return SentencePairs(
        name=name,
        train=[pair for pair, out in zip(pairs, held, strict=True) if not out],
        validation=[pair for pair, out in zip(pairs, held, strict=True) if out],
        tests=tests,
        provenance=provenance,
    )


def _embedded() -> tuple[list[Pair], dict[str, list[Pair]], str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    pairs = [tuple(line.split("\t")) for line in lines]
    order = np.random.default_rng(0).permutation(len(pairs))
    count = round(_TEST_SHARE * len(pairs))
    test = [pairs[position] for position in sorted(order[:count])]
    train = [pairs[position] for position in sorted(order[count:])]
    provenance = (
        "German messages of Django 5.2.19 (BSD-3-Clause), a tenth of them "
        "for testing"
    )
    return train, {EMBEDDED: test}, provenance


def _wmt(
    data_dir: str | pathlib.Path | None,
) -> tuple[list[Pair], dict[str, list[Pair]], str]:
    folder = prepared.data_folder(data_dir)
    needed = dict.fromkeys(name for name, _ in _NEWSTESTS.values())
    builders = {name: prepared.find(name, folder) for name in needed}
    missing = [name for name, builder in builders.items() if builder is None]
    if missing:
        raise ValueError(
            "dataset should be prepared beforehand; this command downloads it "
            '(some 2 GB): python -c "import tensorflow_datasets as tfds; '
            f"[tfds.builder(name, data_dir='{folder}').download_and_prepare() "
            f'for name in {missing}]". Received: {WMT!r}, of which '
            f"{', '.join(missing)} is not in {folder}"
        )
    tests = {
        test: list(_read(builders[name], split))
        for test, (name, split) in _NEWSTESTS.items()
    }
    training = builders["wmt14_translate/de-en"]
    provenance = prepared.provenance(training.info)
    return list(_read(training, "train")), tests, provenance


def _read(builder: object, split: str) -> Iterator[Pair]:
    import tensorflow_datasets as tfds

    config = tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1)
    batches = builder.as_dataset(
        split=split, batch_size=_BATCH, read_config=config
    )
    with prepared.whole_files(builder.info.name, builder.data_dir):
        for batch in tfds.as_numpy(batches):
            for english, german in zip(batch["en"], batch["de"], strict=True):
                yield english.decode(), german.decode()
