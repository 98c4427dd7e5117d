"""The table of gates beside GELU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from actfn.search.confirmation import judge
from experiments import tasks

_INCUMBENT = "gelu"


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Returns the table of `python -m experiments.benchmark gated`.

    Args:
        rows: Of gated.csv; of several settings, the last one counts.

    Raises:
        ValueError: GELU is not among the rows.
    """
    rows = [row for row in rows if row["key"] == rows[-1]["key"]]
    metric = tasks.get("text").metrics["loss"]
    seeds = sorted({int(row["seed"]) for row in rows})
    found = {(row["function"], int(row["seed"])): row for row in rows}
    functions = list(dict.fromkeys(row["function"] for row in rows))
    whole = [s for s in seeds if all((f, s) in found for f in functions)]
    scores = {
        f: [metric.sign * float(found[f, s]["loss"]) for s in whole]
        for f in functions
    }
    verdict = judge(scores, _INCUMBENT, "nats a byte", len(whole))
    lines = [
        "| function | parameters | held-out loss, nats a byte | gain over GELU "
        "| 95 % interval | p, Holm |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in verdict.comparisons:
        name = row.expression
        cells = ["", "", ""]
        if name != _INCUMBENT:
            cells = [
                f"{row.gain:.4f}",
                f"{row.low:.4f} to {row.high:.4f}",
                f"{row.p:.2g}",
            ]
        count = int(found[name, whole[0]]["parameters"])
        lines.append(
            f"| `{name}` | {count:,} | {-row.mean:.4f} ± {row.std:.4f} | "
            f"{' | '.join(cells)} |"
        )
    first = found[_INCUMBENT, whole[0]]
    seconds = np.mean([float(row["seconds"]) for row in rows])
    lines += [
        "",
        f"{len(whole)} paired seeds, {first['steps']} steps, the "
        f"{first['setting']} setting; {seconds:.0f} processor seconds a child.",
    ]
    return "\n".join(lines) + "\n"
