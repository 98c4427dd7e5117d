"""Makes the embedded English-German sentence pairs from Django's messages.

    python experiments/data/make_django_de_en.py WHEEL

`WHEEL` is a wheel of Django from PyPI. Of each German catalog
(`*/locale/de/LC_MESSAGES/*.mo`) every message and its translation are taken,
white space made single blanks; of plural messages the singular. A message
that occurs several times is taken once.
"""

import argparse
import gettext
import io
import pathlib
import zipfile

TARGET = pathlib.Path(__file__).parent / "django_de_en" / "pairs.tsv"
_CONTEXT = "\x04"


def pairs(wheel: pathlib.Path) -> dict[str, str]:
    """Returns the German of each English message, sorted.

    Args:
        wheel: A zip archive with compiled message catalogs.
    """
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".mo") and "/locale/de/" in name:
                found.update(_catalog(archive.read(name)))
    return dict(sorted(found.items()))


def _catalog(content: bytes) -> dict[str, str]:
    translations = gettext.GNUTranslations(io.BytesIO(content))
    found = {}
    # The class has no public way to list its messages.
    for key, german in translations._catalog.items():
        english, form = key if isinstance(key, tuple) else (key, 0)
        english = english.rpartition(_CONTEXT)[2]
        sides = [" ".join(text.split()) for text in (english, german)]
        if all(sides) and not form:
            found[sides[0]] = sides[1]
    return found


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=pathlib.Path)
    lines = [f"{a}\t{b}\n" for a, b in pairs(parser.parse_args().wheel).items()]
    TARGET.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} pairs in {TARGET.name}")


if __name__ == "__main__":
    main()
