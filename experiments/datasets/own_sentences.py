"""Sentence pairs of one's own, a sentence a line."""

import hashlib
import json
import pathlib

import numpy as np

Pair = tuple[str, str]
TEST_SHARE = 0.1
"""Of the pairs, where a set has none for testing."""
_VALIDATION = ("validation", "valid", "val", "dev")


def is_path(name: str) -> bool:
    """Whether a name is two files, `source,target`, or a folder."""
    folder = name.rpartition(":")[0] or name
    return "," in name or pathlib.Path(folder).expanduser().is_dir()


def read(name: str) -> tuple[dict[str, list[Pair]], str]:
    """Reads sentence pairs by split, and says which they are.

    Args:
        name: Two text files, source and target, with a comma between; or a
            folder as of TFDS's `TranslateFolder`, with the files
            `LANGUAGE.SPLIT.txt` of two languages. The source is English if one
            of them is `en`, else the first by alphabet; `FOLDER:de-en` says it
            otherwise. Without a test split a tenth is held out.

    Returns:
        Pairs of "train", "test" and of other splits, and a note.

    Raises:
        ValueError: If there are no such files, or they do not have as many
            lines as each other.
    """
    if "," in name:
        paths = [pathlib.Path(each.strip()) for each in name.split(",")]
        if len(paths) != 2:
            raise ValueError(
                "dataset should be two text files, SOURCE,TARGET. "
                f"Received: {name!r}"
            )
        splits = {"train": _pairs(*paths)}
        note = f"{paths[0].name} and {paths[1].name}"
    else:
        splits, note = _folder(name)
    told = json.dumps(splits, sort_keys=True).encode()
    note += f" (sha256 {hashlib.sha256(told).hexdigest()[:12]})"
    if "test" not in splits:
        train = splits["train"]
        order = np.random.default_rng(0).permutation(len(train))
        count = max(1, round(TEST_SHARE * len(train)))
        splits["test"] = [train[at] for at in sorted(order[:count])]
        splits["train"] = [train[at] for at in sorted(order[count:])]
        note += ", a tenth held out for testing"
    if empty := [split for split, pairs in splits.items() if not pairs]:
        raise ValueError(
            "dataset should have two pairs or more, and one or more in each "
            f"split. Received: {name!r} with none in {', '.join(empty)}"
        )
    return splits, note


def _folder(name: str) -> tuple[dict[str, list[Pair]], str]:
    folder, colon, chosen = name.rpartition(":")
    path = pathlib.Path(folder if colon else name).expanduser()
    files = {
        tuple(file.name.split(".")[:2]): file
        for file in sorted(path.glob("*.*.txt"))
    }
    languages = sorted({language for language, _ in files})
    wanted = chosen.split("-") if colon else _directed(languages)
    if len(languages) < 2 or len(wanted) != 2 or set(wanted) - set(languages):
        raise ValueError(
            "dataset should be a folder with the files LANGUAGE.SPLIT.txt of "
            "two languages, and FOLDER:SOURCE-TARGET to choose. "
            f"Received: {name!r} with the languages {languages}"
        )
    splits = {}
    for split in sorted({split for _, split in files}):
        missing = [each for each in wanted if (each, split) not in files]
        if missing:
            raise ValueError(
                f"dataset should have both languages of {split!r}. "
                f"Received: {name!r} without {missing[0]}.{split}.txt"
            )
        known = "validation" if split in _VALIDATION else split
        splits[known] = _pairs(*(files[each, split] for each in wanted))
    if "train" not in splits:
        raise ValueError(
            "dataset should have a train split. "
            f"Received: {name!r} with {sorted(splits)}"
        )
    return splits, f"{path.name}, {wanted[0]} to {wanted[1]}"


def _directed(languages: list[str]) -> list[str]:
    return sorted(languages, key=lambda language: (language != "en", language))


def _pairs(source: pathlib.Path, target: pathlib.Path) -> list[Pair]:
    """Returns the lines of two files, without those of which one is empty."""
    sides = []
    for path in (source, target):
        try:
            text = path.expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(
                "dataset should be text files in UTF-8. "
                f"Received: {str(path)!r}, {' '.join(str(error).split())}"
            ) from None
        sides.append([line.strip() for line in text.split("\n")])
        if not sides[-1][-1]:
            sides[-1].pop()
    if len(sides[0]) != len(sides[1]):
        raise ValueError(
            "dataset should have as many lines in both files. "
            f"Received: {len(sides[0])} in {source.name}, {len(sides[1])} in "
            f"{target.name}"
        )
    return [pair for pair in zip(*sides, strict=True) if all(pair)]
