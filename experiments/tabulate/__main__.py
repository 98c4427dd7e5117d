"""Trains a child with each function of the open table.

    python -m experiments.tabulate --task implicit --workers 2

What is trained, and in which order: experiments/tabulate/functions.py; with
how many seeds: experiments/tabulate/stages.py. Each child is one of the task's
quick setting (of images, that of `experiments.search --preset deep`), in a
process of one thread, and a row in DIR/1-of-1/runs.csv as soon as it has ended,
so that --resume goes on after any end.

Parts of the list may be made on several machines, --part 2/4 in DIR/2-of-4. The
functions that are trained again are chosen among all: copy the other parts'
folders into DIR for that, and resume.

    python -m experiments.tabulate gather DIR...
    python -m experiments.tabulate pages
    python -m experiments.tabulate prior
    python -m experiments.tabulate halving DIR...

make the table of the runs of several tasks, the pages about it, what the
surrogate policy may start from, and what stopping children early would save;
see their --help.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from experiments.cli import Parser, one_thread, positive, quiet_start

with quiet_start(onednn=True):
    import keras_tuner
    import tensorflow as tf

    from actfn.search.books.folder import claim
    from actfn.search.books.tables import CsvLog
    from actfn.search.executors import Executor, make
    from actfn.search.files import as_json
    from experiments import tasks
    from experiments.tabulate import rows
    from experiments.tabulate.functions import (
        Function,
        digest,
        listed,
        of_task,
    )
    from experiments.tabulate.stages import Child, stages
    from experiments.tasks.base import QUICK, Task, with_steps

Part = tuple[int, int]
COMMANDS = ("gather", "pages", "prior", "halving")
"""Modules with a command of their own."""
RESULTS = pathlib.Path("results/table")


@dataclasses.dataclass(frozen=True)
class Table:
    """What is to be made, and where.

    Attributes:
        name: Of the task.
        task: The task.
        setting: Of the children.
        functions: In their order.
        folder: Of all parts.
        part: Which part, and of how many.
    """

    name: str
    task: Task
    setting: Any
    functions: Sequence[Function]
    folder: pathlib.Path
    part: Part = (1, 1)

    @property
    def own(self) -> pathlib.Path:
        """The folder of the part."""
        return self.folder / "{}-of-{}".format(*self.part)

    def mine(self, children: Sequence[Child]) -> list[Child]:
        """Returns those of the part: all children of every n-th function."""
        number, count = self.part
        texts = {each.text for each in self.functions[number - 1 :: count]}
        return [child for child in children if child[0] in texts]

    def make(self, executor: Executor) -> tuple[int, list[str]]:
        """Trains what is missing of the part, stage by stage.

        Returns:
            How many children of other parts are missing, without which it
            cannot go on, and what children have raised.

        Raises:
            ValueError: The folder holds rows of another setting, or a file of
                the task is missing.
            OSError: A row cannot be written.
        """
        log = CsvLog(self.own / rows.FILE, rows.columns(self.task))
        train = rows.Trainer(self.name, self.task, self.setting)
        failed: list[str] = []
        with tqdm(unit="child", smoothing=0) as bar:
            while True:
                known = rows.known(self.folder, self.task, self.setting)
                plan = stages(self.functions, known)
                children = self.mine([c for stage in plan for c in stage])
                if bar.total is None:
                    bar.initial = sum(child in known for child in children)
                    bar.n = bar.initial
                bar.total = len(children)
                bar.refresh()
                todo = [[c for c in stage if c not in known] for stage in plan]
                missing = next(filter(None, todo), [])
                left = iter(self.mine(missing))

                def next_job(left=left):
                    child = next(left, None)
                    return child and (f"{child[0]}, run {child[1]}", child)

                def on_end(name: str, row: dict | str) -> None:
                    if isinstance(row, str):
                        failed.append(f"{name} has failed. Received:\n{row}")
                    else:
                        log.append(row)
                    bar.update()

                if failed or not self.mine(missing):
                    return len(missing), failed
                executor.drive(train, next_job, on_end)


def _part(text: str) -> Part:
    try:
        number, count = map(int, text.split("/"))
    except ValueError:
        number, count = 0, 0
    if not 1 <= number <= count:
        raise argparse.ArgumentTypeError(
            f"expected two numbers such as 2/4. Received: {text}"
        )
    return number, count


def _parser() -> Parser:
    parser = Parser("tabulate", __doc__)
    add = parser.add_argument
    add(
        "--task",
        choices=tasks.names(),
        required=True,
        help="what children are trained on",
    )
    add(
        "--functions",
        type=positive,
        metavar="N",
        help="the first N of the list alone, a part of what the task declares; "
        "default: all that it declares",
    )
    for name in ("unary", "binary"):
        add(
            f"--{name}",
            nargs="+",
            metavar="NAME",
            help=f"of a one-unit space of these {name} functions, which takes "
            "the place of the list",
        )
    add(
        "--steps",
        type=positive,
        metavar="N",
        help="training steps of a child; default: the task's",
    )
    add(
        "--part",
        type=_part,
        default=(1, 1),
        metavar="K/N",
        help="every N-th function from the K-th on; default: all",
    )
    add(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="children at the same time; default: 1",
    )
    add(
        "--directory",
        type=pathlib.Path,
        metavar="DIR",
        help="of the results, one for each task; default: results/table/NAME",
    )
    add("--resume", action="store_true", help="go on in --directory")
    return parser


def _table(given: argparse.Namespace) -> tuple[Table, dict]:
    """Returns what is asked for, and what makes it the same table."""
    task = tasks.get(given.task)
    setting = with_steps(given.steps, task.settings[QUICK])
    functions = listed(given.unary, given.binary)
    declared = of_task(given.task, functions)
    count = given.functions or len(declared)
    if count > len(declared):
        raise ValueError(
            f"--functions must be at most {len(declared)}, which {given.task} "
            f"declares. Received: {count}"
        )
    settings = {
        "task": given.task,
        "setting": dataclasses.asdict(setting),
        "functions": digest(functions),
    }
    table = Table(
        given.task,
        task,
        setting,
        declared[:count],
        given.directory or RESULTS / given.task,
        given.part,
    )
    # As they come back from the file: lists, where there were tuples.
    return table, as_json(settings)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else [*arguments]
    if arguments[:1] and arguments[0] in COMMANDS:
        module = f"experiments.tabulate.{arguments[0]}"
        try:
            return importlib.import_module(module).main(arguments[1:])
        except ImportError as error:
            if error.name != "pyarrow":
                raise
            _parser().error(
                f"{arguments[0]} needs pyarrow, which is not installed: "
                "pip install pyarrow"
            )
    parser = _parser()
    given = parser.parse_args(arguments)
    tf.get_logger().setLevel("ERROR")
    one_thread()
    try:
        table, settings = _table(given)
        with claim(table.own, settings, given.resume):
            missing, failed = table.make(make(workers=given.workers))
    except keras_tuner.errors.FatalError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nStopped; --resume goes on.", file=sys.stderr)
        return 130
    if failed:
        print(failed[0], file=sys.stderr)
        print(f"{len(failed)} children have failed.", file=sys.stderr)
        return 1
    if missing:
        print(
            f"This part waits for {missing} children of others: copy their "
            f"folders into {table.folder} when they wait too, and --resume."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
