"""What the command-line programs share."""

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Ends with one line where argparse prints the usage as well."""

    def error(self, message: str) -> NoReturn:
        """Prints `message` on one line and exits with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")
