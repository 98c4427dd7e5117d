"""Tables of our own runs over the depth of their networks.

They have no seconds: networks of different depths were not trained side by
side, so that what else a machine did would show as a difference.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from experiments.compare import ours
from experiments.compare.runs import Run
from experiments.compare.tables import Table

COLUMNS = ("depth", *ours.MEASURES)

Setting = tuple[str, str, int]
"""What the networks of one table share: family, data set, steps."""


def family(model: str) -> tuple[str, int] | None:
    """Returns a model's name with N for its depth, and the depth.

    The depth is the number that the name ends with; of
    "resnet164+model=resnet20+batch_size=64" that is 20.

    Args:
        model: Of a `Run`.

    Returns:
        `None` if the name does not end with a number.
    """
    name, *changes = model.split("+")
    place = next(
        (i for i, text in enumerate(changes, 1) if text.startswith("model=")),
        0,
    )
    parts = [name, *changes]
    found = re.fullmatch(r"(.*\D)(\d+)(_tiny)?", parts[place])
    if not found:
        return None
    stem, depth, tiny = found.groups("")
    parts[place] = f"{stem}N{tiny}"
    return "+".join(parts), int(depth)


def by_family(runs: Sequence[Run]) -> dict[Setting, dict[int, ours.Group]]:
    """Groups runs by setting, depth and activation.

    Runs of models whose names do not end with a depth are left out.

    Raises:
        ValueError: If there are no others, or if learning rates cannot be
            chosen (see `ours.group`).
    """
    found: dict[Setting, dict[int, ours.Group]] = defaultdict(dict)
    for (model, dataset, steps), group in ours.group(runs).items():
        named = family(model)
        if named:
            found[named[0], dataset, steps][named[1]] = group
    if not found:
        raise ValueError(
            "results should hold models whose names end with their depth. "
            f"Received: {', '.join(dict.fromkeys(run.model for run in runs))}"
        )
    return {
        setting: dict(sorted(groups.items()))
        for setting, groups in found.items()
    }


def tables(runs: Sequence[Run]) -> list[Table]:
    """Returns a table of each family of networks, the shallowest first.

    Raises:
        ValueError: See `by_family`.
    """
    return [
        _table(setting, groups) for setting, groups in by_family(runs).items()
    ]


def _table(setting: Setting, groups: dict[int, ours.Group]) -> Table:
    model, dataset, steps = setting
    rows = [
        [depth, *ours.measures(group, activation)]
        for depth, group in groups.items()
        for activation in group
    ]
    every = [
        run
        for group in groups.values()
        for repeats in group.values()
        for run in repeats
    ]
    title = f"{model} on {dataset}, {steps} steps: {every[0].metric}"
    note = ours.MEASURES_NOTE.rstrip("; ") + ". "
    note += ours.remarks(every, timed=False)
    return Table(title, COLUMNS, rows, note)
