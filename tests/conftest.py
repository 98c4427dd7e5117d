"""What every test may rely on."""

import signal

from experiments.cli import use_onednn

use_onednn()  # As the programs do that tests start.


def pytest_configure():
    # A script's shell lets what it starts in the background ignore Ctrl-C, and
    # so do the programs that tests start and send this signal to.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    # What takes longest begins first, so that no process waits for it alone.
    items.sort(key=lambda item: "notebooks" not in item.path.parts)
