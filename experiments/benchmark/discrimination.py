"""How well the tasks tell functions apart: signal over noise of each reward.

A fixed panel of functions is trained in each setting of each task with paired
seeds. Among the better half of the panel, signal is the standard deviation of
the functions' means, noise that of one function over seeds, after what is
common to a seed has been taken out. discrimination_runs.csv has a row a child;
the same command with --resume goes on. discrimination.csv is made of it.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats
from tqdm import tqdm

from actfn.search.books.tables import CsvLog, read_rows, write_rows
from actfn.search.seeds import derived_seed
from experiments import tasks
from experiments.benchmark.parts.command import parser_of
from experiments.cli import one_thread
from experiments.tasks.base import LARGER, Metric, key
from experiments.tasks.child import train

# Fixed with the settings, before the first number of either.
PANEL = (
    "relu", "leaky_relu", "elu", "selu", "gelu", "swish_1", "swish", "mish",
    "softplus", "tanh", "relu_squared", "prelu",
    "sigmoid(x)", "erf(x)", "atan(x)", "asinh(x)", "sin(x)", "gauss(x)",
    "x * tanh(x)", "min(x, sin(x))", "max(x, tanh(x))", "cos(x) - x",
    "x + sin(x) ** 2", "atan(x) ** 2 - x", "x * gauss(x)", "sinc(x) + x",
)  # fmt: skip
RUN_COLUMNS = (
    "task",
    "setting",
    "key",
    "function",
    "run",
    "seed",
    "scores",
    "seconds",
)
COLUMNS = (
    "task",
    "setting",
    "reward",
    "functions",
    "seeds",
    "signal",
    "noise",
    "signal_over_noise",
    "seed_correlation",
    "larger_correlation",
    "seconds",
)


def statistics(values: np.ndarray) -> dict[str, float]:
    """Returns signal and noise of a table of scores.

    Args:
        values: Of shape (functions, seeds), higher is better, finite.
    """
    half = _better_half(values)
    means = half.mean(axis=1, keepdims=True)
    rest = half - means - half.mean(axis=0) + half.mean()
    functions, seeds = half.shape
    degrees = (functions - 1) * (seeds - 1)
    noise = math.sqrt(float((rest**2).sum()) / degrees)
    signal = float(means.std(ddof=1))
    correlations = [
        _correlation(half[:, i], half[:, j])
        for i, j in itertools.combinations(range(seeds), 2)
    ]
    return {
        "signal": signal,
        "noise": noise,
        "signal_over_noise": signal / noise if noise else math.inf,
        "seed_correlation": float(np.mean(correlations)),
    }


def _better_half(values: np.ndarray) -> np.ndarray:
    order = np.argsort(-values.mean(axis=1), kind="stable")
    return values[order[: math.ceil(len(values) / 2)]]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Returns Spearman's; NaN where one side is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(stats.spearmanr(a, b).statistic)


def table(rows: Sequence[Mapping[str, str]], metric: str, kind: Metric):
    """Returns functions and their scores by seed, those with all seeds.

    Higher is better; a child that diverged has the floor.
    """
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        value = json.loads(row["scores"])[metric]
        value = kind.floor if value is None else value
        of = found.setdefault(row["function"], {})
        of[int(row["run"])] = kind.sign * value
    runs = max((len(of) for of in found.values()), default=0)
    whole = {f: of for f, of in found.items() if len(of) == runs}
    names = sorted(whole)
    values = [[whole[f][run] for run in sorted(whole[f])] for f in names]
    return names, np.array(values)


def summary(rows: Sequence[Mapping[str, str]]) -> list[dict[str, object]]:
    """Returns the rows of discrimination.csv, of the settings as they are."""
    summed = []
    rows = [row for row in rows if row["key"] == _key(row)]
    pairs = dict.fromkeys((row["task"], row["setting"]) for row in rows)
    for task, setting in pairs:
        mine = [r for r in rows if (r["task"], r["setting"]) == (task, setting)]
        others = [
            r for r in rows if (r["task"], r["setting"]) == (task, LARGER)
        ]
        for metric, kind in tasks.get(task).metrics.items():
            names, values = table(mine, metric, kind)
            if min(values.shape) < 2 or len(values) < 4:
                continue
            large_names, large = table(others, metric, kind)
            both = [name for name in names if name in large_names]
            correlation = math.nan
            whole = large.ndim == 2 and large.shape[1] >= values.shape[1]
            if setting != LARGER and len(both) > 2 and whole:
                correlation = _correlation(
                    np.array([values[names.index(n)].mean() for n in both]),
                    np.array(
                        [large[large_names.index(n)].mean() for n in both]
                    ),
                )
            seconds = np.mean([float(row["seconds"]) for row in mine])
            summed.append(
                {
                    "task": task,
                    "setting": setting,
                    "reward": metric,
                    "functions": len(names),
                    "seeds": values.shape[1],
                    **statistics(values),
                    "larger_correlation": correlation,
                    "seconds": float(seconds),
                }
            )
    return summed


def _key(row: Mapping[str, str]) -> str | None:
    setting = tasks.get(row["task"]).settings.get(row["setting"])
    return key(setting) if setting else None


def seed_of(seed: int, run: int) -> int:
    """Returns the seed of a run of all functions."""
    return derived_seed(seed, 13, run)


def measure(
    log: CsvLog, names: Sequence[str], settings: Sequence[str] | None,
    panel: Sequence[str], seeds: int, seed: int,
) -> None:  # fmt: skip
    """Trains what is not in the log yet.

    Args:
        log: With a row a child.
        names: Of tasks.
        settings: Of each; None for all that it has.
        panel: Functions.
        seeds: Of each function.
        seed: They come from it.
    """
    done = {
        (row["task"], row["setting"], row["key"], row["function"], row["seed"])
        for row in read_rows(log.path)
    }
    for name in names:
        task = tasks.get(name)
        for label, setting in task.settings.items():
            if settings and label not in settings:
                continue
            data, mark = task.data(setting), key(setting)
            jobs = itertools.product(range(seeds), panel)
            bar = tqdm(
                jobs, f"{name} {label}", seeds * len(panel), unit="child"
            )
            for run, function in bar:
                child_seed = seed_of(seed, run)
                row = (name, label, mark, function, str(child_seed))
                if row in done:
                    continue
                found = train(task, setting, data, function, child_seed)
                scores = {
                    metric: value if math.isfinite(value) else None
                    for metric, value in found.metrics.items()
                }
                values = (*row[:4], run, child_seed, json.dumps(scores))
                values += (found.seconds,)
                log.append(dict(zip(RUN_COLUMNS, values, strict=True)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = parser_of("discrimination", __doc__)
    add = parser.add_argument
    add(
        "--tasks", nargs="+", default=list(tasks.names()), choices=tasks.names()
    )
    add("--settings", nargs="+", metavar="NAME", help="None: all of a task")
    add("--functions", type=int, default=len(PANEL), help="first of the panel")
    add("--seeds", type=int, default=5, help="of each function")
    add("--seed", type=int, default=0)
    add("--resume", action="store_true", help="go on with --directory")
    options = parser.parse_args(arguments)
    if options.seeds < 2 or not 4 <= options.functions <= len(PANEL):
        parser.error(
            "--seeds must be at least 2 and --functions from 4 to "
            f"{len(PANEL)}. Received: {options.seeds}, {options.functions}"
        )
    known = {n for name in options.tasks for n in tasks.get(name).settings}
    if unknown := sorted({*(options.settings or ())} - known):
        parser.error(
            f"--settings must be of {', '.join(sorted(known))}. "
            f"Received: {', '.join(unknown)}"
        )
    one_thread()
    path = options.directory / "discrimination_runs.csv"
    if path.exists() and not options.resume:
        parser.error(f"--resume goes on with what is there. Received: {path}")
    try:
        options.directory.mkdir(parents=True, exist_ok=True)
        log = CsvLog(path, RUN_COLUMNS)
        measure(
            log, options.tasks, options.settings, PANEL[: options.functions],
            options.seeds, options.seed,
        )  # fmt: skip
        # Rows of another --seed may be there; their runs are others.
        rows = summary(
            [
                row
                for row in read_rows(path)
                if int(row["seed"]) == seed_of(options.seed, int(row["run"]))
            ]
        )
        write_rows(options.directory / "discrimination.csv", COLUMNS, rows)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    for row in rows:
        print(
            f"{row['task']:10}{row['setting']:10}{row['reward']:10}"
            f"{row['signal_over_noise']:8.1f} signal over noise"
            f"{row['seed_correlation']:6.2f} between seeds"
            f"{row['larger_correlation']:6.2f} with the larger"
            f"{row['seconds']:7.1f} s a child"
        )


if __name__ == "__main__":
    main()
