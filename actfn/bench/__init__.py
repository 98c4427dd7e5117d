"""The open table: functions, their runs on several tasks, and what to ask it.

    >>> from actfn import bench
    >>> table = bench.load()  # doctest: +SKIP
    >>> print(table.query("x / (1 + exp(-x))"))  # doctest: +SKIP

What is in it: docs/table.md.
"""

from actfn.bench.asking import QUANTILES, Answer, without_epsilon
from actfn.bench.table import FOLDER, Table, TableError, load

__all__ = [
    "FOLDER",
    "QUANTILES",
    "Answer",
    "Table",
    "TableError",
    "load",
    "without_epsilon",
]
