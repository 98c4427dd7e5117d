"""What every test may rely on."""

import signal


def pytest_configure():
    # A script's shell lets what it starts in the background ignore Ctrl-C, and
    # so do the programs that tests start and send this signal to.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
