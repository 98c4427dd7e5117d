"""One process that works on a grid of runs."""

import dataclasses
import math
import pathlib
from collections.abc import Sequence

import keras
import tensorflow as tf
import tqdm

from actfn.search.books.tables import CsvLog
from experiments.datasets import prepared
from experiments.train import rows
from experiments.train.config import Config
from experiments.train.grid import Cell, lock
from experiments.train.images import ImageTask
from experiments.train.run import Result, Run, remove_checkpoints
from experiments.train.task import Task
from experiments.train.translation import TranslationTask


def make_task(config: Config, data_dir: str | None = None) -> Task:
    """Returns the task of a config.

    Raises:
        ValueError: If its data are not there; says how to get them.
    """
    kind = TranslationTask if config.preprocessing == "tokens" else ImageTask
    return kind(config, data_dir)


class Session:
    """Trains cells of a grid, one after the other.

    Makes operations deterministic, and sets the precision of models.

    Args:
        config: The recipe.
        directory: Where `results.csv` and the folders of the runs are.
        data_dir: TFDS folder.
        mixed_precision: "float16", "bfloat16" or `None`.
        mirrored: Whether to use all accelerators.
        every: Steps between two checkpoints.

    Raises:
        ValueError: If the results in `directory` are broken.
    """

    def __init__(
        self,
        config: Config,
        directory: pathlib.Path,
        data_dir: str | None = None,
        mixed_precision: str | None = None,
        mirrored: bool = False,
        every: int = 1000,
    ) -> None:
        self._config, self._directory = config, directory
        self._data_dir, self._every = data_dir, every
        self._results = directory / "results.csv"
        rows.finished(self._results)
        tf.config.experimental.enable_op_determinism()
        self._dtype = (
            f"mixed_{mixed_precision}" if mixed_precision else "float32"
        )
        self._strategy = tf.distribute.MirroredStrategy() if mirrored else None
        self._task: Task | None = None

    def refuse_to_repeat(self, cells: Sequence[Cell]) -> None:
        """Raises a ValueError if one of the cells has been begun."""
        done = rows.finished(self._results)
        for cell in cells:
            if self._key(cell) in done or self._begun(cell):
                raise ValueError(
                    f"directory {self._directory} should have none of these "
                    "runs; give --resume to continue, or another --directory. "
                    f"Received: {self._folder(cell).name}"
                )

    def work(self, cells: Sequence[Cell]) -> int:
        """Trains what is not finished and not in other hands.

        Returns:
            How many runs were finished here.

        Raises:
            ValueError: If data or results are damaged or not there; runs stay
                as their last checkpoint has them.
        """
        count = 0
        for number, cell in enumerate(cells, 1):
            with lock(self._folder(cell) / "lock") as mine:
                if not mine:
                    continue
                if self._key(cell) not in rows.finished(self._results):
                    self._train(cell, f"[{number}/{len(cells)}]")
                    count += 1
                # Also of a run that was killed between its row and this.
                remove_checkpoints(self._folder(cell))
        return count

    def _folder(self, cell: Cell) -> pathlib.Path:
        return self._directory / cell.folder(self._config.name)

    def _begun(self, cell: Cell) -> bool:
        return (self._folder(cell) / "run.json").exists()

    def _key(self, cell: Cell) -> tuple[str, ...]:
        return rows.key(
            {
                **dataclasses.asdict(cell),
                "config": self._config.name,
                "dtype": self._dtype,
                "config_hash": self._config.digest,
            }
        )

    def _train(self, cell: Cell, place: str) -> None:
        if self._task is None:
            self._task = make_task(self._config, self._data_dir)
        # This also forgets the precision, so that is set after it.
        keras.backend.clear_session()
        keras.config.set_dtype_policy(self._dtype)
        run = Run(
            self._task,
            self._config,
            cell.activation,
            cell.learning_rate,
            cell.seed,
            self._folder(cell),
            self._strategy,
            self._every,
        )
        with tqdm.tqdm(
            desc=f"{place} {cell.activation} seed {cell.seed}",
            total=self._config.steps,
            initial=run.step,
            unit="step",
        ) as bar:

            def progress(step: int, loss: float) -> None:
                bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
                bar.update(step - bar.n)

            folder = prepared.data_folder(self._data_dir)
            with prepared.whole_files(self._config.dataset, folder):
                result = run.train(progress)
        self._record(cell, result)
        self._report(result)

    def _record(self, cell: Cell, result: Result) -> None:
        row = rows.row(
            self._config,
            cell.activation,
            cell.learning_rate,
            cell.seed,
            self._dtype,
            self._task.provenance,
            result,
        )
        with lock(self._results.with_suffix(".lock"), wait=True):
            rows.finished(self._results)
            CsvLog(self._results, rows.COLUMNS).append(row)

    @staticmethod
    def _report(result: Result) -> None:
        scores = (f"{name} {x:.4g}" for name, x in result.scores.items())
        tqdm.tqdm.write(
            f"{result.status}: {', '.join(scores)}; "
            f"{math.ceil(result.seconds)} s"
        )
