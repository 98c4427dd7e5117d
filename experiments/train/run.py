"""One run: trained from a recipe, resumed where it was left."""

import contextlib
import dataclasses
import json
import math
import pathlib
import shutil
import time
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

import actfn
from actfn.search.books.tables import CsvLog, read_rows
from actfn.search.files import write_atomically
from experiments.train.config import Config
from experiments.train.step import Learner
from experiments.train.task import Task

CURVE = ("step", "loss", "learning_rate")
_CHECKPOINTS = "checkpoints"
Progress = Callable[[int, float], None]


@dataclasses.dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        status: "completed", or "diverged" if its loss was not finite.
        trained_steps: Steps until the end, or until divergence was seen.
        seconds: Wall time of the steps, over all parts of a resumed run.
        waiting: Share of it spent waiting for the next batch.
        parameters: Number of trained weights.
        scores: By column.
    """

    status: str
    trained_steps: int
    seconds: float
    waiting: float
    parameters: int
    scores: dict[str, float]


class Run:
    """A run in its folder.

    The folder holds `run.json` (what is trained), `curve.csv`, `logs` for
    TensorBoard, `checkpoints` until the end and then `final.weights.h5`.
    Everything random depends on the seed and the number of the step, and
    operations are deterministic, so that a run that was killed and resumed
    with the same kind of machine and number of threads ends with the weights
    of one that was not.

    Args:
        task: Data, loss and scores.
        config: The recipe.
        activation: What `actfn.get` takes.
        learning_rate: Of this run.
        seed: Of weights, order, augmentation and dropout.
        folder: Where it lives; made if need be.
        strategy: How steps are spread over devices; one device by default.
        every: Steps between two checkpoints.

    Raises:
        ValueError: If the folder holds another run, or a damaged one.
    """

    def __init__(
        self,
        task: Task,
        config: Config,
        activation: str,
        learning_rate: float,
        seed: int,
        folder: pathlib.Path,
        strategy: tf.distribute.Strategy | None = None,
        every: int = 1000,
    ) -> None:
        self._task, self._config, self._seed = task, config, seed
        self._folder, self._every = folder, every
        description = {
            **config.of_a_run,
            "activation": activation,
            "learning_rate": learning_rate,
            "seed": seed,
            "dtype": keras.config.dtype_policy().name,
            "provenance": task.provenance,
        }
        self._check_folder(description)
        keras.utils.set_random_seed(seed)
        self._learner = Learner(
            task,
            config,
            lambda: actfn.get(activation),
            learning_rate,
            strategy or tf.distribute.get_strategy(),
        )
        self._claim_folder(description)  # not for what cannot be built
        self._step = tf.Variable(0, dtype=tf.int64)
        # Seconds, those spent waiting for data, and the last loss.
        self._record = tf.Variable([0.0, 0.0, 0.0], dtype=tf.float64)
        self._manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(
                step=self._step,
                record=self._record,
                variables=self._learner.variables,
            ),
            str(folder / _CHECKPOINTS),
            max_to_keep=2,
        )
        self._restore()

    @property
    def model(self) -> keras.Model:
        """The model with its present weights."""
        return self._learner.model

    @property
    def step(self) -> int:
        """Number of steps that are done."""
        return int(self._step)

    @property
    def _identity(self) -> pathlib.Path:
        return self._folder / "run.json"

    def _check_folder(self, description: dict) -> None:
        """Refuses the folder of another run."""
        if not self._identity.exists():
            return
        try:
            found = json.loads(self._identity.read_bytes())
        except ValueError:
            found = {}
        wanted = json.loads(_text(description))
        for key in sorted(wanted | found):
            if wanted.get(key) != found.get(key):
                raise ValueError(
                    f"{self._folder} should hold a run of the same config. "
                    f"Received: {key}={found.get(key)!r} there, "
                    f"{key}={wanted.get(key)!r} now"
                )

    def _claim_folder(self, description: dict) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._identity.exists():
            write_atomically(self._identity, _text(description))

    def _restore(self) -> None:
        path = self._manager.latest_checkpoint
        if path is None:
            return
        try:
            self._manager.checkpoint.restore(path).assert_consumed()
        except (tf.errors.OpError, AssertionError, ValueError) as error:
            first = str(error).strip().splitlines()[0]
            raise ValueError(
                f"{path} should be a whole checkpoint of this run; to start "
                f"afresh, delete {self._folder}. Received: {first}"
            ) from None

    def train(self, progress: Progress = lambda step, loss: None) -> Result:
        """Trains to the end, evaluates and saves the weights.

        Args:
            progress: Told the steps done and the last loss, now and then.
        """
        loss = self._steps(progress)
        diverged = not math.isfinite(loss)
        seconds, waiting, _ = self._record.numpy()
        with self._averaged():
            scores = {}
            for split in ("validation", "test"):
                scores |= self._task.evaluate(self.model, split)
            temporary = self._folder / "new.weights.h5"
            self.model.save_weights(temporary)
            temporary.replace(self._folder / "final.weights.h5")
        return Result(
            status="diverged" if diverged else "completed",
            trained_steps=self.step,
            seconds=float(seconds),
            waiting=float(waiting / seconds) if seconds else 0.0,
            parameters=sum(
                math.prod(v.shape) for v in self.model.trainable_variables
            ),
            scores=scores,
        )

    @contextlib.contextmanager
    def _averaged(self) -> Iterator[None]:
        average = self._learner.average
        with average.applied() if average else contextlib.nullcontext():
            yield

    def _steps(self, progress: Progress) -> float:
        """Trains to the end or to a loss that is not finite; returns it."""
        total, loss = self._config.steps, float(self._record[2])
        curve = self._open_curve()
        batches = self._task.batches(self.step, self._seed)
        batches = self._learner.distribute(batches.prefetch(tf.data.AUTOTUNE))
        often = max(1, min(total // 200, 100))
        writer = tf.summary.create_file_writer(str(self._folder / "logs"))
        with contextlib.closing(writer), writer.as_default():
            iterator = iter(batches) if self.step < total else None
            while self.step < total and math.isfinite(loss):
                until = min(self._next(often), self._next(self._every), total)
                loss = self._stretch(iterator, until)
                if until % often == 0 or until == total:
                    self._log(curve, until, loss)
                    progress(until, loss)
                if until % self._every == 0 or until == total:
                    self._manager.save(until)
        return loss

    def _next(self, interval: int) -> int:
        return (self.step // interval + 1) * interval

    def _stretch(self, iterator: Iterator, until: int) -> float:
        """Trains until a step; returns its loss."""
        begun, waiting = time.perf_counter(), 0.0
        for number in range(self.step, until):
            before = time.perf_counter()
            batch = next(iterator)
            waiting += time.perf_counter() - before
            loss = self._learner.step(number, *batch)
        loss = float(loss)
        self._step.assign(until)
        seconds = time.perf_counter() - begun
        before = self._record.numpy()
        self._record.assign([before[0] + seconds, before[1] + waiting, loss])
        return loss

    def _open_curve(self) -> CsvLog:
        """Opens the training curve; what a kill left undone is cut off."""
        path = self._folder / "curve.csv"
        curve = CsvLog(path, CURVE)
        rows = read_rows(path)
        kept = [row for row in rows if int(row["step"]) <= self.step]
        if len(kept) < len(rows):
            curve.rewrite(kept)
        return curve

    def _log(self, curve: CsvLog, step: int, loss: float) -> None:
        rate = float(self._learner.schedule(step - 1))
        curve.append({"step": step, "loss": loss, "learning_rate": rate})
        tf.summary.scalar("loss", loss, step=step)
        tf.summary.scalar("learning_rate", rate, step=step)


def _text(description: dict) -> str:
    return json.dumps(description, indent=2, sort_keys=True) + "\n"


def remove_checkpoints(folder: pathlib.Path) -> None:
    """Deletes the checkpoints of a run whose result is safe."""
    shutil.rmtree(folder / _CHECKPOINTS, ignore_errors=True)
