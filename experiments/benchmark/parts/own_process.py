"""Measures in a process of its own, whose last line is a result as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def measured(module: str, *arguments: str, threads: int) -> Any:
    """Runs a module as a program; returns what it has printed last.

    Args:
        module: Its name.
        *arguments: Of the program.
        threads: For TensorFlow; 0 for all.
    """
    limits = {
        f"TF_NUM_{kind}OP_THREADS": str(threads) for kind in ("INTRA", "INTER")
    }
    output = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | limits,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return json.loads(output.splitlines()[-1])
