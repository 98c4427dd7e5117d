"""What the programs of ``python -m actfn`` share.

Those of `experiments` have their own, which begin before TensorFlow does.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Ends with one line where argparse prints the usage as well.

    What begins with one minus is a function, such as ``-softplus(-x)``.
    """

    def parse_known_args(self, args=None, namespace=None):
        """Reads arguments as argparse does, but for such functions."""
        words = sys.argv[1:] if args is None else args
        found, rest = super().parse_known_args(
            [*map(_no_option, words)], namespace
        )
        for name, value in vars(found).items():
            setattr(found, name, _as_given(value))
        return found, [*map(_as_given, rest)]

    def error(self, message: str) -> NoReturn:
        """Prints `message` on one line and exits with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def _no_option(word: str) -> str:
    """Puts a space before a function that argparse would take for an option."""
    is_option = word.startswith("--") or word in ("-", "-h")
    return f" {word}" if word.startswith("-") and not is_option else word


def _as_given(value: Any) -> Any:
    if isinstance(value, list):
        return [*map(_as_given, value)]
    is_ours = isinstance(value, str) and value.startswith(" -")
    return value[1:] if is_ours else value


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Keeps off the screen what TensorFlow prints while it is imported.

    It says from C++, past all settings, that there is no GPU. What Python
    raises is shown as ever.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def positive(text: str) -> int:
    """Reads an argument that is an integer from 1."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(
            f"expected a positive integer. Received: {text}"
        )
    return value
