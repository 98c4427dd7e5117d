"""Makes the embedded English prose from the documentation of two packages.

    python experiments/data/make_documentation.py DJANGO FLASK

The arguments are the source distributions of Django and Flask from PyPI. Of
each, the files of some folders of its documentation are put end to end in the
order of their names, as UTF-8, and compressed.
"""

import argparse
import gzip
import pathlib
import re
import tarfile

FOLDER = pathlib.Path(__file__).parent / "documentation"
FILES = {
    "django": r"[^/]+/docs/(faq|howto|intro|misc|topics)/.*\.txt",
    "flask": r"[^/]+/docs/.*\.rst",
}


def prose(archive: pathlib.Path, pattern: str) -> str:
    """Returns the files of an archive whose names match, end to end."""
    with tarfile.open(archive) as found:
        members = sorted(
            (each for each in found if re.fullmatch(pattern, each.name)),
            key=lambda each: each.name,
        )
        texts = [found.extractfile(each).read().decode() for each in members]
    return "\n".join(texts)


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in FILES:
        parser.add_argument(name, type=pathlib.Path)
    given = vars(parser.parse_args())
    for name, pattern in FILES.items():
        text = prose(given[name], pattern).encode()
        path = FOLDER / f"{name}.txt.gz"
        # No time and no file name: the same bytes each time.
        path.write_bytes(gzip.compress(text, 9, mtime=0))
        print(f"{len(text)} bytes in {path.name}")


if __name__ == "__main__":
    main()
