"""The published tables, read from `experiments/published_results.csv`."""

import csv
import pathlib
import statistics
from collections import defaultdict
from decimal import Decimal

from experiments.compare import counting
from experiments.compare.tables import Cell, Table

FILE = pathlib.Path(__file__).parents[1] / "published_results.csv"
PAPER = "arXiv:1710.05941v2"
TITLES = {
    1: "top novel functions, CIFAR-10 accuracy (%), median of 5 runs",
    2: "top novel functions, CIFAR-100 accuracy (%), median of 5 runs",
    3: "models on which Swish is better, equal or worse",
    4: "CIFAR-10 accuracy (%), median of 5 runs",
    5: "CIFAR-100 accuracy (%), median of 5 runs",
    6: "Mobile NASNet-A on ImageNet, accuracy (%), 3 runs",
    7: "Inception-ResNet-v2 on ImageNet, accuracy (%), 3 runs",
    8: "MobileNet on ImageNet, accuracy (%)",
    9: "Inception-v3 on ImageNet, accuracy (%)",
    10: "Inception-v4 on ImageNet, accuracy (%)",
    11: "12-layer base Transformer on WMT14 English-German, BLEU",
}
VARIANTS = ("Swish", "Swish-1")
_COUNTED = range(4, 12)
_SIDES = {">": "better", "=": "equal", "<": "worse"}


def read() -> dict[int, list[dict[str, str]]]:
    """Returns the rows of the paper's tables by the number of the table."""
    with FILE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        number: [r for r in rows if r["table"] == f"swish_v2_T{number}"]
        for number in TITLES
    }


def _column(number: int, row: dict[str, str]) -> str:
    """Returns the heading of the column of table `number` that `row` is in."""
    if number == 3:
        return next(_SIDES[s] for s in _SIDES if s in row["metric"])
    if number in (1, 2, 4, 5):
        return row["model"]
    if number == 11:
        return row["dataset"].split()[-1]
    metric = row["metric"].removesuffix(" %")
    return metric if row["run"] == "single" else f"{metric} {row['run']}"


def table(number: int) -> Table:
    """Returns one of the paper's Tables 1 to 11 as printed."""
    cells: dict[str, dict[str, Cell]] = defaultdict(dict)
    for row in read()[number]:
        value = Decimal(row["value"])
        cells[row["activation"]][_column(number, row)] = value
    columns = list(dict.fromkeys(c for by in cells.values() for c in by))
    return Table(
        f"Table {number}: {TITLES[number]}",
        ("comparison" if number == 3 else "activation", *columns),
        [(name, *map(by.get, columns)) for name, by in cells.items()],
        f"{PAPER}, Table {number}.",
    )


def results() -> counting.Results:
    """Returns the results that Table 3 counts, from Tables 4 to 11.

    Top-1 accuracy for ImageNet; a result is a data set, or a run where there
    are several of one.
    """
    found: dict[str, dict[str, dict[str, Decimal]]] = {}
    tables = read()
    for row in (row for number in _COUNTED for row in tables[number]):
        if not row["metric"].startswith("top-5"):
            by_activation = found.setdefault(row["model"], {})
            values = by_activation.setdefault(row["activation"], {})
            values[f"{row['dataset']} {row['run']}"] = Decimal(row["value"])
    return found


def reference() -> dict[tuple[str, str, str], Decimal]:
    """Returns the median over runs by (model, data set, activation).

    From Tables 1, 2 and 4 to 11. Where Table 1 and Table 4 differ, which is
    in one cell, they keep different names of the function.
    """
    values = defaultdict(list)
    for number, rows in read().items():
        for row in rows:
            if number != 3 and not row["metric"].startswith("top-5"):
                key = row["model"], row["dataset"], row["activation"]
                values[key].append(Decimal(row["value"]))
    return {key: statistics.median(runs) for key, runs in values.items()}


def recount() -> Table:
    """Counts Tables 4 to 11 again by the rule that the paper states."""
    return counting.count_table(
        "Recount of Table 3 from Tables 4 to 11",
        results(),
        VARIANTS,
        note="Each model counts once, by the median of its results; "
        "p by the one-sided sign test, ties left out.",
    )


def discrepancies() -> Table:
    """Sets the printed Table 3 against the recount."""
    printed = {
        row[0].removeprefix("Swish vs "): tuple(map(int, row[1:]))
        for row in table(3).rows
    }
    rows = []
    agreeing = dict.fromkeys(VARIANTS, 0)
    for baseline, numbers in printed.items():
        row: list[Cell] = [baseline, _slashes(numbers)]
        row.append(counting.sign_test(numbers[0], numbers[2]))
        for variant in VARIANTS:
            counted = counting.count(results(), variant, baseline)
            agreeing[variant] += counted.numbers == numbers
            row += [
                _slashes(counted.numbers),
                ", ".join(counted.worse) or None,
                ", ".join(counted.equal) or None,
            ]
        rows.append(row)
    follows = " and ".join(
        f"with {variant} for {number} of {len(printed)} baselines"
        for variant, number in agreeing.items()
    )
    headings = [
        f"{variant} {kind}"
        for variant in VARIANTS
        for kind in ("recount", "loses on", "ties on")
    ]
    return Table(
        "Where the printed Table 3 does not follow from Tables 4 to 11",
        ("baseline", "printed", "p of printed", *headings),
        rows,
        f"Better/equal/worse. The printed counts follow {follows}.",
    )


def _slashes(numbers: tuple[int, ...]) -> str:
    return "/".join(map(str, numbers))


def tables() -> list[Table]:
    """Returns Tables 1 to 11, the recount, and where they disagree."""
    return [*map(table, TITLES), recount(), discrepancies()]
