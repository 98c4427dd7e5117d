"""What the command-line programs share."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Ends with one line where argparse prints the usage as well.

    Args:
        program: After ``python -m experiments.``, such as ``tabulate prior``.
        description: For --help, shown as it is written.
        **options: As for every parser; those of subcommands have these alone.
    """

    def __init__(
        self,
        program: str | None = None,
        description: str | None = None,
        **options: Any,
    ):
        if program is not None:
            options["prog"] = f"python -m experiments.{program}"
        usual = {"formatter_class": argparse.RawDescriptionHelpFormatter}
        super().__init__(description=description, **usual | options)

    def error(self, message: str) -> NoReturn:
        """Prints `message` on one line and exits with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


@contextlib.contextmanager
def quiet_start(onednn: bool = False) -> Iterator[None]:
    """Keeps off the screen what TensorFlow prints while it is imported.

    It says from C++, past all settings, that there is no GPU. What Python
    raises is shown as ever.

    Args:
        onednn: Whether to call `use_onednn` before.
    """
    if onednn:
        use_onednn()
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def use_onednn() -> None:
    """Has TensorFlow compute by oneDNN, on all processors alike.

    By itself it does so on some alone. To be called before TensorFlow is
    imported, when it reads this. ``TF_ENABLE_ONEDNN_OPTS=0`` has the last word.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def one_thread() -> None:
    """Has TensorFlow compute with one thread: sums in a fixed order.

    To be called before its first operation, when it reads this.
    """
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")


def positive(text: str) -> int:
    """Reads an argument that is an integer from 1."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(
            f"expected a positive integer. Received: {text}"
        )
    return value
